"""Folders and zips of image files, as sequences that decode one image at a time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ganzoo.architecture import Dataset
from ganzoo.data import dataset_json
from ganzoo.data.dataset_json import LabelList
from ganzoo.data.layout import arranged
from ganzoo.data.parts import Parts
from ganzoo.errors import DataError
from ganzoo.storage import is_special

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
SMALLEST = 16  # pixels; a smaller side is an icon that was left in the folder, not a picture
MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 256_000_000
_UNKNOWN = (0, 0, 0)  # size and times of a file that cannot be looked up


def folder_parts(folder: Path) -> Parts:
    """Return the image files below `folder`, in the order of the paths; DataError if none."""
    paths = sorted(_walk(folder))
    if not paths:
        raise DataError(f"{folder} holds no images ({', '.join(sorted(SUFFIXES))})")

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

    return arranged([path.relative_to(folder) for path in paths], dataset, list_in)


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
    members = sorted(
        (m for m in archive.infolist() if _is_image(PurePosixPath(m.filename))),
        key=lambda m: m.filename,
    )
    for member in members:
        inside = _inside(member)
        if inside.is_absolute() or ".." in inside.parts:
            raise DataError(f"{path} holds the unsafe name '{member.filename}': repack it")
        if member.file_size > MAX_FILE_BYTES:
            raise DataError(f"{path}: {member.filename} would unpack to {member.file_size} bytes")
    if not members:
        raise DataError(f"{path} holds no images ({', '.join(sorted(SUFFIXES))})")

    def dataset(indices: list[int], **labels: Any) -> Dataset:
        chosen = [members[i] for i in indices]
        key = _digest([identity, *((m.filename, m.header_offset) for m in chosen)])
        return Dataset(images=_ZipMembers(archive, chosen), cache_key=f"zip-{key}", **labels)

    lists = {
        _inside(member).parts[:-1]: member
        for member in archive.infolist()
        if _inside(member).name == dataset_json.NAME
    }

    def list_in(inside: tuple[str, ...]) -> LabelList | None:
        member = lists.get(inside)
        if member is None:
            return None
        return LabelList(inside, member.file_size, partial(archive.read, member))

    return arranged([_inside(member) for member in members], dataset, list_in)


def is_encrypted(member: zipfile.ZipInfo) -> bool:
    """Return whether a member of a zip can only be read with a password."""
    return bool(member.flag_bits & 1)


def _inside(member: zipfile.ZipInfo) -> PurePosixPath:
    """Return the path of a member inside its zip."""
    return PurePosixPath(member.filename.replace("\\", "/"))


class _Decoded:
    """Encoded images, which are decoded when asked for; subclasses say where they are."""

    def name(self, index: int) -> str:
        raise NotImplementedError

    def content(self, index: int) -> bytes:
        raise NotImplementedError

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        try:
            return decode(self.content(index))
        except UnidentifiedImageError as error:
            raise DataError(f"{self.name(index)} (not an image)") from error
        except Exception as error:  # damaged files make decoders raise whatever they like
            raise DataError(f"{self.name(index)} ({error})") from error


class _Files(_Decoded):
    """Files of images; `lost` says which of them could not be looked up when they were listed."""

    def __init__(self, paths: list[Path], lost: list[bool]) -> None:
        self.paths, self.lost = paths, lost

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        return str(self.paths[index])

    def content(self, index: int) -> bytes:
        if self.lost[index]:  # the cache's key says so, and will be another once it is there
            try:
                self.paths[index].stat()
            except OSError as error:
                raise ValueError(error.strerror) from None
        if is_special(self.paths[index]):
            raise ValueError("a device or a pipe, not a regular file")
        if self.paths[index].stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
        return self.paths[index].read_bytes()


class _ZipMembers(_Decoded):
    def __init__(self, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
        self.archive, self.members = archive, members

    def __len__(self) -> int:
        return len(self.members)

    def name(self, index: int) -> str:
        return f"{self.archive.filename}: {self.members[index].filename}"

    def content(self, index: int) -> bytes:
        member = self.members[index]
        if is_encrypted(member):
            raise ValueError("encrypted: pack it without a password")
        return self.archive.read(member)


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode an image to uint8, (H, W) grey or (H, W, 3) RGB: upright, transparency on white.

    Raises ValueError if it is too small, too large, or has 32 bits a pixel.
    """
    with Image.open(io.BytesIO(content)) as image:
        if not min(image.size) >= SMALLEST or image.width * image.height > MAX_PIXELS:
            limits = f"at least {SMALLEST} a side and at most {MAX_PIXELS} pixels"
            raise ValueError(f"{image.width}x{image.height}, where ganzoo wants {limits}")
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        return np.rint(np.asarray(upright, np.float32) / 257).astype(np.uint8)
    if upright.mode in {"I", "F"}:
        raise ValueError(f"32 bits a pixel (mode {upright.mode}) have no range of their own")
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return np.asarray(upright.convert("L" if upright.mode in {"1", "L"} else "RGB"))


def require_size(height: int, width: int) -> None:
    """Raise DataError where images of an array are smaller than those of files may be."""
    if min(height, width) < SMALLEST:
        size = f"{width}x{height}"
        raise DataError(f"images of {size} are too small: at least {SMALLEST} pixels a side")


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image file and `decode` it; DataError says what is wrong with it."""
    if not path.is_file():
        raise DataError(f"there is no image '{path}'")
    return _Files([path], [False])[0]


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the image files below `folder`; follow links, but refuse to enter a folder twice."""
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_raise):
        real = os.path.realpath(root)
        if real in seen:
            raise DataError(f"{root} leads to a folder that was read already: remove the link")
        seen.add(real)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (path for path in (Path(root, f) for f in files) if _is_image(path))


def _raise(error: OSError) -> None:
    raise error


def _is_image(path: Path | PurePosixPath) -> bool:
    """Return whether a name is an image's, and not a hidden file or one that macOS adds."""
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in SUFFIXES and not hidden


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
