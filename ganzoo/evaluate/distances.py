"""Distances of every item of one set to every item of another, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

VALUES = 4_000_000
"""Distances that are computed at a time: 32 MB of float64."""


def chunks(x: NDArray[Any], y: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the first row, and the squared distances of some rows of `x` to all of `y`.

    `x` is (n, d), `y` is (m, d), both of one floating type, which the distances (rows, m) have too.
    Rounding may leave what is 0 a little below or above. The array is used again for the next rows.
    """
    rows = max(1, min(len(x), VALUES // len(y)))
    lengths_x, lengths_y = (np.einsum("ij,ij->i", of, of) for of in (x, y))
    space = np.empty((rows, len(y)), x.dtype)
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        found = np.matmul(part * x.dtype.type(-2), y.T, out=space[: len(part)])
        found += lengths_y
        found += lengths_x[start : start + rows, None]
        yield start, found


GROUPS = 256
"""Groups of columns of which the least values are compared first."""


def smallest(table: NDArray[Any], count: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the `count` smallest values of each row (rows, count), ascending, and their columns.

    Much faster than np.partition for long rows: the least values of groups of columns give a bound,
    and only the few values up to the bound are sorted.
    """
    rows, columns = table.shape
    size = columns // GROUPS
    if count <= GROUPS and size > 3:
        groups = table[:, : size * GROUPS].reshape(rows, size, GROUPS).min(1)
        bound = np.partition(groups, count - 1, 1)[:, count - 1]
        at, column = np.nonzero(table <= bound[:, None])
        if len(at) < 4 * count * rows:  # many more only where many values are equal
            value = table[at, column]
            order = np.lexsort((value, at))
            first = np.searchsorted(at, np.arange(rows))[:, None] + np.arange(count)
            return value[order[first]], column[order[first]]
    columns_of = np.argpartition(table, count - 1, 1)[:, :count]
    value = np.take_along_axis(table, columns_of, 1)
    order = np.argsort(value, 1, kind="stable")
    return np.take_along_axis(value, order, 1), np.take_along_axis(columns_of, order, 1)
