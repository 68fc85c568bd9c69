"""Where ganzoo keeps its cache, and how it writes files."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import IO, Any

STDOUT = "standard output"
"""What stands for a file's name in an error of standard output."""

Content = Iterable[bytes | memoryview]
"""Content of a file, in pieces of bytes."""


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Name `path` in an OSError from inside that names no file, as that of a full disk does."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def in_words(error: OSError) -> str:
    """Return an error of the disk in words: the file, what is wrong, and where to make room."""
    told = f"{error.filename or 'input/output'}: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename not in (None, STDOUT):
        folders = Path(error.filename).absolute().parents  # a temporary one is gone again
        told += f"; make room in {next(folder for folder in folders if folder.exists())}"
    return told


def megabytes(size: int) -> str:
    """Return a number of bytes in words: "12.3 MB"."""
    return f"{size / 1e6:,.1f} MB"


class Disk:
    """All calls that change what is on a disk, in one place: a test can stop after each."""

    def create(self, folder: Path) -> None:
        """Make a folder, and the one above it; what is above that is not made again."""
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir()

    def write(self, file: Path, content: Content) -> None:
        """Write a file; until it is synced, a power cut may take it away."""
        with naming(file), file.open("wb", buffering=0) as opened:
            for piece in content:
                write_all(opened, piece)

    def sync(self, path: Path) -> None:
        """Wait until a file's content, or a folder's list of names, would survive a power cut."""
        if os.name != "posix" and path.is_dir():
            return  # Windows has no such call
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with naming(path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder in one instant; a file that has the new name is replaced."""
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        """Remove a file or an empty folder."""
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


DISK = Disk()
_DAY = 24 * 60 * 60  # seconds


def cache_folder() -> Path:
    """Return the folder of decoded images and downloads: $GANZOO_CACHE, or the user's cache."""
    given = os.environ.get("GANZOO_CACHE")
    if given:
        return Path(given)
    import platformdirs

    return platformdirs.user_cache_path("ganzoo")


def write_all(file: RawIOBase, content: bytes | memoryview) -> None:
    """Write all of `content` to a file without a buffer, which may take a part at a time."""
    while content:
        content = content[file.write(content) or 0 :]


def is_special(path: Path) -> bool:
    """Return whether a device, a pipe or a socket is at `path`: reading one may never end."""
    return path.exists() and not path.is_file() and not path.is_dir()


def read_regular(path: Path) -> bytes:
    """Return the content of a file; raise OSError for a device or a pipe, too."""
    if is_special(path):
        raise OSError(errno.EINVAL, "it is a device or a pipe", str(path))
    return path.read_bytes()


def read_small(path: Path, most: int) -> bytes | None:
    """Return what `read_regular` does; None, and read nothing, where it is more than `most` bytes.

    A file of a terabyte may take no place on the disk.
    """
    return None if path.stat().st_size > most else read_regular(path)


def check_place(path: Path) -> None:
    """Raise OSError where a file at `path` could not be written: say so before work that is long.

    Nothing is changed. Whether the disk has room is known at the end only.
    """
    _check_file(path)
    above = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(above))
    if not os.access(above, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))


def _check_file(path: Path) -> None:
    """Raise OSError where a folder or a device is at `path`: no file is to take its place.

    A pipe is replaced, as everything else is that does not belong into a cache or a run.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.is_char_device() or path.is_block_device():
        raise OSError(errno.EINVAL, "it is a device", str(path))


def write_whole(path: Path, content: bytes, disk: Disk = DISK, *, new_folder: bool = True) -> None:
    """Write a file and make its folder; a reader sees the whole old file or the whole new one.

    Without `new_folder` no folder is made: one that somebody removed is not to come back. A device
    is refused: for root, `-o /dev/null` would put a file in its place.
    """
    if new_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    _check_file(path)
    try:
        with temporary(path) as file:
            disk.write(file, [content])
            disk.sync(file)
            disk.rename(file, path)
            disk.sync(path.parent)
    except OSError as error:
        error.filename = str(path)  # that of a full disk names the temporary file
        raise


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Yield a new, empty file beside `path`; write it and rename it to `path`.

    Where it was not renamed, it is removed at the end. No other process has its name: it is random,
    as machines that share a folder have equal process numbers. Until the end it is locked, by its
    new name too, so that `remove_left` leaves it alone.
    """
    while True:
        file = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            held = file.open("xb")
        except FileExistsError:
            continue
        if lock(held) and file.exists():
            break
        held.close()  # it was taken for one that was left
    if os.name != "posix":
        held.close()  # Windows renames no open file
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
        held.close()


def remove_left(path: Path, unless: Callable[[], bool] = lambda: False) -> bool:
    """Remove a file that a killed process left; return whether it was removed.

    A file that a living process holds as its `temporary` stays; where the file system has no locks,
    one that was written in the last day. `unless` is asked when nobody holds the file.
    """
    try:
        with path.open("r+b") as file:
            locked = _locked(file)
            if locked is False or unless():
                return False
            if locked:
                path.unlink()
                return True
        if time.time() - path.stat().st_mtime < _DAY:
            return False
        path.unlink()
    except OSError:  # perhaps next time
        return False
    return True


def write_checked(path: Path, value: dict[str, Any], disk: Disk = DISK) -> None:
    """Write a JSON object with its own SHA-256, for `read_checked`."""
    content = json.dumps({"sha256": _digest(value), **value}, indent=2)
    write_whole(path, f"{content}\n".encode(), disk)


def read_checked(path: Path) -> dict[str, Any]:
    """Return the JSON object that `write_checked` wrote.

    Raises OSError where there is none, ValueError where it is not what was written.
    """
    try:
        value = json.loads(read_regular(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is damaged") from error
    if not isinstance(value, dict) or "sha256" not in value:
        raise ValueError(f"{path.name} is of another version of ganzoo")
    if value.pop("sha256") != _digest(value):
        raise ValueError(f"{path.name} is not what was written")
    return value


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def lock(file: IO[Any] | int) -> bool:
    """Lock `file` until it is closed or this process dies; return False if another has it."""
    return _locked(file) is not False  # some network file systems have no locks


def _locked(file: IO[Any] | int) -> bool | None:
    """Lock `file`; return whether it is ours now, or None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
