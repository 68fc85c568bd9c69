"""The errors of precision to coverage: those of drawing again, and the subsets behind them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo.evaluate.manifold import compare_manifolds, coverage, radii
from ganzoo.evaluate.manifold_errors import KEPT, NEIGHBOURS, SUBSETS, Subsets, error_of_share


def features(n: int, seed: int, d: int = 16) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def squares(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.square(x[:, None] - y[None]).sum(2)
    return found


@pytest.mark.parametrize("repeats", [1, 4])
def test_in_a_subset_they_are_what_they_are_of_its_pictures_alone(repeats: int) -> None:
    """Also where pictures are repeated, so that neighbourhoods are small and seldom overlap."""
    k = 3
    drawn, real = np.repeat(features(240 // repeats, 1, 4), repeats, 0), features(300, 2, 4)
    drawn = drawn + 1e-3 * features(240, 3, 4)
    between, own = squares(real, drawn), squares(drawn, drawn)
    who = np.argsort(own, 1)[:, : NEIGHBOURS * k + 1]
    near = np.take_along_axis(own, who, 1)
    subsets = Subsets.of(near, who, k)
    reached = subsets.reached(between, between < near[:, k])
    covered = subsets.any(between < radii(real, k)[:, None])
    assert reached.shape == covered.shape == (300, SUBSETS)
    assert len(np.unique(subsets.kept, axis=1).T) == SUBSETS
    for index in range(SUBSETS):
        alone = drawn[subsets.kept[:, index] > 0]
        assert len(alone) == KEPT * 240
        assert reached[:, index].mean() == compare_manifolds(alone, real, k).recall
        assert covered[:, index].mean() == coverage(alone, real, k)


def test_an_error_of_what_never_changes_is_zero() -> None:
    for value in (True, False):
        assert error_of_share(float(value), np.full((50, SUBSETS), value)) == 0
    once = np.ones((50, SUBSETS), bool)
    once[0, :10] = False
    assert 0 < error_of_share(1.0, once) < 0.05


@pytest.mark.parametrize(
    ("scale", "shift"),
    [(1.0, 0.0), (1.0, 0.3), (0.8, 0.0), (1.3, 0.0)],
    ids=["same", "beside", "narrow", "wide"],
)
def test_the_errors_are_those_of_drawing_again(scale: float, shift: float) -> None:
    """Within the factor 1.7, of which 1.16 is the noise of a deviation of 20 values."""
    real = features(1000, 100)
    known = radii(real)
    found = [
        compare_manifolds(features(1000, i) * scale + shift, real, 5, known) for i in range(20)
    ]
    for name in ("precision", "recall", "density", "coverage"):
        deviation = np.std([getattr(of, name) for of in found], ddof=1)
        ratio = np.mean([getattr(of, f"{name}_error") for of in found]) / deviation
        assert 1 / 1.7 < ratio < 1.7, (name, ratio)
