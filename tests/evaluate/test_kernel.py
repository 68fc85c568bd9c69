"""The kernel distance (KID), against torchmetrics and plain loops, and its error."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganzoo.data.download  # noqa: F401  # lets torchvision be imported beside torch for the CPU
from ganzoo.evaluate import kernel
from ganzoo.evaluate.kernel import kernel_distance


def features(n: int, seed: int, shift: float = 0.0, d: int = 16) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_it_is_torchmetrics(shift: float) -> None:
    """Its one subset is the whole set, so it computes the estimate over all pairs too."""
    from torchmetrics.image.kid import KernelInceptionDistance

    class Same(torch.nn.Module):
        num_features = 16

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    x, y = features(300, 1, shift), features(300, 2)
    theirs = KernelInceptionDistance(feature=Same(), subsets=1, subset_size=300)
    theirs = theirs.set_dtype(torch.float64)
    theirs.update(torch.from_numpy(y), real=True)
    theirs.update(torch.from_numpy(x), real=False)
    assert kernel_distance(x, y)[0] == pytest.approx(float(theirs.compute()[0]), rel=1e-6)


def test_other_numbers_of_features_in_several_chunks() -> None:
    """3,000 features are several chunks; the loop below knows no chunks."""
    x, y = features(3000, 1, 0.1), features(2100, 2)
    assert len(x) ** 2 > 2 * kernel.VALUES
    total = 0.0
    for of in (x, y):
        for i, one in enumerate(of):
            others = np.delete(of, i, 0)
            total += ((others @ one / 16 + 1) ** 3).sum() / (len(of) * (len(of) - 1))
    across = sum(((y @ one / 16 + 1) ** 3).sum() for one in x) / (len(x) * len(y))
    assert kernel_distance(x, y)[0] == pytest.approx(total - 2 * across, rel=1e-9)


def test_it_has_no_bias_and_rises_with_noise() -> None:
    """The mean over 40 small pairs of sets is 0 within its error; a biased estimate is not."""
    values = [kernel_distance(features(50, i), features(50, 100 + i))[0] for i in range(40)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40)
    assert np.std(values) < 0.1
    x, y, noise = features(500, 1), features(500, 2), features(500, 3)
    found = [kernel_distance(x + level * noise, y)[0] for level in (0, 0.25, 0.5, 1)]
    assert all(a < b for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3])
def test_the_error_is_that_of_drawing_again(shift: float) -> None:
    """Within the factor 1.5: also near 0, where half of it is of the second order."""
    reference = features(1000, 900)
    found = np.array([kernel_distance(features(1000, i, shift), reference) for i in range(20)])
    ratio = found[:, 1].mean() / found[:, 0].std(ddof=1)
    assert 1 / 1.5 < ratio < 1.5
