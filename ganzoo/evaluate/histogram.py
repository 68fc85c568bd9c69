"""The classes that a classifier sees in pictures, compared with those of real images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.5
"""Pictures that are added to every class, so that an absent class costs much but not everything
(the prior of Jeffreys)."""


class Histogram(NamedTuple):
    """The classes of a set of pictures."""

    shares: NDArray[np.float64]
    """(classes,): the share of the pictures whose most probable class it is."""

    divergence: float
    """Kullback-Leibler divergence of these shares from the real ones, in nats; 0 for the same."""

    confidence: float
    """Mean probability of the most probable class, from 1 / classes to 1."""

    error: float
    """Standard error of the confidence over the drawing of the pictures."""


def compare(drawn: NDArray[Any], real: NDArray[Any]) -> Histogram:
    """Return the classes of `drawn` against those of `real`: probabilities (n, classes) and (m, …).

    The divergence is the sum of p log (p / q) over the classes, of the shares p of drawn and q of
    real images. Half an image is added to each class of both, so it is always finite.
    """
    ours, theirs = _counts(drawn), _counts(real)
    p, q = _smoothed(ours), _smoothed(theirs)
    highest = drawn.max(1).astype(np.float64)
    error = highest.std(ddof=1) / np.sqrt(len(highest)) if len(highest) > 1 else np.nan
    divergence = max(0.0, float((p * np.log(p / q)).sum()))  # rounding may leave it below 0
    return Histogram(ours / len(drawn), divergence, float(highest.mean()), float(error))


def _counts(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Return how many rows have their greatest value in each column."""
    found = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])
    return found.astype(np.float64)


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts as shares above 0 that add up to 1."""
    shares: NDArray[np.float64] = (counts + PRIOR) / (counts.sum() + PRIOR * len(counts))
    return shares
