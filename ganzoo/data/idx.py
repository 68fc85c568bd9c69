"""The IDX format of MNIST and its relatives, plain or gzipped (http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import DataError

SPLITS = {"train": "train-images", "test": "t10k-images"}


def find_idx(folder: Path, split: str = "train") -> Path | None:
    """Return the image file of `split` ("train" or "test") in `folder`, if there is one."""
    for separator in "-.":
        for suffix in ("", ".gz"):
            path = folder / f"{SPLITS[split]}{separator}idx3-ubyte{suffix}"
            if path.is_file():
                return path
    return None


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the uint8 images (N, H, W) of an IDX file; DataError says what is wrong with it."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): fetch it again") from error
    if len(content) < 16 or content[:4] != b"\0\0\x08\x03":
        raise DataError(f"{path} is not an IDX file of uint8 images")
    count, height, width = struct.unpack(">3I", content[4:16])
    if count == 0 or len(content) != 16 + count * height * width:
        raise DataError(f"{path} is damaged: it should hold {count} images of {height}x{width}")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)
