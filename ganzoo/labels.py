"""Labels of images, and the names of their classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CLASSES = 100_000
"""Labels without names must be below this: a higher number is not that of a class."""
MOST_CHARACTERS = 2**20
"""Most characters in the names of all classes, which each file of weights has."""


def checked(
    labels: Any, classes: Iterable[Any], images: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return labels as int64 and the names of their classes; raise ValueError if either is wrong.

    The error says what is wrong, as in "5 labels for 6 images".
    """
    import numpy as np

    if not isinstance(classes, list | tuple):  # a set has no order, and a text is no list of names
        raise ValueError(f"classes are a {type(classes).__name__}, not a tuple of names")
    found, names = np.asarray(labels), tuple(classes)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError(f"labels are {found.dtype} {found.shape}, not integers (N,)")
    if len(found) != images:
        raise ValueError(f"{len(found)} labels for {images} images")
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("a class has a name that is no text, or an empty one")
    if len(names) > MOST_CLASSES or sum(map(len, names)) > MOST_CHARACTERS:
        told = f"{len(names):,} classes, with {sum(map(len, names)):,} characters in their names"
        raise ValueError(f"{told}, are too many: {MOST_CLASSES:,}, with {MOST_CHARACTERS:,}, fit")
    names = tuple(name.encode("utf-8", "backslashreplace").decode() for name in names)
    if len(set(names)) < len(names):
        raise ValueError(f"two classes have the same name: {', '.join(sorted(names))}")
    low, high = (int(found.min()), int(found.max())) if images else (0, -1)
    most = len(names) or MOST_CLASSES
    if low < 0 or high >= most:
        wrong = low if low < 0 else high
        raise ValueError(f"label {wrong} is of no class: labels are from 0 to {most - 1}")
    return found.astype(np.int64), names or tuple(map(str, range(high + 1)))
