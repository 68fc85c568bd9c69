"""Images, labels and names of classes in a numpy .npz, under the names that people use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data.arrays import OBJECTS, Arrays, opened
from ganzoo.data.decoding import SMALLEST
from ganzoo.data.parts import Parts, damage
from ganzoo.errors import DataError

# x_train and its like are the names in Keras' mnist.npz, train_images those of MedMNIST, data and
# targets the attributes of torchvision's data sets.
IMAGES = ("images", "train_images", "x_train", "X_train", "image", "x", "X", "data")
TEST_IMAGES = ("test_images", "x_test", "X_test")
LABELS = {
    "images": "labels", "train_images": "train_labels", "x_train": "y_train", "X_train": "y_train",
    "image": "label", "x": "y", "X": "y", "data": "targets",
}  # fmt: skip
"""The labels that belong to each array of images: they are taken whatever else is there."""

TEST_LABELS = {"test_images": "test_labels", "x_test": "y_test", "X_test": "y_test"}
TO_LABEL = "save their labels in it as the array labels, integers (N,)"

FIRST = "*"
"""In place of an array's name: the first that fits, which ganzoo took before it asked. Runs of then
are resumed with it."""

_SHOWN = 6  # arrays that are named


def named(path: Path) -> tuple[Path, str]:
    """Return the file that `path` names, and the array in it if it is FILE.npz:ARRAY."""
    end = str(path).lower().rfind(".npz:") + len(".npz")
    if end < len(".npz") or path.exists():
        return path, ""
    return Path(str(path)[:end]), str(path)[end + 1 :]


def npz_parts(path: Path, array: str = "") -> Parts:
    """Return the images of an .npz, and those of its test split; `array` says which to train on.

    Raises DataError, which says what is wrong with the file, or which arrays there are to choose
    from.
    """
    with opened(path) as arrays:
        used = _chosen(path, arrays, array)
        train, why, names = _dataset(path, arrays, used)
        test = next((name for name in TEST_IMAGES if name in arrays.shapes), "")
        if used in TEST_IMAGES:
            test = ""
        parts = Parts(train, no_labels=why, to_label=TO_LABEL, array=used)
        others = [n for n in arrays.shapes if n not in {used, *names, test, TEST_LABELS.get(test)}]
    shown = [*others[:_SHOWN], *([f"{len(others) - _SHOWN} more"] if others[_SHOWN:] else [])]
    if others:
        told = f"{len(others)} array{'' if len(others) == 1 else 's'}: {', '.join(shown)}"
        parts = parts._replace(left_out=told)
    if not test:
        return parts
    return parts._replace(
        test=partial(_reopened, path, test), note=f"its array {test}", test_array=test
    )


def _chosen(path: Path, arrays: Arrays, array: str) -> str:
    """Return the name of the array to train on; DataError where none fits, or several do."""
    fit = [name for name, (shape, kind) in arrays.shapes.items() if _are_images(shape, kind)]
    if array not in ("", FIRST):
        if array not in fit:
            there = f": it has {', '.join(fit[:_SHOWN])}" if fit else ""
            raise DataError(f"{path} holds no uint8 images with the name '{array}'{there}")
        return array
    if not fit and any(kind.hasobject for _, kind in arrays.shapes.values()):
        raise ValueError(OBJECTS)
    if not fit:
        raise DataError(
            f"{path} holds no uint8 images (N, H, W), (N, H, W, C) or (N, C, H, W){arrays.others}"
        )
    large = [name for name in fit if min(_channels_last(arrays.shapes[name][0])[1:3]) >= SMALLEST]
    fit = large or fit  # of those that are too small, one is named
    known = [name for name in IMAGES if name in fit]
    others = [name for name in fit if name not in (*IMAGES, *TEST_IMAGES)]
    tests = [name for name in TEST_IMAGES if name in fit]
    if array == FIRST:
        return [*known, *others, *tests][0]
    choice = known or [*others, *tests]
    if len(choice) > 1:
        raise DataError(
            f"{path} holds {len(choice)} arrays that can be images, {', '.join(choice[:_SHOWN])}: "
            f"say which one to take, data='{path}:{choice[0]}' for example",
            "data",
        )
    return choice[0]


def _are_images(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    if kind != np.uint8 or len(shape) not in (3, 4) or not shape[0]:
        return False
    return len(shape) == 3 or _channels_last(shape)[3] in (1, 3)


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of images as (N, H, W) or (N, H, W, C)."""
    if len(shape) == 4 and shape[3] not in (1, 3):
        return (shape[0], *shape[2:], shape[1])
    return shape


def _reopened(path: Path, name: str) -> Dataset:
    """Return an array of images with their labels."""
    with opened(path) as arrays:
        return _dataset(path, arrays, _chosen(path, arrays, name))[0]


def _dataset(path: Path, arrays: Arrays, name: str) -> tuple[Dataset, str, list[str]]:
    """Return an array of images with their labels, or why none, and the other arrays that it is of.

    Raises DataError where the labels cannot be.
    """
    images = arrays.read(name)
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    labels, why, used = _labels(arrays, name)
    if labels is None:
        return Dataset(images=images), why, used
    classes = _first(arrays, ["classes"], lambda shape, _: len(shape) == 1)
    given = tuple(arrays.read(classes).tolist()) if classes else ()
    with damage(path):
        dataset = Dataset(images=images, labels=labels.reshape(-1), classes=given)
    return dataset, "", [*used, classes]


def _labels(arrays: Arrays, images: str) -> tuple[NDArray[Any] | None, str, list[str]]:
    """Return the labels of an array of images, or why there are none, and the arrays that say so.

    They are those that belong to its name, or else the only ones.
    """
    table = TEST_LABELS if images in TEST_IMAGES else LABELS
    if own := _first(arrays, [table[images]] if images in table else [], _are_labels):
        return arrays.read(own), "", [own]
    there = [name for name in dict.fromkeys(table.values()) if name in arrays.shapes]
    found = [(n, arrays.read(n)) for n in there if _are_labels(*arrays.shapes[n])]
    used = [name for name, _ in found]
    for name, array in found[1:]:
        if not np.array_equal(array.reshape(-1), found[0][1].reshape(-1)):
            both = f"its arrays {found[0][0]} and {name} are both integers (N,), and not the same"
            return None, f"{both}: remove one of them", used
    if found:
        return found[0][1], "", used
    if not there:
        return None, "", []
    shape, kind = arrays.shapes[there[0]]
    why = (
        f"its array {there[0]} is {kind} {shape}, and labels are integers (N,): save the number of "
        "each image's class"
    )
    return None, why, []


def _are_labels(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    """Return whether an array can be labels: integers (N,) or, as in MedMNIST, (N, 1).

    Other numbers under such a name, angles say, are no classes.
    """
    return kind.kind in "iu" and len(shape) > 0 and shape[1:] in ((), (1,))


def _first(
    arrays: Arrays,
    names: Iterable[str],
    fits: Callable[[tuple[int, ...], np.dtype[Any]], bool],
) -> str:
    """Return the first of `names` whose array fits; "" where none does."""
    there = (name for name in names if name in arrays.shapes)
    return next((name for name in there if fits(*arrays.shapes[name])), "")
