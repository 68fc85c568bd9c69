"""How much memory images may take while they are read, and who waits for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Condition

from ganzoo.errors import DataError

MAX_PIXELS = 64_000_000
"""Pixels of an image that is decoded, and of all that are decoded at one time.

A decoded pixel takes 4 bytes in Pillow and 3 in the result, twice that with 16 bits a value. So 64
million take 0.5 to 0.8 GB, whatever the number of threads: one large image, or five of 12 million
pixels, or hundreds of small ones.
"""

MAX_FILE_BYTES = 256_000_000
"""Size of an encoded image, and of all that are in memory at one time: four bytes for each pixel of
the largest image, which no format needs."""

UNKNOWN_MEMORY = 16_000_000_000
"""Bytes of memory to reckon with on a machine that does not say how many it has."""


class Budget:
    """An amount that threads take parts of; a thread waits until its part is there."""

    def __init__(self, total: int) -> None:
        self.total, self._left = total, total
        self._changed = Condition()

    @contextmanager
    def taking(self, part: int) -> Iterator[None]:
        """Hold `part`, or all where it is more than there is."""
        part = min(part, self.total)
        with self._changed:
            self._changed.wait_for(lambda: part <= self._left)
            self._left -= part
        try:
            yield
        finally:
            with self._changed:
                self._left += part
                self._changed.notify_all()


# Who holds both took that of the file first, so none waits for another that waits for it.
FILES, PIXELS = Budget(MAX_FILE_BYTES), Budget(MAX_PIXELS)


def require_room(what: str, size: int) -> None:
    """Raise DataError where an array of `size` bytes would take over half of the memory.

    An array is in memory as a whole. Preparing it may take as much again, or the training does.
    """
    if size > (most := memory() // 2):
        raise DataError(
            f"{what} would take {size / 1e9:,.1f} GB of memory, and {most / 1e9:,.1f} GB is half "
            "of what is here: store fewer images in it, or each as a file in a folder or zip"
        )


def memory() -> int:
    """Return the bytes of memory that this machine has, or that its container may use."""
    found = [UNKNOWN_MEMORY]
    with suppress(AttributeError, OSError, ValueError):
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # cgroups of version 2 and 1
        with suppress(OSError, ValueError):
            found.append(int(Path("/sys/fs/cgroup", limit).read_text()))
    return min(found)
