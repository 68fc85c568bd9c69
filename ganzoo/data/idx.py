"""The IDX format of MNIST and its relatives, plain or gzipped (http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from functools import partial
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data.budget import require_room
from ganzoo.data.formats import is_junk, left_out
from ganzoo.data.parts import Parts, damage
from ganzoo.errors import DataError
from ganzoo.storage import is_special

TO_LABEL = "put the file of their labels beside them, train-labels-idx1-ubyte"
SPLITS = {"train": "train-images", "test": "t10k-images"}


def find_idx(folder: Path, split: str = "train") -> Path | None:
    """Return the image file of `split` ("train" or "test") in `folder`, if there is one."""
    for separator in "-.":
        for suffix in ("", ".gz"):
            path = folder / f"{SPLITS[split]}{separator}idx3-ubyte{suffix}"
            if path.is_file():
                return path
    return None


def idx_parts(folder: Path) -> Parts | None:
    """Return the training images of a folder and the test images held back; None if neither is."""
    train, test = find_idx(folder, "train"), find_idx(folder, "test")
    alone = train or test
    if alone is None:
        return None
    others = (path for path in folder.iterdir() if path.is_file() and not _is_idx(path.name))
    told = left_out(path for path in others if not is_junk(PurePath(path.name)))
    if train is None or test is None:
        return Parts(idx_dataset(alone), to_label=TO_LABEL, left_out=told)
    held_back = partial(idx_dataset, test)
    return Parts(idx_dataset(train), held_back, test.name, to_label=TO_LABEL, left_out=told)


def idx_dataset(path: Path, classes: tuple[str, ...] = ()) -> Dataset:
    """Return the images of an IDX file, with the labels of the file beside it if there is one.

    Beside "train-images-idx3-ubyte.gz" that is "train-labels-idx1-ubyte", plain or gzipped.
    `classes` are the names of the classes. Raises DataError if a file is damaged.
    """
    images = read_idx(path)
    beside = _labels_beside(path)
    if beside is None:
        return Dataset(images=images)
    with damage(beside):
        return Dataset(images=images, labels=_read_labels(beside), classes=classes)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the uint8 images (N, H, W) of an IDX file; DataError says what is wrong with it."""
    (count, height, width), content = _content(path, 3)
    if count == 0 or len(content) != count * height * width:
        raise DataError(f"{path} is damaged: it should hold {count} images of {height}x{width}")
    return content.reshape(count, height, width)


def _read_labels(path: Path) -> NDArray[np.int64]:
    """Return the labels (N,) of an IDX file; DataError says what is wrong with it."""
    (count,), content = _content(path, 1)
    if len(content) != count:
        raise DataError(f"{path} is damaged: it should hold {count} labels")
    return content.astype(np.int64)


def _labels_beside(images: Path) -> Path | None:
    """Return the file of labels beside a file of images, if there is one."""
    stem = images.name.partition("idx3")[0][:-1].replace("images", "labels")
    names = (f"{stem}{sep}idx1-ubyte{suffix}" for sep in "-." for suffix in ("", ".gz"))
    return next((path for name in names if (path := images.with_name(name)).is_file()), None)


def _content(path: Path, dimensions: int) -> tuple[tuple[int, ...], NDArray[np.uint8]]:
    """Return the shape that a file of uint8 tells, and its values, unpacked if it is gzipped.

    No more is unpacked than the shape needs, and a byte to see that there is more.
    """
    start, what = 4 + 4 * dimensions, {1: "labels", 3: "images"}[dimensions]
    if is_special(path) or path.stat().st_size == 0:  # one of /proc cannot be read as a file is
        raise DataError(f"{path} is not an IDX file of uint8 {what}")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(start)
            if len(header) < start or header[:4] != bytes((0, 0, 8, dimensions)):
                raise DataError(f"{path} is not an IDX file of uint8 {what}")
            shape = struct.unpack(f">{dimensions}I", header[4:])
            require_room(str(path), size := math.prod(shape))
            content = np.empty(size + 1, np.uint8)
            filled = 0
            while got := file.readinto(content[filled:].data):
                filled += got
            return shape, content[:filled]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): fetch it again") from error


def _is_idx(name: str) -> bool:
    """Return whether a name is one of the eight or so that these files have."""
    return name.endswith(("idx3-ubyte", "idx1-ubyte", "idx3-ubyte.gz", "idx1-ubyte.gz"))
