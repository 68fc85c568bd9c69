"""Precision, recall, density and coverage, against their authors' package, and their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from prdc import compute_prdc

from ganzoo.evaluate.manifold import compare_manifolds, coverage, radii

NAMES = ("precision", "recall", "density", "coverage")


def features(n: int, seed: int, d: int = 16) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def some_sets() -> list[Any]:
    """Return (pictures, real images, k)."""
    copies = np.repeat(features(40, 5), 10, 0) + 0.01 * features(400, 6)
    return [
        pytest.param(features(600, 1), features(500, 2), 5, id="the same kind"),
        pytest.param(features(600, 1) * 0.8 + 0.3, features(700, 2), 5, id="narrower, beside"),
        pytest.param(features(150, 1) + 9, features(200, 2), 5, id="far away"),
        pytest.param(copies, features(400, 2), 5, id="repeats"),
        pytest.param(features(1500, 1, 64), features(2600, 2, 64), 3, id="several chunks, k 3"),
    ]


@pytest.mark.parametrize(("pictures", "real", "k"), some_sets())
def test_they_are_prdc(pictures: NDArray[Any], real: NDArray[Any], k: int) -> None:
    theirs = compute_prdc(real, pictures, k)
    ours = compare_manifolds(pictures, real, k)
    for name in NAMES:
        assert getattr(ours, name) == pytest.approx(float(theirs[name]), rel=1e-9), name
    assert ours.densities.shape == (len(pictures),)
    assert ours.densities.mean() == pytest.approx(ours.density)
    known = radii(real, k)
    assert compare_manifolds(pictures, real, k, known).recall == ours.recall
    assert coverage(pictures, real, k) == coverage(pictures, real, k, known) == ours.coverage


def test_what_each_of_them_sees() -> None:
    real = features(1000, 1)
    same = compare_manifolds(features(1000, 2), real)
    crowded = compare_manifolds(features(1000, 2) * 0.5, real)
    assert crowded.precision > same.precision
    assert crowded.density > 2 * same.density
    assert crowded.recall < 0.5 * same.recall
    modes = np.where(np.arange(1000) < 500, 4, -4)[:, None]
    assert compare_manifolds(features(1000, 2) + 4, real + modes).coverage < 0.51
    ends = np.concatenate([real.mean(0)[None], real.mean(0)[None] + 50, features(98, 3)])
    densities = compare_manifolds(ends, real).densities
    assert densities[0] == densities.max() > 2
    assert densities[1] == 0


def test_pictures_that_are_all_the_same_are_judged_too() -> None:
    """Every distance between them is equal: no list of neighbours may grow without bound."""
    found = compare_manifolds(np.zeros((2000, 16)), features(2000, 1))
    assert found.recall == 0
    assert found.precision == 1
    assert np.isfinite([found.recall_error, found.coverage_error, found.density_error]).all()
