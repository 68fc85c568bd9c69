"""Whether pictures are copies: how near they are to training images, in pixels.

A model that memorised its training images has a perfect Fréchet distance. Only this comparison sees
it. Shifted or mirrored copies are not found: every such search would double the cost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.evaluate.distances import chunks

Pixels = NDArray[np.uint8]

LARGEST = 32
"""Side in pixels above which images are made smaller, by the means of square areas."""

COMPARED = 1_000
"""Pictures, and held-back images, that are compared with every training image at most."""

NEAR = 0.01
"""Share of the held-back images that are nearer to a training image than the threshold."""

SAME = 0.5
"""Grey levels, root mean square, below which two images are the same one."""

PAIRS = 12
"""Pairs that are shown."""


class Nearest(NamedTuple):
    """The training image that is nearest to each picture.

    Distances are in grey levels of 255: the root mean square over the (smaller) image's values.
    """

    distances: NDArray[np.float64]
    """(n,): the distance of each of the first pictures to its nearest training image."""

    indices: NDArray[np.int64]
    """(n,): which training image that is."""

    threshold: float
    """Distance below which a picture counts as near."""

    share: float
    """Share of the pictures that are near. Of real images it is about 0.01, of copies 1."""

    error: float
    """Standard error of the share over the drawing of the pictures."""

    pairs: list[tuple[int, int, float]]
    """The nearest dozen: picture, training image, distance."""


def nearest_training(
    pictures: Pixels,
    training: Pixels,
    held_back: Pixels | None = None,
    threshold: float | None = None,
) -> Nearest:
    """Compare up to 1,000 pictures with all training images; all are uint8 (n, H, W, C).

    `threshold` is `near_threshold(training, held_back)`, where somebody has computed it before.
    """
    if threshold is None:
        threshold = near_threshold(training, held_back)
    ours = _flat(pictures[:COMPARED])
    _, indices = _search(ours, training)
    distances = _exactly(ours, training, indices)
    near = distances < threshold
    error = float(near.std(ddof=1) / np.sqrt(len(near))) if len(near) > 1 else float("nan")
    order = np.argsort(distances, kind="stable")[:PAIRS].tolist()
    pairs = [(i, int(indices[i]), float(distances[i])) for i in order]
    return Nearest(distances, indices, threshold, float(near.mean()), error, pairs)


def near_threshold(training: Pixels, held_back: Pixels | None = None) -> float:
    """Return the distance to a training image that 1 % of the held-back images are below.

    Up to 1,000 of them are measured. Where there are none (None), as many training images are, each
    against the others. An image does not count as near to one that is the same as itself (within
    half a grey level). So images that the data has twice, or in both its splits, neither lower the
    threshold nor make it 0. It is at least half a grey level: a true copy is always near.
    """
    of = training if held_back is None else held_back
    chosen = np.unique(np.linspace(0, len(of) - 1, min(COMPARED, len(of))).round().astype(int))
    distances, _ = _search(_flat(of[chosen]), training, SAME)
    distances = distances[np.isfinite(distances)]
    return float(np.quantile(distances, NEAR)) if len(distances) else SAME


def _search(
    ours: NDArray[np.float32], training: Pixels, above: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each image's distance to its nearest training image, from `above` on; and which it is.

    `ours` is (n, values). The distances are right to some 0.05 grey levels for near pairs. Where
    there is none, the distance is infinite.
    """
    best = np.full(len(ours), np.inf, np.float32)
    indices = np.zeros(len(ours), np.int64)
    step = max(1, 4_000_000 // max(len(ours), ours.shape[1]))
    for start in range(0, len(training), step):
        theirs = _flat(training[start : start + step])
        for row, squares in chunks(theirs, ours):
            if above:
                squares[squares < above**2 * ours.shape[1]] = np.inf
            place = squares.argmin(0)
            least = squares[place, np.arange(len(ours))]
            better = least < best
            best[better] = least[better]
            indices[better] = start + row + place[better]
    return np.sqrt(np.maximum(best, 0).astype(np.float64) / ours.shape[1]), indices


def _exactly(
    ours: NDArray[np.float32], training: Pixels, indices: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the distance of each image to the training image of its index, without rounding."""
    found = np.empty(len(ours))
    for i, (one, index) in enumerate(zip(ours, indices.tolist(), strict=True)):
        apart = one.astype(np.float64) - _flat(training[index : index + 1])[0]
        found[i] = np.sqrt((apart**2).mean())
    return found


def _flat(images: Pixels) -> NDArray[np.float32]:
    """Return images (n, H, W, C), made smaller where they are large, as rows of values - 128.

    So most products of two images are sums of integers below 2^24, which float32 holds exactly.
    """
    height, width = images.shape[1:3]
    factor = -(-max(height, width) // LARGEST)
    values = images.astype(np.float32)
    if factor > 1:
        values = _means(_means(values, 1, factor), 2, factor)
    values -= 128
    return values.reshape(len(images), -1)


def _means(values: NDArray[np.float32], axis: int, factor: int) -> NDArray[np.float32]:
    """Return the means of every `factor` values along an axis; the last are of what is left."""
    starts = np.arange(0, values.shape[axis], factor)
    sums = np.add.reduceat(values, starts, axis)
    counts = np.diff(np.append(starts, values.shape[axis])).astype(np.float32)
    shape = [1] * values.ndim
    shape[axis] = len(starts)
    return np.asarray(sums / counts.reshape(shape))
