"""Where ganzoo keeps its cache, and how it writes files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import IO

STDOUT = "standard output"
"""What stands for a file's name in an error of standard output."""

Content = Sequence[bytes | memoryview]
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


def check_place(path: Path) -> None:
    """Raise OSError where a file at `path` could not be written: say so before work that is long.

    Nothing is changed. Whether the disk has room is known at the end only.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    above = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(above))
    if not os.access(above, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))


def write_whole(path: Path, content: bytes, *, new_folder: bool = True) -> None:
    """Write a file and make its folder; a reader sees the whole old file or the whole new one.

    Without `new_folder` no folder is made: one that somebody removed is not to come back.
    """
    if new_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        DISK.write(temporary, [content])
        DISK.sync(temporary)
        DISK.rename(temporary, path)
        DISK.sync(path.parent)
    except OSError as error:
        error.filename = str(path)  # that of a full disk names the temporary file
        raise
    finally:
        temporary.unlink(missing_ok=True)


def lock(file: IO[str] | int) -> bool:
    """Lock `file` until it is closed or this process dies; return False if another has it."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # some network file systems have no locks
    return True
