"""How far two sets of features cover each other: precision, recall, density and coverage.

A feature stands for its neighbourhood: the ball around it that reaches to its k-th nearest
neighbour in its own set. Precision and recall: Kynkäänniemi et al., NeurIPS 2019. Density and
coverage: Naeem et al., ICML 2020. The counts are those of their package prdc.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.evaluate.distances import chunks, smallest
from ganzoo.seeds import uniform

Array = NDArray[np.float64]

ORDER = 3
"""Pictures in a real neighbourhood up to which coverage's error looks; more cost more noise."""

SUBSETS, KEPT = 20, 2 / 3
"""Subsets of the pictures that recall's error comes from, and the share of them that each holds."""

SAFE = 24
"""Pictures' neighbourhoods around a real image of which one is in every subset: at 2 / 3, all but
1 in 10^11 times."""


@dataclass(frozen=True)
class Manifolds:
    """How two sets cover each other. Each `_error` is a standard error over the drawing."""

    precision: float
    """Share of the pictures in the neighbourhood of a real image, from 0 to 1."""

    precision_error: float
    recall: float
    """Share of the real images in the neighbourhood of a picture, from 0 to 1."""

    recall_error: float
    density: float
    """Mean number of real neighbourhoods around a picture, divided by k: about 1 for real images,
    above 1 for pictures that crowd where real images do."""

    density_error: float
    coverage: float
    """Share of the real images with a picture in their neighbourhood, from 0 to 1."""

    coverage_error: float
    densities: Array
    """(n,): the density of each picture."""


def radii(features: NDArray[Any], k: int = 5) -> Array:
    """Return each feature's squared distance to its k-th nearest neighbour; (n,), with n > k."""
    return _neighbours(features.astype(np.float64), k + 1)[0][:, k]


def compare_manifolds(
    pictures: NDArray[Any], real: NDArray[Any], k: int = 5, real_radii: Array | None = None
) -> Manifolds:
    """Compare the features of pictures (n, d) with those of real images (m, d); both more than k.

    Whoever compares many sets with the same real images hands in their `radii` for the same `k`.

    The errors are over the drawing of the pictures, the real images fixed. Given these, precision
    and density are means over independent pictures, so the errors are those of a mean. For coverage
    see `_coverage_error`. For recall, whose neighbourhoods change with the pictures, the error is
    taken from the spread over random subsets, as in the jackknife that deletes many (Shao and Wu
    1989). On Gaussians of 4 to 64 dimensions, 600 drawn and 600 real, both were 0.7 to 1.4 times
    the standard deviation over 30 drawings, which itself is uncertain by 0.13.
    """
    drawn, real = pictures.astype(np.float64), real.astype(np.float64)
    n, m = len(drawn), len(real)
    if real_radii is None:
        real_radii = radii(real, k)
    near, who = _neighbours(drawn, min(3 * k + 1, n))
    subsets = _Subsets.of(near, who, k)
    hits, around = np.zeros(m, np.int64), np.zeros(n, np.int64)
    signs = (uniform(1, 0, n) * 2.0**62).astype(
        np.int64
    )  # sums of them tell sets of pictures apart
    sets = np.zeros(m, np.int64)
    reached = np.zeros(m, bool)
    again = np.zeros((SUBSETS, m), bool)
    for start, squares in chunks(real, drawn):
        rows = slice(start, start + len(squares))
        inside = squares < real_radii[rows, None]
        hits[rows] = inside.sum(1)
        around += inside.sum(0)
        few = np.flatnonzero((hits[rows] > 0) & (hits[rows] <= ORDER))
        sets[rows][few] = inside[few] @ signs
        holding = (squares < near[:, k]).sum(1)
        reached[rows] = holding > 0
        again[:, rows] = subsets.reach(squares, holding)
    densities = around / k
    precise = around > 0
    return Manifolds(
        precision=float(precise.mean()),
        precision_error=_error_of_mean(precise),
        recall=float(reached.mean()),
        recall_error=float(np.sqrt(KEPT / (1 - KEPT) * again.mean(1).var(ddof=1))),
        density=float(densities.mean()),
        density_error=_error_of_mean(densities),
        coverage=float((hits > 0).mean()),
        coverage_error=_coverage_error(hits, sets, n),
        densities=densities,
    )


