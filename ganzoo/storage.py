"""Where ganzoo keeps its cache, and how it writes files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

Content = Sequence[bytes | memoryview]
"""Content of a file, in pieces of bytes."""


class Disk:
    """All calls that change what is on a disk, in one place: a test can stop after each."""

    def create(self, folder: Path) -> None:
        """Make a folder, and the folders above it."""
        folder.mkdir(parents=True)

    def write(self, file: Path, content: Content) -> None:
        """Write a file; until it is synced, a power cut may take it away."""
        with file.open("wb", buffering=0) as opened:
            for piece in content:
                while piece := piece[opened.write(piece) :]:
                    pass

    def sync(self, path: Path) -> None:
        """Wait until a file's content, or a folder's list of names, would survive a power cut."""
        if os.name != "posix" and path.is_dir():
            return  # Windows has no such call
        descriptor = os.open(path, os.O_RDONLY)
        try:
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


def is_special(path: Path) -> bool:
    """Return whether a device, a pipe or a socket is at `path`: reading one may never end."""
    return path.exists() and not path.is_file() and not path.is_dir()


def read_regular(path: Path) -> bytes:
    """Return the content of a file; raise OSError for a device or a pipe, too."""
    if is_special(path):
        raise OSError(errno.EINVAL, "it is a device or a pipe", str(path))
    return path.read_bytes()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file and make its folder; a reader sees the whole old file or the whole new one."""
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
        error.filename = error.filename or str(path)  # a full disk does not say of which file
        raise
    finally:
        temporary.unlink(missing_ok=True)


def lock(file: IO[str]) -> bool:
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
