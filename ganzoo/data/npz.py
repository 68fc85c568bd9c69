"""Images, labels and names of classes in a numpy .npz, under the names that people use."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX, read_array_header_1_0, read_array_header_2_0
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data.files import is_encrypted
from ganzoo.data.parts import Parts, damage
from ganzoo.errors import DataError

# The first that is there is taken. x_train and its like are the names in Keras' mnist.npz,
# train_images those of MedMNIST, data and targets the attributes of torchvision's data sets.
IMAGES = ("images", "train_images", "x_train", "X_train", "image", "x", "X", "data")
TEST_IMAGES = ("test_images", "x_test", "X_test")
LABELS = {
    "images": "labels", "train_images": "train_labels", "x_train": "y_train", "X_train": "y_train",
    "image": "label", "x": "y", "X": "y", "data": "targets",
}  # fmt: skip
"""The labels that belong to each array of images: they are taken whatever else is there."""

TEST_LABELS = {"test_images": "test_labels", "x_test": "y_test", "X_test": "y_test"}
TO_LABEL = "save their labels in it as the array labels, integers (N,)"

HEADERS: dict[tuple[int, ...], Callable[[Any], Any]] = {
    (1, 0): read_array_header_1_0,
    (2, 0): read_array_header_2_0,
}
"""Readers of an array's header by the version of its format."""


def npz_parts(path: Path) -> Parts:
    """Return the images of an .npz, and those of its test split.

    Where none of `IMAGES` is there, the first array that can be images is trained on. Raises
    DataError, which says what is wrong with the file.
    """
    with _opened(path) as content:
        names = list(content.files)
    others = [name for name in names if name not in (*IMAGES, *TEST_IMAGES)]
    used, train, why = _dataset(path, (*IMAGES, *others, *TEST_IMAGES))
    test = next((name for name in TEST_IMAGES if name in names), None)
    if test is None or used in TEST_IMAGES:
        return Parts(train, no_labels=why, to_label=TO_LABEL)
    return Parts(train, lambda: _dataset(path, (test,))[1], f"its array {test}", why, TO_LABEL)


def _dataset(path: Path, names: Iterable[str]) -> tuple[str, Dataset, str]:
    """Return the first of `names` that is of images, these with their labels, or why none."""
    name, images = _first(path, names, lambda a: a.dtype == np.uint8 and a.ndim in (3, 4))
    if images is not None and images.ndim == 4 and images.shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if images is None or not len(images) or (images.ndim == 4 and images.shape[3] not in (1, 3)):
        raise DataError(f"{path} holds no uint8 images (N, H, W), (N, H, W, C) or (N, C, H, W)")
    labels, why = _labels(path, name)
    if labels is None:
        return name, Dataset(images=images), why
    _, classes = _first(path, ["classes"], lambda a: a.ndim == 1)
    given = () if classes is None else tuple(classes.tolist())
    with damage(path):
        return name, Dataset(images=images, labels=labels.reshape(-1), classes=given), ""


def _labels(path: Path, images: str) -> tuple[NDArray[Any] | None, str]:
    """Return the labels of an array of images, or why there are none; "" where nothing is there.

    They are those that belong to its name, or else the only ones.
    """
    table = TEST_LABELS if images in TEST_IMAGES else LABELS
    _, own = _first(path, [table[images]] if images in table else [], _are_labels)
    if own is not None:
        return own, ""
    found = [_first(path, [name], _are_labels) for name in dict.fromkeys(table.values())]
    named = [(name, array) for name, array in found if array is not None]
    for name, array in named[1:]:
        if not np.array_equal(array.reshape(-1), named[0][1].reshape(-1)):
            both = f"its arrays {named[0][0]} and {name} are both integers (N,), and not the same"
            return None, f"{both}: remove one of them"
    if named:
        return named[0][1], ""
    name, other = _first(path, table.values(), lambda a: True)
    if other is None:
        return None, ""
    return None, (
        f"its array {name} is {other.dtype} {other.shape}, and labels are integers (N,): save the "
        "number of each image's class"
    )


def _are_labels(array: NDArray[Any]) -> bool:
    """Return whether an array can be labels: integers (N,) or, as in MedMNIST, (N, 1).

    Other numbers under such a name, angles say, are no classes.
    """
    return array.dtype.kind in "iu" and array.shape[1:] in ((), (1,))


def _first(
    path: Path, names: Iterable[str], fits: Callable[[NDArray[Any]], bool]
) -> tuple[str, NDArray[Any] | None]:
    """Return the first of `names` whose array fits, and the array; "" and None where none does."""
    with _opened(path) as content:
        for name in names:
            if name in content.files:
                _require_content(content, name)
                array = content[name]
                if isinstance(array, np.ndarray) and fits(array):  # other files in it are bytes
                    return name, array
    return "", None


def _require_content(content: Any, name: str) -> None:
    """Raise ValueError where an array is encrypted, or has fewer bytes than its header tells.

    numpy makes room for what the header tells before it reads.
    """
    archive = content.zip
    member = archive.getinfo(name if name in archive.namelist() else f"{name}.npy")
    if is_encrypted(member):
        raise ValueError(f"its array {name} is encrypted: save it without a password")
    with archive.open(member) as file:
        if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:
            return  # no array
        read = HEADERS.get(tuple(file.read(2)))
        if read is None:
            return  # numpy says what it does not know
        shape, _, dtype = read(file)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > member.file_size:
        told = f"{dtype} {shape}".replace(",)", ")")
        raise ValueError(f"it is damaged: its array {name} should be {told}, and is smaller")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield the content of an .npz; raise DataError where it cannot be read."""
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path} cannot be read as .npz, as it is none: np.savez('x.npz', images=…) writes one"
        )
    try:
        with np.load(path, allow_pickle=False) as content:
            yield content
    except MemoryError as error:
        raise DataError(f"{path} cannot be read as .npz: there is no memory for it") from error
    except Exception as error:  # a damaged file makes zip and numpy raise whatever they like
        why = str(error) or type(error).__name__
        if "max_header_size" in why:
            why = "the header of an array is too long"
        elif "pickle" in why:  # numpy advises to read it all the same, which may run code
            why = "it holds Python objects, and ganzoo reads arrays of numbers and text alone"
        raise DataError(f"{path} cannot be read as .npz: {why}") from error
