"""Where ganzoo keeps what it can make again, and how it writes files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where decoded images and downloads are kept: $GANZOO_CACHE, or the user's cache."""
    given = os.environ.get("GANZOO_CACHE")
    return Path(given) if given else platformdirs.user_cache_path("ganzoo")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it; a reader sees the old one or all of the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
