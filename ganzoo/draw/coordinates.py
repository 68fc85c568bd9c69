"""What single coordinates of z do: the latents of a sweep, and how far each moves the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.pixels import Pixels
from ganzoo.errors import UsageError

MAX_COORDINATES = 2**11
"""Most coordinates of z to try one by one, or to find directions in: four times StyleGAN's."""

Values = Sequence[float] | Sequence[Sequence[float]] | NDArray[Any]
"""What coordinates are set to: numbers for all of them, or a sequence of numbers for each."""


def values_of_each(values: Values, count: int) -> list[list[float]]:
    """Return what each of `count` coordinates is set to: `count` lists of the same length.

    Raises UsageError where `values` are neither one list of numbers nor `count` equally long ones.
    """
    shapes = [np.shape(value) for value in values]
    if not any(shapes):
        return [[float(value) for value in values]] * count  # type: ignore[arg-type]
    if len(shapes) != count or len(shapes[0]) != 1 or len(set(shapes)) > 1:
        raise UsageError(
            f"values must be one list of numbers, or {count} of the same length, one for each "
            "coordinate",
            "values",
        )
    return [[float(value) for value in own] for own in values]  # type: ignore[union-attr]


def swept(z: NDArray[np.float32], index: int, values: Sequence[float]) -> NDArray[np.float64]:
    """Return z (rows, dim) with coordinate `index` set to each value: (rows, len(values), dim)."""
    dim = z.shape[1]
    if not 0 <= index < dim:
        raise UsageError(f"there is no coordinate {index}: this model has 0 … {dim - 1}")
    if len(values) == 0:
        raise UsageError("a sweep needs at least one value")
    changed = z[:, None].repeat(len(values), axis=1).astype(np.float64)
    changed[:, :, index] = values
    return changed


def movement(
    draw: Callable[[NDArray[np.float32]], Pixels],
    z: NDArray[np.float32],
    reach: float,
    batch_size: int,
) -> NDArray[np.float64]:
    """Return how far each coordinate of z (rows, dim) moves the picture, in grey levels of 255.

    `draw` takes latents (rows, n, dim) and returns uint8 (rows, n, H, W, C); about `batch_size`
    images are asked for at a time.
    """
    rows, dim = z.shape
    tried = min(dim, MAX_COORDINATES)
    at_once = max(1, batch_size // (2 * rows))
    moved = list[float]()
    for first in range(0, tried, at_once):
        indices = np.arange(first, min(first + at_once, tried))
        ends = np.tile(z[:, None, None], (len(indices), 2, 1))  # (rows, indices, 2, dim)
        ends[:, indices - first, :, indices] = [-reach, reach]
        both = draw(ends.reshape(rows, -1, dim)).astype(int).reshape(rows, len(indices), 2, -1)
        moved += np.abs(both[:, :, 0] - both[:, :, 1]).mean(axis=(0, 2)).tolist()
    return np.array(moved)


def strongest(moved: NDArray[np.float64], count: int) -> list[tuple[int, float]]:
    """Return the `count` coordinates that move the picture most, each with how far, in order.

    Of those that move it as far, the lower comes first.
    """
    first = (-moved).argsort(kind="stable")[:count]
    return [(int(index), float(moved[index])) for index in first]
