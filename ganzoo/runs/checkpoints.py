"""A run's checkpoints on disk: folders of files; each is whole, or is not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.errors import ModelFileError
from ganzoo.storage import DISK, Content, Disk, read_regular

MANIFEST, CARD = "MANIFEST.json", "README.md"
"""The manifest holds the sizes and SHA-256 of a checkpoint's files and is written last; the card is
for people."""


Reject = Callable[[Path, str], None]
"""A function that is told which checkpoint cannot be used, and why."""


@dataclass(frozen=True)
class Checkpoints:
    """The folder `checkpoints` of a run; only one process at a time may write there.

    After a new checkpoint, the newest `keep` - 1 of the older ones stay. `group` maps a step to a
    number; of all steps with the same number above 0, the first checkpoint stays, too. So one in a
    thousand steps can be kept, for example. `best` gets the steps of all checkpoints that are there
    and says which one, if any, stays because it is the best. Checkpoints that were `rejected` are
    left alone, and do not count.
    """

    path: Path
    keep: int = 2
    group: Callable[[int], int] | None = None
    best: Callable[[Collection[int]], int | None] | None = None
    rejected: set[Path] = field(default_factory=set)
    disk: Disk = DISK

    def write(self, step: int, files: Mapping[str, Content]) -> Callable[[], Path]:
        """Write the files of a step into a temporary folder, and return a function that commits it.

        The tensors behind `files` may change once this returns. The function waits for the disk: it
        hashes and syncs the files, writes the manifest, gives the folder its name, and removes
        checkpoints that need not be kept. It returns the folder. After a crash at any moment, the
        new checkpoint is whole or not there, and the older ones are as they were. Both raise
        OSError where something cannot be written; then nothing of the new checkpoint stays.
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
                if final.exists():  # it was damaged, and training has reached its step again
                    self.disk.rename(final, _free(self.path / f"damaged-{final.name}"))
                self.disk.rename(temporary, final)
            self.rejected.discard(final)
            self.disk.sync(self.path)
            self.prune(step)
            return final

        return commit

    def newest_first(self) -> Iterator[Path]:
        """Return the folders called step-… that were not rejected; they may still be damaged."""
        found = (path for path in self.path.glob("step-*") if step_of(path) >= 0)
        return iter(sorted(set(found) - self.rejected, key=step_of, reverse=True))

    def opened(self, reject: Reject) -> Iterator[Checkpoint]:
        """Yield the checkpoints that are whole, newest first; call `reject` for each other one."""
        for path in self.newest_first():
            try:
                checkpoint = Checkpoint.open(path)
            except ModelFileError as error:
                reject(path, str(error))
            else:
                yield checkpoint

    def sweep(self) -> None:
        """Remove the half-written and half-removed folders that a killed process left."""
        for left in [*self.path.glob(".tmp-*"), *self.path.glob(".old-*")]:
            with suppress(OSError):  # perhaps next time
                self._remove(left)

    def prune(self, step: int) -> None:
        """Remove the older checkpoints that need not be kept; the one of `step` is whole."""
        steps = [path for path in self.newest_first() if step_of(path) < step]
        kept = set(steps[: self.keep - 1])
        if self.group:
            first = {self.group(step_of(path)): path for path in steps}  # the oldest comes last
            kept |= {path for number, path in first.items() if number > 0}
        if self.best:
            best = self.best({step, *map(step_of, steps)})
            kept |= {path for path in steps if step_of(path) == best}
        for path in steps:
            if path not in kept:
                doomed = _free(self.path / f".old-{path.name}")
                with suppress(OSError):  # an old one in the way is no reason to fail
                    self.disk.rename(path, doomed)
                    self._remove(doomed)

    @contextmanager
    def _cleared(self, folder: Path) -> Iterator[None]:
        """Remove `folder` where an OSError is raised inside the `with`."""
        try:
            yield
        except OSError:
            with suppress(OSError):  # it was the disk that failed
                self._remove(folder)
            raise

    def _remove(self, folder: Path) -> None:
        """Remove a folder and all in it, through `disk`."""
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.is_dir() and not path.is_symlink():
                    self._remove(path)
                else:
                    self.disk.remove(path)
            self.disk.remove(folder)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was opened and checked: the content of its files, by name."""

    path: Path
    files: dict[str, bytes]

    @classmethod
    def open(cls, path: Path) -> Checkpoint:
        """Read each file once and check it against the manifest.

        Raises ModelFileError where one is not what was written.
        """
        name = MANIFEST
        try:
            written = read_regular(path / MANIFEST)
            facts = json.loads(written)
            files = {}
            for name, fact in facts.items():
                same = (path / name).stat().st_size == fact["bytes"]  # so that no huge file is read
                files[name] = read_regular(path / name) if same else b""
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
        """How many steps had been done when it was written."""
        return step_of(self.path)


def step_of(checkpoint: Path) -> int:
    """Return the step in a checkpoint folder's name; -1 for others, such as somebody's copy."""
    found = re.fullmatch(r"step-([0-9]{8,})", checkpoint.name)
    return int(found[1]) if found else -1


def _manifest(facts: Mapping[str, Mapping[str, int | str]]) -> bytes:
    """Return the content of a manifest, the same bytes for the same facts."""
    return json.dumps(facts, indent=2).encode()


def _free(path: Path) -> Path:
    """Return `path`, with the next free number behind it where it exists."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
