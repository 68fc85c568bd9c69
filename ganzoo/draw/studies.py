"""Labelled sheets of what latents and classes do: coordinates, ways between images, directions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ganzoo.draw.checking import Own, check_alone, rows_of
from ganzoo.draw.coordinates import Values, values_of_each
from ganzoo.draw.directions import Directions, along
from ganzoo.draw.generator import BATCH_SIZE, Generator
from ganzoo.draw.pictures import PAGE
from ganzoo.draw.pixels import GAP, Pixels
from ganzoo.draw.selection import Selection
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError

SEEDS = (0, 1, 2, 3)
"""Seeds that a way leads through, unless you say otherwise."""
HALF, HALF_MOVING = 3, 12
"""Images on either side of the middle, in a sheet and in an animation."""
AS_IT_IS = "as it is"
"""Heading of the image that nothing was changed in."""


def sweep(
    generator: Generator,
    indices: Sequence[int],
    values: Values = (-3.0, 0.0, 3.0),
    rows: int | None = None,
    seed: int | None = None,
    *,
    z: Own = None,
) -> Sheet:
    """Return a sheet in which each coordinate of z takes each value, and all others are kept.

    Its rows are the first `rows` images of `seed`, by default eight of seed 0, or those of your own
    latents `z`, (rows, latent_dim). The first column has them as they are. Then there is a group of
    columns for each of `indices`. `values` are numbers, for all of them, or one sequence of numbers
    for each, all of the same length.
    """
    lists = values_of_each(values, len(indices))
    begin = rows_of(generator.info.latent_dim, rows, seed, z)
    sweeps = [
        generator.sweep(index, own, rows, seed, z=z)
        for index, own in zip(indices, lists, strict=True)
    ]
    labels = [[f"{value or 0:g}" for value in own] for own in lists]  # -0 is 0
    same = all(own == labels[0] for own in labels)
    return Sheet(
        np.stack(sweeps, axis=1),
        rows=[f"image {i}" for i in range(len(begin))],
        columns=labels[0] if same else [label for own in labels for label in own],
        groups=[f"z[{index}]" for index in indices],
        size=room_of_each(1 + sum(map(len, labels))),
        first=(AS_IT_IS, generator.draw_rows(begin[:, None], seed or 0)[:, 0]),
    )


def interpolation(
    generator: Generator,
    seeds: Sequence[int] | None = None,
    steps: int = 8,
    *,
    z: Own = None,
) -> Sheet:
    """Return a sheet with a row of `steps` images for each way from one stop to the next.

    The stops are image 0 of each of `seeds`, by default 0, 1, 2 and 3, or your own latents `z`,
    (n, latent_dim), one after the other. Raises UsageError for fewer than two stops.
    """
    kind, stops, parts = _ways(generator, seeds, steps, z)
    return Sheet(
        parts[:, None],
        rows=[f"{kind} {a} to {b}" for a, b in pairwise(stops)],
        columns=[f"{round(step / (steps - 1), 2):g}" for step in range(steps)],
        groups=[f"t, from the first {kind} to the second"],
        size=room_of_each(steps),
    )


def walk(
    generator: Generator,
    seeds: Sequence[int] | None = None,
    steps: int = 24,
    *,
    z: Own = None,
) -> Sheet:
    """Return one row that is the whole way through all stops: frames of an animation.

    The stops are as in `interpolation`.
    """
    kind, stops, parts = _ways(generator, seeds, steps, z)
    labels = [f"{kind} {stops[0]}"]
    for a, b in pairwise(stops):
        labels += [f"{a} to {b}"] * (steps - 2) + [f"{kind} {b}"]
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
            size=room_of_each(len(steps)),
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


def classes(selection: Selection, *, scale: int | None = None, numbered: bool = False) -> Sheet:
    """Return a sheet with a row for each class of a selection, of which there must be some.

    Where the images are `numbered`, their numbers are above the columns.
    """
    images = np.concatenate(list(selection.batches(BATCH_SIZE)))
    return Sheet(
        images.reshape(-1, 1, selection.n, *images.shape[1:]),
        rows=[selection.generator.classes[number] for number in selection.classes],
        columns=[f"{i}" for i in range(selection.n)] if numbered else (),
        size=room_of_each(selection.n),
        scale=scale,
    )


def room_of_each(columns: int) -> int:
    """Return how many pixels wide an image may be where so many fill `PAGE`, and 64 at least."""
    return max(64, PAGE // max(columns, 8) - GAP)


def _ways(
    generator: Generator, seeds: Sequence[int] | None, steps: int, z: Own
) -> tuple[str, Sequence[int], Pixels]:
    """Return what the stops are, the number of each, and the ways (stops - 1, steps, H, W, C)."""
    check_alone(z, seeds=seeds)
    if z is not None:
        return "image", range(len(z)), generator.way(z, steps)
    seeds = SEEDS if seeds is None else seeds
    if len(seeds) < 2:
        raise UsageError("a way needs two seeds or more", "seeds")
    return "seed", seeds, np.stack([generator.interpolate(a, b, steps) for a, b in pairwise(seeds)])
