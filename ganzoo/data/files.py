"""Folders and zips of image files, as sequences that decode one image at a time."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from ganzoo.architecture import Dataset
from ganzoo.data import dataset_json
from ganzoo.data.budget import FILES, MAX_FILE_BYTES
from ganzoo.data.dataset_json import LabelList
from ganzoo.data.decoding import Shaped, decode_into, deep_bits
from ganzoo.data.formats import is_image, is_junk, left_out
from ganzoo.data.layout import arranged
from ganzoo.data.parts import Parts
from ganzoo.errors import DataError
from ganzoo.storage import is_special

_UNKNOWN = (0, 0, 0)  # size and times of a file that cannot be looked up


def folder_parts(folder: Path) -> Parts:
    """Return the image files below `folder`, in the order of the paths; DataError if none."""
    paths: list[Path] = []
    others: list[Path] = []
    for path in _walk(folder):
        (paths if is_image(path) else others).append(path)
    paths.sort()
    told = left_out(path for path in others if path.name != dataset_json.NAME)
    if not paths:
        raise DataError(_no_images(folder, told))

    def dataset(indices: list[int], **labels: Any) -> Dataset:
        chosen = [paths[i] for i in indices]
        identities = [_identity(path) for path in chosen]
        images = _Files(chosen, [identity[1:] == _UNKNOWN for identity in identities])
        return Dataset(images=images, cache_key=f"folder-{_digest(identities)}", **labels)

    def list_in(inside: tuple[str, ...]) -> LabelList | None:
        path = folder.joinpath(*inside, dataset_json.NAME)
        if not path.is_file():
            return None
        return LabelList(inside, path.stat().st_size, path.read_bytes)

    parts = arranged([path.relative_to(folder) for path in paths], dataset, list_in)
    return parts._replace(left_out=told)


def zip_parts(path: Path) -> Parts:
    """Return the image files in the zip at `path`, in the order of the names.

    Raises DataError if there is none, or if the zip is damaged or not safe to unpack.
    """
    identity = _identity(path)  # names, sizes and CRC-32 may be those of another zip
    try:
        archive = zipfile.ZipFile(path)
    except OSError:
        raise
    except Exception as error:  # BadZipFile, and whatever a damaged table of contents leads to
        raise DataError(f"{path} is not a zip file that can be read: {error}") from error
    found = [m for m in archive.infolist() if not (m.is_dir() or is_junk(_inside(m)))]
    members = sorted((m for m in found if is_image(_inside(m))), key=lambda m: m.filename)
    for member in members:
        inside = _inside(member)
        if inside.is_absolute() or ".." in inside.parts:
            raise DataError(f"{path} holds the unsafe name '{member.filename}': repack it")
        if member.file_size > MAX_FILE_BYTES:
            raise DataError(f"{path}: {member.filename} would unpack to {member.file_size} bytes")
    others = [inside for m in found if not is_image(inside := _inside(m))]
    told = left_out(inside for inside in others if inside.name != dataset_json.NAME)
    if not members:
        raise DataError(_no_images(path, told))

    def dataset(indices: list[int], **labels: Any) -> Dataset:
        chosen = [members[i] for i in indices]
        key = _digest([identity, *((m.filename, m.header_offset) for m in chosen)])
        return Dataset(images=_ZipMembers(archive, chosen), cache_key=f"zip-{key}", **labels)

    lists = {_inside(m).parts[:-1]: m for m in found if _inside(m).name == dataset_json.NAME}

    def list_in(inside: tuple[str, ...]) -> LabelList | None:
        member = lists.get(inside)
        if member is None:
            return None
        return LabelList(inside, member.file_size, partial(archive.read, member))

    parts = arranged([_inside(member) for member in members], dataset, list_in)
    return parts._replace(left_out=told)


def is_encrypted(member: zipfile.ZipInfo) -> bool:
    """Return whether a member of a zip can only be read with a password."""
    return bool(member.flag_bits & 1)


def _inside(member: zipfile.ZipInfo) -> PurePosixPath:
    """Return the path of a member inside its zip."""
    return PurePosixPath(member.filename.replace("\\", "/"))


def _no_images(where: Path, told: str) -> str:
    """Return that there are none, and what is there."""
    there = f"; it holds {told}" if told else ", and hidden files are not looked at"
    return f"{where} holds no images that Pillow reads{there}"


class Encoded:
    """Encoded images, which are decoded when asked for; subclasses say where they are."""

    def __init__(self) -> None:
        self._bits, self._looked, self._looking = 0, False, Lock()

    def __len__(self) -> int:
        raise NotImplementedError

    def name(self, index: int) -> str:
        """Return what an image is called where it cannot be used."""
        raise NotImplementedError

    def content(self, index: int) -> AbstractContextManager[bytes]:
        """Yield an image's file, which takes memory as long."""
        raise NotImplementedError

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self.shaped(index, lambda image: image)

    def shaped(self, index: int, shape: Callable[[NDArray[np.uint8]], Shaped]) -> Shaped:
        """Return what `shape` makes of an image; large ones are in memory one after another."""
        try:
            try:
                with self.content(index) as content:
                    return decode_into(content, shape, self._bits_used)
            except _UndecidedError:  # the others can be looked at now that this one takes no memory
                self._look_at_all()
                with self.content(index) as content:
                    return decode_into(content, shape, self._bits_used)
        except UnidentifiedImageError as error:
            raise DataError(f"{self.name(index)} (not an image)") from error
        except Exception as error:  # damaged files make decoders raise whatever they like
            why = str(error) or type(error).__name__
            raise DataError(f"{self.name(index)} ({why})") from error

    @property
    def scaled(self) -> str:
        """What to say of images that were decoded and are scaled by what they use."""
        if not 0 < self._bits < 16:
            return ""
        return f"images with 16 bits a value use {self._bits}: {(1 << self._bits) - 1:,} is white"

    def _bits_used(self, own: int) -> int:
        """Return how many bits those images use that have 16 bits a value; this one uses `own`.

        All are scaled alike, so that a dark one stays dark.
        """
        if own < 16 and not self._looked:
            raise _UndecidedError
        self._bits = max(self._bits, own)
        return self._bits

    def _look_at_all(self) -> None:
        with self._looking:
            for index in range(0 if self._looked else len(self)):
                if self._bits < 16:
                    # What is wrong with it is said when it is decoded.
                    with suppress(Exception), self.content(index) as content:
                        self._bits = max(self._bits, deep_bits(content))
            self._looked = True


