"""Where many images go: three classes with the same methods, which open no file for long."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from ganzoo.draw.pixels import Pixels, to_pil
from ganzoo.storage import naming, write_all

MEMBER = "arr_0.npy"
"""The array in an .npz, as `np.savez` calls it."""


@dataclass(frozen=True)
class Folder:
    """A folder of PNG files: 00000.png, 00001.png and so on."""

    path: Path
    shape: tuple[int, int, int, int]  # of all images: (n, H, W, C)

    @property
    def parts(self) -> list[Path]:
        """Files beside it that are there before `finish`: none."""
        return []

    def resume(self, multiple: int) -> int:
        """Return how many images are whole, all or a multiple of `multiple`; drop the rest."""
        whole = 0
        while whole < self.shape[0] and os.path.exists(self.path / _name(whole, self.shape[0])):
            whole += 1
        return _rounded(whole, self.shape[0], multiple)

    def append(self, images: Pixels, first: int) -> None:
        """Add images `first`, `first` + 1, …, uint8 (n, H, W, C)."""
        self.path.mkdir(parents=True, exist_ok=True)
        written = str(self._written)
        for number, image in enumerate(images, first):
            with naming(written), open(written, "wb", buffering=0) as file:
                write_all(file, _png(image))
            os.replace(written, os.path.join(self.path, _name(number, self.shape[0])))

    def holds(self, images: Iterable[Pixels]) -> bool:
        """Return whether it is finished, and exactly of `images`; each is uint8 (H, W, C)."""
        names = [_name(number, self.shape[0]) for number in range(self.shape[0])]
        if sorted(os.listdir(self.path)) != sorted(names):
            return False
        return all(
            _is(self.path / name, _png(image)) for name, image in zip(names, images, strict=True)
        )

    def finish(self) -> None:
        """Remove the unfinished file, if any, once all images are there."""
        self._written.unlink(missing_ok=True)

    @property
    def _written(self) -> Path:
        return self.path / ".part.png"


@dataclass(frozen=True)
class Npz:
    """One array `arr_0` for np.load, uint8 (n, H, W, C), not compressed.

    NAME.part is the array as an .npy file. At the end it becomes a zip, and then it becomes NAME.
    """

    path: Path
    shape: tuple[int, int, int, int]  # of all images: (n, H, W, C)

    @property
    def parts(self) -> list[Path]:
        """Files beside it that are there before `finish`."""
        return [beside(self.path, ".part"), beside(self.path, ".part.zip")]

    def resume(self, multiple: int) -> int:
        """Return how many images are whole, all or a multiple of `multiple`; drop the rest."""
        part, _ = self.parts
        if not part.exists():
            return self.shape[0] if self.path.exists() else 0
        if _is_zip(part):
            return self.shape[0]
        header, item = len(self._header()), int(np.prod(self.shape[1:]))
        whole = min(max(0, part.stat().st_size - header) // item, self.shape[0])
        whole = _rounded(whole, self.shape[0], multiple)
        os.truncate(part, header + whole * item if whole else 0)
        return whole

    def append(self, images: Pixels, first: int) -> None:
        """Add images `first`, `first` + 1, …, uint8 (n, H, W, C)."""
        with self.parts[0].open("ab") as file:
            if first == 0:
                file.write(self._header())
            file.write(np.ascontiguousarray(images).data)

    def holds(self, images: Iterable[Pixels]) -> bool:
        """Return whether it is finished, and exactly of `images`; each is uint8 (H, W, C)."""
        with (
            suppress(zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError),
            zipfile.ZipFile(self.path) as archive,
            archive.open(MEMBER) as content,
        ):
            pieces = chain([self._header()], (image.tobytes() for image in images))
            same = all(content.read(len(piece)) == piece for piece in pieces)
            return same and not content.read(1) and _is_all(archive, self.path)
        return False

    def finish(self) -> None:
        """Make NAME of the parts, unless that is done already."""
        part, zipped = self.parts
        if not part.exists():
            return
        if not _is_zip(part):
            member = zipfile.ZipInfo(MEMBER)  # dated 1980: the same images, the same bytes
            member.create_system, member.external_attr = 3, 0o644 << 16
            member.file_size = part.stat().st_size  # zipfile must know whether it is above 2 GiB
            with zipped.open("wb") as file:
                with (
                    part.open("rb") as array,
                    zipfile.ZipFile(file, "w") as archive,
                    archive.open(member, "w") as content,
                ):
                    shutil.copyfileobj(array, content, 2**20)
                _sync(file)
            os.replace(zipped, part)
        os.replace(part, self.path)

    def _header(self) -> bytes:
        header = io.BytesIO()
        described = {"descr": "|u1", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(header, described)
        return header.getvalue()


@dataclass(frozen=True)
class Tar:
    """PNG files 00000.png, 00001.png, … in one .tar, not compressed, which grows as NAME.part."""

    path: Path
    shape: tuple[int, int, int, int]  # of all images: (n, H, W, C)

    @property
    def parts(self) -> list[Path]:
        """Files beside it that are there before `finish`."""
        return [beside(self.path, ".part")]

    def resume(self, multiple: int) -> int:
        """Return how many images are whole, all or a multiple of `multiple`; drop the rest."""
        (part,) = self.parts
        if not part.exists():
            return self.shape[0] if self.path.exists() else 0
        with part.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            kept = end = 0
            for whole, offset in enumerate(_ends(file, size), 1):
                if whole == _rounded(whole, self.shape[0], multiple):
                    kept, end = whole, offset
            file.truncate(end)
        return kept

    def append(self, images: Pixels, first: int) -> None:
        """Add images `first`, `first` + 1, …, uint8 (n, H, W, C)."""
        members = (self._member(image, number) for number, image in enumerate(images, first))
        with self.parts[0].open("ab") as file:
            file.write(b"".join(members))

    def holds(self, images: Iterable[Pixels]) -> bool:
        """Return whether it is finished, and exactly of `images`; each is uint8 (H, W, C)."""
        with self.path.open("rb") as file:
            members = (self._member(image, number) for number, image in enumerate(images))
            if not all(file.read(len(member)) == member for member in members):
                return False
            end = _end(file.tell())
            return file.read(len(end) + 1) == end

    def finish(self) -> None:
        """Make NAME of the part, unless that is done already."""
        (part,) = self.parts
        if not part.exists():
            return
        with part.open("ab") as file:
            file.write(_end(file.tell()))
            _sync(file)
        os.replace(part, self.path)

    def _member(self, image: Pixels, number: int) -> bytes:
        """Return a file in the .tar: its header, the PNG, and zeros up to a whole block."""
        content = _png(image)
        member = tarfile.TarInfo(_name(number, self.shape[0]))  # dated 1970, with no owner
        member.size = len(content)
        return member.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


Sink = Folder | Npz | Tar


def beside(path: Path, ending: str) -> Path:
    """Return `path` with `ending` added to its name, even for `.` and `..`."""
    return Path(f"{path if path.name.strip('.') else path.resolve()}{ending}")


def _rounded(whole: int, count: int, multiple: int) -> int:
    """Return how many of `whole` images a restart keeps: all `count`, or a multiple of a batch.

    So the batches that it draws are those that were drawn the first time.
    """
    return whole if whole >= count else whole - whole % multiple


def _name(number: int, count: int) -> str:
    return f"{number:0{max(5, len(str(count - 1)))}d}.png"


def _png(image: Pixels) -> bytes:
    encoded = io.BytesIO()
    to_pil(image).save(encoded, format="PNG")
    return encoded.getvalue()


def _is(path: Path, content: bytes) -> bool:
    """Return whether a regular file has this content."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(content) + 1) == content


def _is_all(archive: zipfile.ZipFile, path: Path) -> bool:
    """Return whether a zip is its one member, stored, with nothing before, between or behind."""
    member, *others = archive.infolist()
    listed = archive.start_dir + 46 + len(MEMBER) + len(member.extra) + 22
    return (
        not (others or member.header_offset or member.compress_type)
        and path.stat().st_size - listed in (0, 76)  # of more than 2 GiB there are two ends
    )


def _end(size: int) -> bytes:
    """Return the zeros that end a .tar whose members have `size` bytes."""
    return bytes(1024 + -(size + 1024) % tarfile.RECORDSIZE)


def _ends(tar: IO[bytes], size: int) -> Iterator[int]:
    """Yield the offset in bytes at which each whole member ends."""
    end = 0
    while end < size:
        try:
            member = tarfile.TarInfo.frombuf(tar.read(512), "ascii", "strict")
        except tarfile.HeaderError:
            return
        end += 512 + member.size + -member.size % 512
        if end > size:
            return
        yield end
        tar.seek(end)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _sync(file: IO[bytes]) -> None:
    """Wait until it is on the disk, before it gets its name."""
    file.flush()
    os.fsync(file.fileno())
