"""The distance of patches, against a plain version of the paper's, and what it sees."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from ganzoo.evaluate import wasserstein
from ganzoo.evaluate.wasserstein import sliced_wasserstein

Pixels = NDArray[np.uint8]
KERNEL = np.array([1, 4, 6, 4, 1]) / 16


def images(n: int, seed: int, side: int = 28, channels: int = 1) -> Pixels:
    """Return images with structure at several scales."""
    rng = np.random.default_rng(seed)
    drawn = ndimage.gaussian_filter(rng.normal(size=(n, side, side, channels)), (0, 3, 3, 0)) * 300
    drawn += ndimage.gaussian_filter(rng.normal(size=drawn.shape), (0, 0.7, 0.7, 0)) * 60
    return np.asarray(np.clip(drawn + 128, 0, 255), np.uint8)


def plain_pyramid(image: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the levels of one channel (H, W), as in the paper's program."""
    kernel = np.outer(KERNEL, KERNEL)
    if min(image.shape) < 28:
        return [image]
    smaller = ndimage.convolve(image, kernel, mode="mirror")[::2, ::2]
    spaced = np.zeros_like(image)
    spaced[::2, ::2] = smaller
    return [image - ndimage.convolve(spaced, 4 * kernel, mode="mirror"), *plain_pyramid(smaller)]


def plain(one: Pixels, other: Pixels) -> dict[int, float]:
    """Return the distances of the levels, one image, one patch and one direction at a time."""
    places = [np.random.default_rng(0), np.random.default_rng(0)]
    found: dict[int, list[list[NDArray[Any]]]] = {}
    for images_of, rng in zip((one, other), places, strict=True):
        pyramids = [
            [plain_pyramid(image[..., c].astype(np.float64)) for c in range(image.shape[2])]
            for image in images_of
        ]
        for level in range(len(pyramids[0][0])):
            height, width = pyramids[0][0][level].shape
            top = rng.integers(0, height - 6, 128 * len(images_of))
            left = rng.integers(0, width - 6, 128 * len(images_of))
            patches = np.array(
                [
                    [channel[level][y : y + 7, x : x + 7] for channel in pyramids[i // 128]]
                    for i, (y, x) in enumerate(zip(top, left, strict=True))
                ]
            )
            patches -= patches.mean((0, 2, 3), keepdims=True)
            patches /= patches.std((0, 2, 3), keepdims=True)
            found.setdefault(height, []).append([patch.ravel() for patch in patches])
    rng = np.random.default_rng(0)
    distances = {}
    for height, (ours, theirs) in found.items():
        directions = rng.standard_normal((ours[0].size, wasserstein.DIRECTIONS)).T
        distances[height] = float(
            np.mean(
                [
                    stats.wasserstein_distance(ours @ unit, theirs @ unit)
                    for unit in (d / np.linalg.norm(d) for d in directions)
                ]
            )
        )
    return distances


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (33, 3)])
def test_it_is_a_plain_version_of_the_papers(side: int, channels: int) -> None:
    one, other = images(6, 1, side, channels), images(6, 2, side, channels) // 2 * 2
    ours, theirs = sliced_wasserstein(one, other), plain(one, other)
    assert list(ours.levels) == list(theirs) == [side, (side + 1) // 2]
    for height, value in theirs.items():
        assert ours.levels[height] == pytest.approx(value, rel=1e-6)
    assert ours.mean == pytest.approx(np.mean([*ours.levels.values()]))


def test_it_rises_with_noise_and_with_blur() -> None:
    real, other = images(60, 1), images(60, 2)
    noise = np.random.default_rng(3).normal(size=real.shape)

    def damaged(kind: str, level: float) -> float:
        if kind == "noise":
            found = other + level * noise
        else:
            found = ndimage.gaussian_filter(other.astype(float), (0, level, level, 0))
        return sliced_wasserstein(np.clip(found, 0, 255).astype(np.uint8), real).mean

    for kind, levels in {"noise": (0, 8, 16, 32), "blur": (0, 0.5, 0.8, 1.2)}.items():
        values = [damaged(kind, level) for level in levels]
        assert all(a < b for a, b in itertools.pairwise(values)), (kind, values)
    assert sliced_wasserstein(real, real).mean == 0


def test_levels_and_seeds() -> None:
    one, other = images(20, 1, 96, 3), images(20, 2, 96, 3)
    found = sliced_wasserstein(one, other)
    assert list(found.levels) == [96, 48, 24]
    assert found == sliced_wasserstein(one, other)
    assert found != sliced_wasserstein(one, other, seed=1)
    assert list(sliced_wasserstein(images(20, 1, 8), images(20, 2, 8)).levels) == [8]


def test_images_of_one_colour_have_a_distance_too() -> None:
    black = np.zeros((20, 28, 28, 1), np.uint8)
    assert sliced_wasserstein(black, black).mean == 0
    assert 0.1 < sliced_wasserstein(black, images(20, 1)).mean < 10
