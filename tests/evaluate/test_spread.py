"""How much pictures differ."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.evaluate.spread import diversity


def test_diversity_is_a_share_of_that_of_real_images() -> None:
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (32, 8, 8, 3), np.uint8)
    assert diversity(real, real) == pytest.approx(1)
    other = rng.integers(0, 256, (32, 8, 8, 3), np.uint8)
    assert diversity(other, real) == pytest.approx(1, abs=0.05)
    assert diversity(real // 4, real) == pytest.approx(0.25, abs=0.01)
    assert diversity(np.repeat(real[:1], 32, 0), real) == pytest.approx(0, abs=1e-6)
