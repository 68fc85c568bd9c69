"""The kernel distance (KID) of two sets of features: without the bias of few pictures.

Binkowski et al., "Demystifying MMD GANs", ICLR 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VALUES = 4_000_000
"""Values of the kernel that are computed at a time: 32 MB."""


def kernel_distance(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """Return the squared maximum mean discrepancy of `x` (n, d) and `y` (m, d), and its error.

    The kernel is (x.y / d + 1)^3. The estimate is the unbiased one over all pairs, so it may fall
    below 0 where the sets cannot be told apart. The error is the standard error over the drawing of
    `x`, with `y` fixed. Both sets need two features at least.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    n, m = len(x), len(y)
    within, squares = _within(x)
    across = _across(x, y) / m
    value = within.sum() / (n * (n - 1)) + _within(y)[0].sum() / (m * (m - 1)) - 2 * across.mean()
    return float(value), _error(within, squares, across)


def _error(within: Array, squares: float, across: Array) -> float:
    """Return the standard error of the mean of h(i, j) = k(i, j) - across[i] - across[j].

    The mean is over the pairs i != j: a U-statistic (Hoeffding 1948). Its variance is
    (4 (n-2) z1 + 2 z2) / (n (n-1)), with z2 the variance of h, and z1 that of its mean over j. Near
    distance 0 the second term is as large as the first. `within` are the sums over j of k(i, j),
    `squares` is the sum of its squares.
    """
    n = len(within)
    pairs = n * (n - 1)
    total = across.sum()
    means = (within - (n - 2) * across - total) / (n - 1)
    mean = means.mean()
    products = total**2 - (across**2).sum()  # of across[i] across[j], over i != j
    second = squares - 4 * (across @ within) + 2 * (n - 1) * (across**2).sum() + 2 * products
    z2 = second / pairs - mean**2
    # The variance of `means` holds, beside z1, the noise of a mean over n - 1 values.
    spread = means.var(ddof=1)
    z1 = max(0.0, ((n - 1) * spread - z2) / (n - 2)) if n > 2 else 0.0
    return float(np.sqrt(max(0.0, (4 * (n - 2) * z1 + 2 * z2) / pairs)))


def _kernel(x: Array, y: Array) -> Array:
    """Return the kernel of each of `x` with each of `y`: (len(x), len(y))."""
    found = x @ y.T
    found /= x.shape[1]
    found += 1
    square = found * found
    square *= found
    return square


def _within(x: Array) -> tuple[Array, float]:
    """Return, for each i, the sum of k(i, j) over j != i; and the sum of all their squares.

    Every pair is computed once: a chunk of rows meets the rows from its own start on.
    """
    sums, squares, rows = np.zeros(len(x)), 0.0, max(1, VALUES // len(x))
    for start in range(0, len(x), rows):
        own = _kernel(x[start : start + rows], x[start : start + rows])
        np.fill_diagonal(own, 0)
        later = _kernel(x[start : start + rows], x[start + rows :])
        sums[start : start + rows] += own.sum(1) + later.sum(1)
        sums[start + rows :] += later.sum(0)
        squares += float(np.vdot(own, own) + 2 * np.vdot(later, later))
    return sums, squares


def _across(x: Array, y: Array) -> Array:
    """Return, for each of `x`, the sum of its kernel with all of `y`."""
    rows = max(1, VALUES // len(y))
    return np.concatenate([_kernel(x[i : i + rows], y).sum(1) for i in range(0, len(x), rows)])
