"""Decoded images in the cache: written whole, and believed only where they are what was written.

An entry is two files: its pixels, and its facts, which are written last and say what the pixels
must be.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import DataError
from ganzoo.storage import (
    DISK,
    Disk,
    is_special,
    read_checked,
    remove_left,
    write_checked,
)

IMAGES = "images"
"""Their folder below `cache_folder()`."""

PIXELS, FACTS = ".u8", ".json"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an entry is, and what its pixels must be."""

    name: str
    """The name of the entry, so that the facts of another are not taken for its own."""

    shape: tuple[int, ...]
    """(N, H, W, C)"""

    fingerprint: str
    """SHA-256 of pixels and shape."""

    skipped: tuple[str, ...]
    """The images that cannot be decoded, each with the reason."""

    left_out: tuple[int, ...]
    """Their indices in the data set."""

    of: dict[str, Any]
    """The data set: its name, and where it is from."""

    made: str
    """When it was decoded, UTC."""

    scaled: str = ""
    """What to say of images with 16 bits a value that use fewer."""

    stat: tuple[int, ...] = ()
    """Size and times of the file of pixels: while they stay, nobody has written into it."""


class Kept(NamedTuple):
    """The pixels of an entry, memory-mapped."""

    pixels: NDArray[np.uint8]
    facts: Facts
    check: Check | None
    """The comparison that is still going on; None where the pixels have been compared."""


class Check:
    """The comparison of pixels with their fingerprint, in a thread of its own."""

    def __init__(self, entry: Entry, facts: Facts, file: IO[bytes]) -> None:
        self._entry, self._facts, self._file = entry, facts, file
        self._wrong = ""
        self._thread = Thread(target=self._compare, daemon=True)
        self._thread.start()

    def settle(self, *, wait: bool) -> None:
        """Raise DataError where the pixels are found damaged; `wait` until that is known."""
        if wait:
            self._thread.join()
        if self._wrong and not self._thread.is_alive():
            raise DataError(
                f"the decoded images of {self._facts.of.get('name', 'the data set')} in the cache "
                f"are damaged ({self._wrong}), and what was trained on them is spoiled: begin "
                "again, and they are decoded anew"
            )

    def _compare(self) -> None:
        with self._file:
            try:
                _require_fingerprint(self._file, self._facts)
            except (OSError, ValueError) as error:
                self._wrong = str(error)
                with suppress(OSError):
                    self._entry.remove()


@dataclass(frozen=True)
class Entry:
    """The decoded images called `name` in the folder `folder`, which may not be there."""

    folder: Path
    name: str

    @property
    def pixels(self) -> Path:
        """The file of their pixels."""
        return self.folder / f"{self.name}{PIXELS}"

    @property
    def facts(self) -> Path:
        """The file of what is known of them."""
        return self.folder / f"{self.name}{FACTS}"

    def read(self) -> Facts:
        """Return the facts; raise OSError or ValueError where they are none of this entry."""
        read = read_checked(self.facts)
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in read.items()
        }
        try:
            facts = Facts(**fields)
        except TypeError as error:
            raise ValueError(f"{self.facts.name} is of another version of ganzoo") from error
        if facts.name != self.name:
            raise ValueError(f"{self.facts.name} is of another entry")
        return facts

    def check_size(self, facts: Facts) -> None:
        """Raise ValueError where the file of pixels is none, or has not as many bytes as wanted."""
        if is_special(self.pixels):
            raise ValueError(f"{self.pixels.name} is a device or a pipe")
        size, needed = self.pixels.stat().st_size, math.prod(facts.shape)
        if size != needed:
            raise ValueError(f"{self.pixels.name} is of {size:,} bytes, not {needed:,}")

    def open(self, *, check_later: bool = False) -> Kept:
        """Return the pixels, once they were compared with their fingerprint.

        Where nobody has written into their file since, `check_later` compares them while they are
        used. Raises OSError or ValueError where there is no such entry, or where it is not what was
        written.
        """
        facts = self.read()
        self.check_size(facts)
        file = self.pixels.open("rb")
        with _closed_on_error(file):
            # Copy-on-write: torch wants a writable array, and the file must stay as it is.
            pixels = np.memmap(file, np.uint8, "c", shape=facts.shape)
            file.seek(0)
            untouched = _stat(file) == facts.stat
            if untouched and check_later:
                return Kept(pixels, facts, Check(self, facts, file))
            _require_fingerprint(file, facts)
            if not untouched:  # a copy of the cache, for example
                with suppress(OSError):
                    self._note(facts, _stat(file))
        file.close()
        return Kept(pixels, facts, None)

    def keep(self, written: Path, facts: Facts, disk: Disk = DISK) -> Kept:
        """Make a `temporary` file of pixels and these facts the entry, whatever was there before.

        The pixels are on the disk before the facts say so. A power cut leaves the entry whole, or
        such that it is not believed.
        """
        for path in (self.pixels, self.facts):
            if path.is_dir():  # nothing can be renamed to it
                shutil.rmtree(path)
        disk.sync(written)
        disk.rename(written, self.pixels)
        disk.sync(self.folder)
        with self.pixels.open("rb") as file:
            self._note(facts, _stat(file), disk)
            return Kept(np.memmap(file, np.uint8, "c", shape=facts.shape), facts, None)

    def _note(self, facts: Facts, stat: tuple[int, ...], disk: Disk = DISK) -> None:
        """Write the facts, with what the file of pixels looks like now."""
        write_checked(self.facts, {**asdict(facts), "stat": stat}, disk)

    def remove(self) -> None:
        """Remove the entry: first its facts, so that nothing is believed meanwhile."""
        for path in (self.facts, self.pixels):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def mapped(written: Path, facts: Facts) -> Kept:
    """Return the pixels in a file that is no entry, and may be removed where names may be."""
    return Kept(np.memmap(written, np.uint8, "c", shape=facts.shape), facts, None)


def sweep(folder: Path) -> None:
    """Remove what killed processes left in the folder; what living ones write stays."""
    for left in folder.glob("*.tmp"):
        remove_left(left)
    for left in folder.glob(f"*{PIXELS}"):
        facts = left.with_suffix(FACTS)
        if not facts.exists():
            remove_left(left, unless=facts.exists)


def _require_fingerprint(file: IO[bytes], facts: Facts) -> None:
    """Raise ValueError where the pixels in a file are others, OSError where they are not read."""
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
    digest.update(str(facts.shape).encode())
    if digest.hexdigest() != facts.fingerprint:
        raise ValueError(f"{facts.name}{PIXELS} holds other pixels than were written")


def _stat(file: IO[bytes]) -> tuple[int, ...]:
    """Return the size and times of a file. The last one changes with whatever is written."""
    stat = os.fstat(file.fileno())
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@contextmanager
def _closed_on_error(file: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise
