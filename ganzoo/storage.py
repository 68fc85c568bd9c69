"""Where ganzoo keeps what it can make again, and how it writes files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

Content = Sequence[bytes | memoryview]
"""What is in a file, in pieces of bytes."""


class Disk:
    """The calls that change what is on a disk: in one place, so that a test can stop after each."""

    def create(self, folder: Path) -> None:
        """Make a folder, and those above it."""
        folder.mkdir(parents=True)

    def write(self, file: Path, content: Content) -> None:
        """Write a file, which a power cut may still take away."""
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
        """Give a file or folder another name, in one instant; a file of the new name goes."""
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        """Remove a file or an empty folder."""
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()


DISK = Disk()


def cache_folder() -> Path:
    """Where decoded images and downloads are kept: $GANZOO_CACHE, or the user's cache."""
    given = os.environ.get("GANZOO_CACHE")
    if given:
        return Path(given)
    import platformdirs

    return platformdirs.user_cache_path("ganzoo")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it; a reader sees the old one or all of the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        DISK.write(temporary, [content])
        DISK.sync(temporary)
        DISK.rename(temporary, path)
        DISK.sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def lock(file: IO[str]) -> bool:
    """Hold `file` until it is closed or this process dies; False where another process does."""
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
