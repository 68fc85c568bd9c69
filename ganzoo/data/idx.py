"""The IDX format of MNIST and its relatives, plain or gzipped (http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data.parts import Parts, damage
from ganzoo.errors import DataError

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
    if train is None or test is None:
        alone = train or test
        return Parts(idx_dataset(alone), to_label=TO_LABEL) if alone else None
    held_back = partial(idx_dataset, test)
    return Parts(idx_dataset(train), held_back, test.name, to_label=TO_LABEL)


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
    content = _content(path)
    if len(content) < 16 or content[:4] != b"\0\0\x08\x03":
        raise DataError(f"{path} is not an IDX file of uint8 images")
    count, height, width = struct.unpack(">3I", content[4:16])
    if count == 0 or len(content) != 16 + count * height * width:
        raise DataError(f"{path} is damaged: it should hold {count} images of {height}x{width}")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)


def _read_labels(path: Path) -> NDArray[np.int64]:
    """Return the labels (N,) of an IDX file; DataError says what is wrong with it."""
    content = _content(path)
    if len(content) < 8 or content[:4] != b"\0\0\x08\x01":
        raise DataError(f"{path} is not an IDX file of uint8 labels")
    (count,) = struct.unpack(">I", content[4:8])
    if len(content) != 8 + count:
        raise DataError(f"{path} is damaged: it should hold {count} labels")
    return np.frombuffer(content, np.uint8, offset=8).astype(np.int64)


def _labels_beside(images: Path) -> Path | None:
    """Return the file of labels beside a file of images, if there is one."""
    stem = images.name.partition("idx3")[0][:-1].replace("images", "labels")
    names = (f"{stem}{sep}idx1-ubyte{suffix}" for sep in "-." for suffix in ("", ".gz"))
    return next((path for name in names if (path := images.with_name(name)).is_file()), None)


def _content(path: Path) -> bytes:
    """Return the content of a file, unpacked if it is gzipped; raise DataError if it cannot be."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): fetch it again") from error
