"""A run's checkpoints on disk: folders of files, each of which is whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.errors import ModelFileError
from ganzoo.storage import DISK, Content, Disk

MANIFEST, CARD = "MANIFEST.json", "README.md"
"""The sizes and SHA-256 of a checkpoint's files; written last."""


Reject = Callable[[Path, str], None]
"""Hears which checkpoint cannot be used, and why."""


@dataclass(frozen=True)
class Checkpoints:
    """The folder `checkpoints` of a run, where only one process at a time may write.

    Of the older ones the newest `keep` - 1 stay, and the first in each group of steps to which
    `group` gives the same number above 0: every thousandth step, for example. Those that were
    `rejected` stay as they are, and count for nothing.
    """

    path: Path
    keep: int = 2
    group: Callable[[int], int] | None = None
    rejected: set[Path] = field(default_factory=set)
    disk: Disk = DISK

    def write(self, step: int, files: Mapping[str, Content]) -> Callable[[], Path]:
        """Write the files of a step, under another name; what is returned commits them.

        What they were made of may change after the first call. The second waits for the disk: it
        hashes and syncs the files, writes the manifest, gives the folder its name, and removes what
        need not be kept. A crash at any moment leaves the new one whole or not there, and the older
        ones as they were. OSError where something cannot be written; nothing of it stays then.
        """
        final = self.path / f"step-{step:08d}"
        temporary = self.path / f".tmp-{final.name}-{os.getpid()}"
        names = list(files)
        with self._cleared(temporary):
            self.disk.create(temporary)
            for name, content in files.items():
                self.disk.write(temporary / name, content)

        def commit() -> Path:
            facts: dict[str, dict[str, int | str]] = {}
            with self._cleared(temporary):
                for name in names:
                    with (temporary / name).open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                        facts[name] = {"bytes": file.tell(), "sha256": digest}
                    self.disk.sync(temporary / name)
                facts.pop(CARD, None)  # people may write into that
                self.disk.write(temporary / MANIFEST, [_manifest(facts)])
                self.disk.sync(temporary / MANIFEST)
                self.disk.sync(temporary)
                if final.exists():  # a damaged one, that training has come to once more
                    self.disk.rename(final, _free(self.path / f"damaged-{final.name}"))
                self.disk.rename(temporary, final)
            self.rejected.discard(final)
            self.disk.sync(self.path)
            self.prune(step)
            return final

        return commit

    def newest_first(self) -> Iterator[Path]:
        """The folders called step-… but for rejected ones; what is whole, `opened` says."""
        found = (path for path in self.path.glob("step-*") if step_of(path) >= 0)
        return iter(sorted(set(found) - self.rejected, key=step_of, reverse=True))

    def opened(self, reject: Reject) -> Iterator[Checkpoint]:
        """Yield those that are what was written, newest first; `reject` hears of others."""
        for path in self.newest_first():
            try:
                checkpoint = Checkpoint.open(path)
            except ModelFileError as error:
                reject(path, str(error))
            else:
                yield checkpoint

    def sweep(self) -> None:
        """Remove what a process that was killed left half written or half removed."""
        for left in [*self.path.glob(".tmp-*"), *self.path.glob(".old-*")]:
            with suppress(OSError):  # perhaps next time
                self._remove(left)

    def prune(self, step: int) -> None:
        """Remove what need not be kept besides the checkpoint of `step`, which is whole."""
        steps = [path for path in self.newest_first() if step_of(path) < step]
        kept = set(steps[: self.keep - 1])
        if self.group:
            first = {self.group(step_of(path)): path for path in steps}  # the oldest comes last
            kept |= {path for number, path in first.items() if number > 0}
        for path in steps:
            if path not in kept:
                doomed = _free(self.path / f".old-{path.name}")
                with suppress(OSError):  # it is only in the way
                    self.disk.rename(path, doomed)
                    self._remove(doomed)

    @contextmanager
    def _cleared(self, folder: Path) -> Iterator[None]:
        """Leave nothing of `folder` where there is an error."""
        try:
            yield
        except OSError:
            with suppress(OSError):  # it was the disk that failed
                self._remove(folder)
            raise

    def _remove(self, folder: Path) -> None:
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.is_dir() and not path.is_symlink():
                    self._remove(path)
                else:
                    self.disk.remove(path)
            self.disk.remove(folder)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was opened: the content of its files, all as they were written."""

    path: Path
    files: dict[str, bytes]

    @classmethod
    def open(cls, path: Path) -> Checkpoint:
        """Read each file once and check it against the manifest.

        ModelFileError where one is not what was written.
        """
        name = MANIFEST
        try:
            written = (path / MANIFEST).read_bytes()
            facts = json.loads(written)
            files = {}
            for name, fact in facts.items():
                same = (path / name).stat().st_size == fact["bytes"]  # before it is read
                files[name] = (path / name).read_bytes() if same else b""
                if not same or hashlib.sha256(files[name]).hexdigest() != fact["sha256"]:
                    raise ModelFileError(f"{path / name} is damaged: it is not what was written")
            name = MANIFEST
            if _manifest(facts) != written:
                raise ModelFileError(f"{path / name} is damaged: it is not what was written")
        except OSError as error:
            why = f"{name}: {error.strerror}"
            raise ModelFileError(f"{path} is no whole checkpoint: {why}") from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise ModelFileError(f"{path / MANIFEST} is damaged: {error}") from error
        return cls(path, files)

    @property
    def step(self) -> int:
        """How many steps had been done."""
        return step_of(self.path)


def step_of(checkpoint: Path) -> int:
    """The number in a folder's name; -1 for other folders, such as somebody's copy."""
    found = re.fullmatch(r"step-([0-9]{8,})", checkpoint.name)
    return int(found[1]) if found else -1


def _manifest(facts: Mapping[str, Mapping[str, int | str]]) -> bytes:
    return json.dumps(facts, indent=2).encode()


def _free(path: Path) -> Path:
    """`path`, or with a number behind it where that is taken."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
