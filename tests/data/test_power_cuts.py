"""The power goes at every moment of a decode: afterwards the images are right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ganzoo import Dataset
from ganzoo.data.prepare import prepare
from ganzoo.storage import Content, Disk

SHAPE = (1, 16, 16)


class Images:
    """Five images."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return np.random.default_rng(index).integers(0, 256, (20, 20), np.uint8)


DATASET = Dataset(images=Images(), cache_key="five")


class Call(NamedTuple):
    """Something that was asked of the disk."""

    what: str
    file: str
    new: str = ""
    content: bytes = b""


class Recorder(Disk):
    """A disk that notes what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def write(self, file: Path, content: Content) -> None:
        pieces = [bytes(piece) for piece in content]
        super().write(file, pieces)
        self.calls.append(Call("write", file.name, content=b"".join(pieces)))

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.calls.append(Call("sync", path.name))

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self.calls.append(Call("rename", old.name, new.name))


class Forgetful(Disk):
    """A disk that does not wait: what comes after a cut is not cut again."""

    def sync(self, path: Path) -> None:
        pass


class Machine:
    """What is on a disk, and what is only in the memory of its machine."""

    def __init__(self, before: dict[str, bytes], folder: str) -> None:
        self.folder = folder
        self.content = dict(enumerate(before.values()))  # by the number of the file
        self.synced = set(self.content)
        self.names = {name: number for number, name in enumerate(before)}
        self.kept_names = dict(self.names)

    def carry_out(self, call: Call) -> None:
        match call.what:
            case "write":
                number = self.names.setdefault(call.file, len(self.content))
                self.content[number] = call.content
                self.synced.discard(number)
            case "sync" if call.file == self.folder:
                self.kept_names = dict(self.names)
            case "sync":
                self.synced.add(self.names[call.file])
            case "rename":
                self.names[call.new] = self.names.pop(call.file)

    def after_a_cut(self) -> Iterator[dict[str, bytes]]:
        """All that may be there: with new names or without, and any content of what is not synced.

        File systems may write names before contents, and give a file its size before its bytes.
        """

        def torn(content: bytes) -> list[bytes]:
            half = content[: len(content) // 2]
            zeros = b"\0" * len(content)
            return [content, b"", half, zeros, half + zeros[len(half) :]]

        for names, how in product((self.kept_names, self.names), range(5)):
            yield {
                name: self.content[n] if n in self.synced else torn(self.content[n])[how]
                for name, n in names.items()
            }


def decoded(cache: Path, disk: Disk) -> tuple[bytes, str]:
    found = prepare(DATASET, SHAPE, cache=cache, disk=disk)
    return found.pixels.tobytes(), found.fingerprint


def torn_calls(calls: list[Call]) -> Iterator[list[Call]]:
    """Each beginning of `calls`, also those that end in the middle of a write."""
    for count in range(len(calls) + 1):
        yield calls[:count]
        if count < len(calls) and calls[count].what == "write":
            whole = calls[count].content
            yield [*calls[:count], calls[count]._replace(content=whole[: len(whole) // 3])]


@pytest.mark.parametrize("before", ["nothing", "the same", "zeros", "other pixels", "no facts"])
def test_a_power_cut_at_any_moment(before: str, tmp_path: Path) -> None:
    right = decoded(tmp_path / "whole", Disk())
    (pixels,) = (tmp_path / "whole").glob("*.u8")
    facts = pixels.with_suffix(".json")
    there = {pixels.name: pixels.read_bytes(), facts.name: facts.read_bytes()}
    match before:
        case "nothing":
            there = {}
        case "zeros":
            there[pixels.name] = b"\0" * len(there[pixels.name])
        case "other pixels":
            there[pixels.name] = there[pixels.name][::-1]
        case "no facts":
            there[facts.name] = b""
    cache = tmp_path / "images"
    recorder = Recorder()
    laid(cache, {} if before == "the same" else there)  # else there is nothing to decode
    assert decoded(cache, recorder) == right
    kinds = [call.what for call in recorder.calls]
    assert kinds == ["write", "sync", "rename", "sync"] * 2  # pixels, then facts
    states = 0
    for calls in torn_calls(recorder.calls):
        machine = Machine(there, cache.name)
        for call in calls:
            machine.carry_out(call)
        for state in machine.after_a_cut():
            laid(cache, state)
            assert decoded(cache, Forgetful()) == right
            assert sorted(path.suffix for path in cache.iterdir()) == [".json", ".u8"]
            states += 1
    assert states == 110


def laid(cache: Path, files: dict[str, bytes]) -> None:
    """Let the folder hold these files alone."""
    cache.mkdir(exist_ok=True)
    for path in cache.iterdir():
        path.unlink()
    for name, content in files.items():
        (cache / name).write_bytes(content)
