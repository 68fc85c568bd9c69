"""Labelled sheets of what latents and classes do: coordinates, ways between images, directions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ganzoo.draw.directions import Directions, along
from ganzoo.draw.generator import BATCH_SIZE, Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.draw.selection import Selection
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError

HALF, HALF_MOVING = 3, 12
"""Images on either side of the middle, in a sheet and in an animation."""


def sweep(
    generator: Generator,
    indices: Sequence[int],
    values: Sequence[float] = (-3.0, 0.0, 3.0),
    rows: int = 8,
    seed: int = 0,
) -> Sheet:
    """Return a sheet of `rows` images of `seed`, in which each coordinate of z takes each value.

    It has a group of columns for each of `indices`, and in it a column for each of `values`.
    """
    sweeps = [generator.sweep(index, values, rows, seed) for index in indices]
    return Sheet(
        np.stack(sweeps, axis=1),
        rows=[f"image {i}" for i in range(rows)],
        columns=[f"{value or 0:g}" for value in values],  # -0 is 0
        groups=[f"z[{index}]" for index in indices],
    )


def interpolation(
    generator: Generator, seeds: Sequence[int] = (0, 1, 2, 3), steps: int = 8
) -> Sheet:
    """Return a sheet with a row of `steps` images for each way from image 0 of a seed to the next.

    Raises UsageError for fewer than two seeds.
    """
    parts = _ways(generator, seeds, steps)
    return Sheet(
        parts[:, None],
        rows=[f"seed {a} to {b}" for a, b in pairwise(seeds)],
        columns=[f"{round(step / (steps - 1), 2):g}" for step in range(steps)],
        groups=["t, from the first seed to the second"],
    )


def walk(generator: Generator, seeds: Sequence[int] = (0, 1, 2, 3), steps: int = 24) -> Sheet:
    """Return one row that is the whole way through image 0 of all seeds: frames of an animation."""
    parts = _ways(generator, seeds, steps)
    labels = [f"seed {seeds[0]}"]
    for a, b in pairwise(seeds):
        labels += [f"{a} to {b}"] * (steps - 2) + [f"seed {b}"]
    way = np.concatenate([parts[0, :1], *parts[:, 1:]])  # a stop ends one part and begins the next
    return Sheet(way[None, None], columns=labels, size=256)


def directions(
    generator: Generator, found: Directions, reach: float = 3.0, rows: int = 8, seed: int = 0
) -> list[Sheet]:
    """Return a sheet for each direction: `rows` images of `seed`, up to `reach` sigma each way."""
    steps = [reach * step / HALF for step in range(-HALF, HALF + 1)]
    return [
        Sheet(
            along(generator, vector, steps, rows, seed)[:, None],
            rows=[f"image {i}" for i in range(rows)],
            columns=[f"{step:.3g}" for step in steps],
            groups=[f"direction {number} ({share:.1%} of the variance), in sigma"],
        )
        for number, (vector, share) in enumerate(
            zip(found.vectors, found.shares, strict=True), start=1
        )
    ]


def moving_directions(
    generator: Generator, found: Directions, reach: float = 3.0, rows: int = 8, seed: int = 0
) -> Sheet:
    """Return one sheet of all directions side by side: its columns are frames of an animation."""
    steps = [reach * step / HALF_MOVING for step in range(-HALF_MOVING, HALF_MOVING + 1)]
    moved = [along(generator, vector, steps, rows, seed) for vector in found.vectors]
    return Sheet(
        np.stack(moved, axis=1),
        rows=[f"image {i}" for i in range(rows)],
        columns=[f"{step:.3g} sigma" for step in steps],
        groups=[f"direction {number}" for number in range(1, len(moved) + 1)],
    )


def classes(selection: Selection) -> Sheet:
    """Return a sheet with a row for each class of a selection, of which there must be some."""
    images = np.concatenate(list(selection.batches(BATCH_SIZE)))
    return Sheet(
        images.reshape(-1, 1, selection.n, *images.shape[1:]),
        rows=[selection.generator.classes[number] for number in selection.classes],
    )


def _ways(generator: Generator, seeds: Sequence[int], steps: int) -> Pixels:
    if len(seeds) < 2:
        raise UsageError("a way needs two seeds or more", "seeds")
    return np.stack([generator.interpolate(a, b, steps) for a, b in pairwise(seeds)])
