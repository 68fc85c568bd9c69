"""The arrays in an .npz: known by their headers, and read when they are asked for."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.lib.format import (
    MAGIC_PREFIX,
    read_array,
    read_array_header_1_0,
    read_array_header_2_0,
)
from numpy.typing import NDArray

from ganzoo.data.budget import require_room
from ganzoo.data.files import is_encrypted
from ganzoo.data.formats import left_out
from ganzoo.errors import DataError

OBJECTS = "it holds Python objects, and ganzoo reads arrays of numbers and text alone"

HEADERS: dict[bytes, Callable[[Any], Any]] = {
    b"\1\0": read_array_header_1_0,
    b"\2\0": read_array_header_2_0,
    b"\3\0": read_array_header_2_0,  # the names of fields may be UTF-8, and no image has fields
}
"""Readers of an array's header by the version of its format."""


class Arrays:
    """What is in an .npz. Its names have no ".npy", as numpy shows them."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self._members: dict[str, zipfile.ZipInfo] = {}
        self.shapes: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
        """Shape and type of each array, in the order of the file."""

        others = []
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if header := self._header(member, name):
                self.shapes[name], self._members[name] = header, member
            else:
                others.append(PurePosixPath(member.filename))
        told = left_out(others)
        self.others = f"; it holds {told}; a file of images is named .zip" if told else ""
        """What else is in the file, in words."""

    def read(self, name: str) -> NDArray[Any]:
        """Return an array; DataError where there is no room for it."""
        shape, kind = self.shapes[name]
        size, member = math.prod(shape) * kind.itemsize, self._members[name]
        if not kind.hasobject and size > member.file_size:
            told = f"{kind} {shape}".replace(",)", ")")
            raise ValueError(f"it is damaged: its array {name} should be {told}, and is smaller")
        require_room(f"the array {name} of {self._path}", size)
        with self._archive.open(member) as file:
            array: NDArray[Any] = read_array(file, allow_pickle=False)
        return array

    def _header(
        self, member: zipfile.ZipInfo, name: str
    ) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
        """Return what the header of an array tells; None where a member is no array."""
        if is_encrypted(member):
            raise ValueError(f"its array {name} is encrypted: save it without a password")
        with self._archive.open(member) as file:
            if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:
                return None
            read = HEADERS.get(file.read(2))
            if read is None:
                raise ValueError(f"its array {name} is of a version that numpy does not know")
            shape, _, kind = read(file)
        if any(side < 0 for side in shape):
            raise ValueError(f"its array {name} has the shape {shape}")
        return shape, kind


@contextmanager
def opened(path: Path) -> Iterator[Arrays]:
    """Yield the arrays of an .npz; raise DataError where it cannot be read."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            alone = file.read(len(MAGIC_PREFIX)) == MAGIC_PREFIX
        load = "np.load('x.npy')" if alone else "…"
        raise DataError(
            f"{path} cannot be read as .npz, as it is {'an .npy' if alone else 'none'}: "
            f"np.savez('x.npz', images={load}) writes one"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            yield Arrays(path, archive)
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{path} cannot be read as .npz: there is no memory for it") from error
    except Exception as error:  # a damaged file makes zip and numpy raise whatever they like
        why = str(error) or type(error).__name__
        if "max_header_size" in why:
            why = "the header of an array is too long"
        elif "allow_pickle" in why:  # numpy advises it, which may run code
            why = OBJECTS
        raise DataError(f"{path} cannot be read as .npz: {why}") from error
