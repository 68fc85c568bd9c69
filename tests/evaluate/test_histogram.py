"""The classes of pictures against those of real images."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ganzoo.evaluate.histogram import compare


def sure(classes: list[int], of: int, by: float = 0.9) -> NDArray[np.float32]:
    """Return probabilities (n, of): `by` for the class of each picture, the rest for the others."""
    found = np.full((len(classes), of), (1 - by) / (of - 1), np.float32)
    found[np.arange(len(classes)), classes] = by
    return found


def test_shares_divergence_and_confidence_by_hand() -> None:
    found = compare(sure([0, 0, 0, 1], 2, 0.8), sure([0, 1, 0, 1], 2))
    assert found.shares.tolist() == [0.75, 0.25]
    assert found.confidence == pytest.approx(0.8)
    assert found.error == pytest.approx(0, abs=1e-7)
    assert found.divergence == pytest.approx(0.7 * np.log(0.7 / 0.5) + 0.3 * np.log(0.3 / 0.5))


def test_the_divergence_is_scipys() -> None:
    rng = np.random.default_rng(0)
    drawn, real = rng.dirichlet(np.ones(10), 500), rng.dirichlet(np.linspace(0.5, 2, 10), 700)
    counts = [np.bincount(of.argmax(1), minlength=10) + 0.5 for of in (drawn, real)]
    assert compare(drawn, real).divergence == pytest.approx(stats.entropy(*counts), rel=1e-9)


def test_an_absent_class_costs_much_but_not_everything() -> None:
    real = sure([i % 10 for i in range(1000)], 10)
    values = [
        compare(sure([i % kinds for i in range(1000)], 10), real).divergence
        for kinds in (10, 9, 5, 1)
    ]
    assert values[0] == 0
    assert all(a < b for a, b in itertools.pairwise(values))
    assert values[1] == pytest.approx(np.log(10 / 9), rel=0.05)
    assert values[3] == pytest.approx(np.log(10), rel=0.05)
    assert np.isfinite(compare(real, sure([0] * 1000, 10)).divergence)


def test_the_error_of_the_confidence_is_that_of_drawing_again() -> None:
    rng = np.random.default_rng(0)
    found = [compare(p, p) for p in (rng.dirichlet(np.full(5, 0.5), 400) for _ in range(40))]
    deviation = np.std([of.confidence for of in found], ddof=1)
    assert 1 / 1.4 < np.mean([of.error for of in found]) / deviation < 1.4