def coverage(
    pictures: NDArray[Any], real: NDArray[Any], k: int = 5, real_radii: Array | None = None
) -> float:
    """Return the coverage alone, which is faster; the arguments as for `compare_manifolds`."""
    drawn, real = pictures.astype(np.float64), real.astype(np.float64)
    limits = radii(real, k) if real_radii is None else real_radii
    found = 0
    for start, squares in chunks(real, drawn):
        found += int((squares.min(1) < limits[start : start + len(squares)]).sum())
    return found / len(real)


def _neighbours(x: Array, count: int) -> tuple[Array, NDArray[np.intp]]:
    """Return the squared distances of each of `x` to its `count` nearest, itself too; and which."""
    found = [smallest(squares, count) for _, squares in chunks(x, x)]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _error_of_mean(values: NDArray[Any]) -> float:
    """Return the standard error of the mean of independent values."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


@dataclass(frozen=True)
class _Subsets:
    """Random subsets of the pictures, with the neighbourhoods that the pictures have in each."""

    limits: Array
    """(SUBSETS, n): squared radii, or -1 where the picture is not in the subset."""

    @classmethod
    def of(cls, near: Array, who: NDArray[np.intp], k: int) -> _Subsets:
        n = len(near)
        limits = np.full((SUBSETS, n), -1.0)
        for index in range(SUBSETS):
            kept = np.zeros(n, bool)
            kept[np.argsort(uniform(0, index, n))[: round(KEPT * n)]] = True
            # The (k + 1)-th kept of the nearest, itself first; the last known where fewer are kept.
            order = np.cumsum(kept[who], 1) > k
            place = np.where(order[:, -1], order.argmax(1), near.shape[1] - 1)
            limits[index, kept] = near[np.arange(n), place][kept]
        return cls(limits)

    def reach(self, squares: Array, holding: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (SUBSETS, rows): whether a neighbourhood of the subset holds each real image.

        `squares` are the squared distances (rows, n) of some real images to the pictures; `holding`
        is in how many neighbourhoods of all pictures each image is.
        """
        found = np.ones((SUBSETS, len(squares)), bool)
        unsure = np.flatnonzero(holding < SAFE)
        row, picture = np.nonzero(squares[unsure] < self.limits.max(0))
        distance = squares[unsure[row], picture]
        for index, limits in enumerate(self.limits):
            held = distance < limits[picture]
            found[index, unsure] = np.bincount(row[held], minlength=len(unsure)) > 0
        return found


def _coverage_error(hits: NDArray[np.int64], sets: NDArray[np.int64], n: int) -> float:
    """Return the standard error of the coverage over the drawing of `n` pictures.

    `hits` is how many pictures are in the neighbourhood of each real image; `sets` is a number that
    tells which.

    Take a Poisson number of pictures. Two real images are uncovered together more often than by
    chance as far as their neighbourhoods share pictures: with s the expected number of shared ones
    and a, b of the others, by e^-(a+b) (e^-s - e^-2s). An unbiased estimate of it is (-1)^(c+1)
    where both have the same c > 0 pictures, and 0 elsewhere. Its sign makes it noisy. So the terms
    are weighted as Orlitsky, Suresh and Wu (PNAS 2016) smooth the Good-Toulmin series: by the
    probability that of ORDER fair coins at least c are heads. A fixed number of pictures varies
    less: by the square of what one more picture covers.

    A jackknife would overestimate: its error is 1.6 times as large for pictures like real ones.
    """
    m = len(hits)
    total = 0.0
    for c in range(1, ORDER + 1):
        weight = sum(comb(ORDER, heads) for heads in range(c, ORDER + 1)) / 2**ORDER
        _, alike = np.unique(sets[hits == c], return_counts=True)
        total += (-1) ** (c + 1) * weight * float((alike.astype(np.float64) ** 2).sum())
    variance = total / m**2 - float((hits == 1).mean()) ** 2 / n
    return float(np.sqrt(max(variance, 1 / m**2)))  # of one real image at least
