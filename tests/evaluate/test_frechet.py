"""The Fréchet distance, against three other programs, and its error."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import linalg

import ganzoo.data.download  # noqa: F401  # lets torchvision be imported beside torch for the CPU
from ganzoo.evaluate.frechet import Moments, frechet_distance, frechet_error


def features(n: int, d: int, seed: int, shift: float = 0.0) -> NDArray[np.float32]:
    """Return correlated features around `shift`, of different sizes in each dimension."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d)
    return np.asarray(mixed * np.linspace(0.5, 2, d) + shift, np.float32)


def distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    return frechet_distance(Moments.of(x), Moments.of(y))


def by_formula(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the distance as the paper's program computes it: by scipy's sqrtm."""
    a, b = (np.cov(of.astype(np.float64), rowvar=False) for of in (x, y))
    apart = x.mean(0, dtype=np.float64) - y.mean(0, dtype=np.float64)
    return float(apart @ apart + np.trace(a) + np.trace(b) - 2 * np.trace(linalg.sqrtm(a @ b)).real)


@pytest.mark.parametrize(("n", "d", "shift"), [(500, 8, 0.3), (300, 64, 0.0), (2000, 64, 1.0)])
def test_it_is_the_papers(n: int, d: int, shift: float) -> None:
    x, y = features(n, d, 1, shift), features(n + 50, d, 2)
    assert distance(x, y) == pytest.approx(by_formula(x, y), rel=1e-6)


def test_it_is_torchmetrics() -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Same(torch.nn.Module):
        num_features = 32

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    x, y = features(400, 32, 1, 0.2).astype(np.float64), features(300, 32, 2).astype(np.float64)
    theirs = FrechetInceptionDistance(feature=Same()).set_dtype(torch.float64)
    theirs.update(torch.from_numpy(y), real=True)
    theirs.update(torch.from_numpy(x), real=False)
    assert distance(x, y) == pytest.approx(float(theirs.compute()), rel=1e-6)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_singular_covariances_are_right_to_fifty_digits(shift: float) -> None:
    """Against mpmath: fewer features than dimensions, in both sets."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 6)) + shift, rng.normal(size=(5, 6))
    with mpmath.workdps(50):
        moments = []
        for of in (x, y):
            rows = mpmath.matrix(of.tolist())
            mean = [mpmath.fsum(rows[:, j]) / rows.rows for j in range(6)]
            centred = mpmath.matrix(rows.rows, 6)
            for i in range(rows.rows):
                for j in range(6):
                    centred[i, j] = rows[i, j] - mean[j]
            moments.append((mean, centred.T * centred / (rows.rows - 1)))
        (mean_x, a), (mean_y, b) = moments
        values = mpmath.eig(a * b, left=False, right=False)
        shared = mpmath.fsum(mpmath.sqrt(mpmath.re(v)) for v in values if mpmath.re(v) > 1e-30)
        apart = mpmath.fsum((p - q) ** 2 for p, q in zip(mean_x, mean_y, strict=True))
        traces = mpmath.fsum(a[j, j] + b[j, j] for j in range(6))
        expected = float(apart + traces - 2 * shared)
    assert distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_what_it_must_not_depend_on() -> None:
    x, y = features(300, 16, 1, 0.5).astype(np.float64), features(200, 16, 2).astype(np.float64)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(16, 16)))[0]
    there = distance(x, y)
    assert distance(y, x) == pytest.approx(there, rel=1e-12)
    assert distance(x @ turn + 7, y @ turn + 7) == pytest.approx(there, rel=1e-10)
    assert distance(3 * x, 3 * y) == pytest.approx(9 * there, rel=1e-12)
    for of in (x, x[:10], np.zeros((5, 3))):  # fewer than dimensions, and all the same
        assert 0 <= distance(of, of) < 1e-10


def test_it_rises_with_noise() -> None:
    x, y = features(1000, 16, 1), features(1000, 16, 1)
    noise = np.random.default_rng(3).normal(size=x.shape)
    distances = [distance(x + level * noise, y) for level in (0, 0.1, 0.2, 0.4, 0.8)]
    assert all(a < b for a, b in itertools.pairwise(distances))


def test_moments_add_up_and_come_apart() -> None:
    x = features(700, 12, 1, 3.0)
    whole, part = Moments.of(x), Moments.of(x[400:])
    for found in (Moments.of(x[:400]) + part, whole + part - part):
        assert found.count == 700
        np.testing.assert_allclose(found.mean, x.mean(0, dtype=np.float64), rtol=1e-12)
        np.testing.assert_allclose(found.covariance, np.cov(x.T.astype(np.float64)), atol=1e-12)
    left = whole - part
    np.testing.assert_allclose(left.covariance, np.cov(x[:400].T.astype(np.float64)), atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_the_error_is_that_of_drawing_again(shift: float) -> None:
    """Within the factor 1.6, of which 1.16 is the noise of a deviation of 20 values."""
    rng = np.random.default_rng(4)
    reference = Moments.of(rng.normal(size=(1000, 16)))
    drawn = [rng.normal(size=(1000, 16)) + shift for _ in range(20)]
    deviation = np.std([frechet_distance(Moments.of(x), reference) for x in drawn], ddof=1)
    ratio = np.mean([frechet_error(x, reference) for x in drawn]) / deviation
    assert 1 / 1.6 < ratio < 1.6
