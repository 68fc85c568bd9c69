"""How far two sets of features cover each other: precision, recall, density and coverage.

A feature stands for its neighbourhood: the ball around it that reaches to its k-th nearest
neighbour in its own set. Precision and recall: Kynkäänniemi et al., NeurIPS 2019. Density and
coverage: Naeem et al., ICML 2020. The counts are those of their package prdc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.evaluate.distances import chunks, smallest
from ganzoo.evaluate.manifold_errors import NEIGHBOURS, Subsets, error_of_mean, error_of_share

Array = NDArray[np.float64]


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
    and density are means over independent pictures, so the errors are those of a mean. The errors
    of recall and coverage come from random subsets of the pictures: see `manifold_errors`.
    """
    drawn, real = pictures.astype(np.float64), real.astype(np.float64)
    n, m = len(drawn), len(real)
    if real_radii is None:
        real_radii = radii(real, k)
    near, who = _neighbours(drawn, min(NEIGHBOURS * k + 1, n))
    subsets = Subsets.of(near, who, k)
    around = np.zeros(n, np.int64)
    covered, reached = np.zeros(m, bool), np.zeros(m, bool)
    covered_again, reached_again = subsets.table(m), subsets.table(m)
    for start, squares in chunks(real, drawn):
        rows = slice(start, start + len(squares))
        inside = squares < real_radii[rows, None]
        around += inside.sum(0)
        covered[rows] = inside.any(1)
        covered_again[rows] = subsets.any(inside)
        holding = squares < near[:, k]
        reached[rows] = holding.any(1)
        reached_again[rows] = subsets.reached(squares, holding)
    densities, precise = around / k, around > 0
    recall, found = float(reached.mean()), float(covered.mean())
    return Manifolds(
        precision=float(precise.mean()),
        precision_error=error_of_mean(precise),
        recall=recall,
        recall_error=error_of_share(recall, reached_again),
        density=float(densities.mean()),
        density_error=error_of_mean(densities),
        coverage=found,
        coverage_error=error_of_share(found, covered_again),
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
