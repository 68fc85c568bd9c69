"""How far the small patches of two sets of images differ: sliced Wasserstein distance (SWD).

Karras et al., "Progressive Growing of GANs", ICLR 2018, section 5. It sees texture, sharpness and
noise at several scales. It hardly sees whether parts fit together, or whether modes are missing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PATCH = 7
"""Side of a patch in pixels."""

PER_IMAGE = 128
"""Patches of an image and level, where there are few images."""

PATCHES = 65_536
"""Patches of a level at most. The paper takes 2 million; what is left of the noise then is that of
the number of images, which more patches of the same images do not lower."""

DIRECTIONS = 256
"""Random directions that patches are projected on. The paper takes 512; half the time changes the
mean by less than other images do (sd 0.0003 to 0.0006, of 2,000 images of Fashion-MNIST)."""

SMALLEST = 14
"""Smallest side of a level in pixels. The paper's is 16, which leaves images of 28 only one."""

AT_ONCE = 100
"""Images that are looked at at a time."""


class Wasserstein(NamedTuple):
    """Sliced Wasserstein distances, from 0; the paper's tables show them times 1,000."""

    levels: dict[int, float]
    """The distance by the height of the level in pixels, finest first. Each level holds the details
    that the next coarser one cannot show; the last holds all that is left."""

    mean: float
    """The mean over the levels."""


def sliced_wasserstein(
    pictures: NDArray[np.uint8], real: NDArray[np.uint8], seed: int = 0
) -> Wasserstein:
    """Return the distance of patches of `pictures` and of `real`: uint8 (n, H, W, C), n the same.

    Each level of a Laplacian pyramid gives up to 128 patches of 7x7 pixels per image. Those of each
    set are normalised: mean 0 and standard deviation 1 in each channel. They are projected on
    256 random directions, and the distance is the mean difference of the sorted projections. `seed`
    chooses places and directions, the same for both sets. Images need sides of 7 pixels or more.
    """
    distances = {}
    rng = np.random.default_rng(seed)
    sets = (_patches(pictures, seed), _patches(real, seed))
    for (height, ours), (_, theirs) in zip(*sets, strict=True):
        directions = rng.standard_normal((ours.shape[1], DIRECTIONS)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        distances[height] = _distance(ours, theirs, directions)
    return Wasserstein(distances, float(np.mean(list(distances.values()))))


def _distance(ours: Array, theirs: Array, directions: Array) -> float:
    """Return the mean distance of two sets of patches (n, values) along the directions."""
    total = 0.0
    for start in range(0, DIRECTIONS, 32):
        some = directions[:, start : start + 32].T
        one, other = (np.sort(some @ patches.T, axis=1) for patches in (ours, theirs))
        total += float(np.abs(one - other).mean(dtype=np.float64)) * len(some)
    return total / DIRECTIONS


def _patches(images: NDArray[np.uint8], seed: int) -> list[tuple[int, Array]]:
    """Return, for each level, its height and normalised patches (n, C * 7 * 7)."""
    rng = np.random.default_rng(seed)
    each = max(1, min(PER_IMAGE, PATCHES // len(images)))
    found: list[list[Array]] = []
    heights: list[int] = []
    for start in range(0, len(images), AT_ONCE):
        levels = _pyramid(images[start : start + AT_ONCE].astype(np.float32))
        heights = [level.shape[1] for level in levels]
        found = found or [[] for _ in levels]
        for parts, level in zip(found, levels, strict=True):
            parts.append(_cut(level, each, rng))
    return [
        (height, _normalised(np.concatenate(parts), images.shape[3]))
        for height, parts in zip(heights, found, strict=True)
    ]


def _cut(level: Array, each: int, rng: np.random.Generator) -> Array:
    """Return `each` patches at random places of each image (n, H, W, C): (n * each, C * 7 * 7)."""
    n, height, width, channels = level.shape
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), (1, 2))
    image = np.repeat(np.arange(n), each)
    top = rng.integers(0, height - PATCH + 1, n * each)
    left = rng.integers(0, width - PATCH + 1, n * each)
    found: Array = windows[image, top, left].reshape(n * each, channels * PATCH * PATCH)
    return found


def _normalised(patches: Array, channels: int) -> Array:
    """Return patches with mean 0 and deviation 1 in each channel, or all 0 if they are equal."""
    of = patches.reshape(len(patches), channels, -1)
    mean = of.mean((0, 2), dtype=np.float64)[None, :, None]
    of -= mean.astype(np.float32)
    spread = np.sqrt(np.einsum("ncp,ncp->c", of, of, dtype=np.float64) / of[:, 0].size)
    of /= np.where(spread > 0, spread, 1)[None, :, None].astype(np.float32)
    return patches


def _pyramid(images: Array) -> list[Array]:
    """Return the levels of the Laplacian pyramid of images (n, H, W, C) (Burt and Adelson 1983)."""
    levels = [images]
    while min(levels[-1].shape[1:3]) >= 2 * SMALLEST:
        smaller = _smooth(_smooth(levels[-1], 1), 2)[:, ::2, ::2]
        levels[-1] = levels[-1] - _enlarged(smaller, levels[-1].shape)
        levels.append(smaller)
    return levels


def _enlarged(images: Array, shape: tuple[int, ...]) -> Array:
    """Return images (n, h, w, C) at twice the size: zeros between the pixels, smoothed."""
    spaced = np.zeros(shape, np.float32)
    spaced[:, ::2, ::2] = images
    return 4 * _smooth(_smooth(spaced, 1), 2)


def _smooth(images: Array, axis: int) -> Array:
    """Return images smoothed along an axis by (1, 4, 6, 4, 1) / 16, mirrored at the borders."""
    around: list[Any] = [(0, 0)] * images.ndim
    around[axis] = (2, 2)
    padded = np.moveaxis(np.pad(images, around, "reflect"), axis, 0)
    found = 6 * padded[2:-2]
    found += 4 * padded[1:-3]
    found += 4 * padded[3:-1]
    found += padded[:-4]
    found += padded[4:]
    found /= 16
    return np.moveaxis(found, 0, axis)