class _UndecidedError(Exception):
    """Other images have to be looked at before this one can be decoded."""


class _Files(Encoded):
    """Files of images; `lost` says which of them could not be looked up when they were listed."""

    def __init__(self, paths: list[Path], lost: list[bool]) -> None:
        super().__init__()
        self.paths, self.lost = paths, lost

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        return str(self.paths[index])

    @contextmanager
    def content(self, index: int) -> Iterator[bytes]:
        path = self.paths[index]
        if self.lost[index]:  # the cache's key says so, and will be another once it is there
            try:
                path.stat()
            except OSError as error:
                raise ValueError(error.strerror) from None
        if is_special(path):
            raise ValueError("a device or a pipe, not a regular file")
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not S_ISREG(found.st_mode):  # somebody has put it there meanwhile
                raise ValueError("a device or a pipe, not a regular file")
            if found.st_size == 0:  # or it is one of /proc, and may never end
                raise ValueError("an empty file")
            if found.st_size > MAX_FILE_BYTES:
                raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
            with FILES.taking(found.st_size):
                yield file.read(found.st_size)


class _ZipMembers(Encoded):
    def __init__(self, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
        super().__init__()
        self.archive, self.members = archive, members

    def __len__(self) -> int:
        return len(self.members)

    def name(self, index: int) -> str:
        return f"{self.archive.filename}: {self.members[index].filename}"

    @contextmanager
    def content(self, index: int) -> Iterator[bytes]:
        member = self.members[index]
        if is_encrypted(member):
            raise ValueError("encrypted: pack it without a password")
        with FILES.taking(member.file_size):
            yield self.archive.read(member)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image file and `decode` it; DataError says what is wrong with it."""
    if not path.is_file():
        raise DataError(f"there is no image '{path}'")
    return _Files([path], [False])[0]


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes into is opened at once."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder` that are no junk.

    Links are followed, and a folder that was entered already is refused.
    """
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(root)
        if real in seen:
            raise DataError(f"{root} leads to a folder that was read already: remove the link")
        seen.add(real)
        folders[:] = sorted(f for f in folders if not is_junk(PurePosixPath(f)))
        yield from (Path(root, f) for f in files if not is_junk(PurePosixPath(f)))


def _raise(error: OSError) -> None:
    raise error


def _identity(path: Path) -> tuple[str, int, int, int]:
    """Return where a file is, and what changes when its content does.

    A program may set the time of a file's content, and a copy may keep it; the last of these times
    cannot be set. A dangling link is found later, when it is read.
    """
    real = os.path.realpath(path)
    try:
        stat = path.stat()
    except OSError:
        return real, *_UNKNOWN
    return real, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
