"""Which range the values of a network have, and what is said of one that hardly fits."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo.export.ranges import Range, could_be, doubt, likely

NOISE = np.random.default_rng(0).normal(size=(16, 3, 8, 8))
DRAWN: dict[str, tuple[NDArray[Any], Range | None]] = {
    "tanh": (np.tanh(NOISE), (-1, 1)),
    "tanh in half precision": (np.tanh(NOISE).astype(np.float16), (-1, 1)),
    "tanh, not trained": (0.003 * NOISE, (-1, 1)),
    "tanh, white with few lines": (np.where(NOISE > 1.7, -0.9, 0.9), (-1, 1)),
    "no tanh": (0.45 * NOISE, (-1, 1)),
    "sigmoid": (1 / (1 + np.exp(-NOISE)), (0, 1)),
    "sigmoid, not trained": (0.5 + 0.003 * NOISE, (0, 1)),
    "no sigmoid": (np.clip(NOISE, 0, 1) + 0.02 * NOISE, (0, 1)),
    "pixels": (127 + 40 * NOISE, (0, 255)),
    "pixels, not trained": (127 + NOISE, (0, 255)),
    "of no usual range": (1000 * NOISE, None),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_right_range_is_likely_and_not_doubted(name: str) -> None:
    values, right = DRAWN[name]
    assert likely(values) == right
    if right:
        assert could_be(values, right)
        assert not doubt(values, right)


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("tanh, not trained", (0, 1), r"\d\d% of the values are outside 0 to 1 and become black "),
        ("tanh, not trained", (0, 1), r"; the range is more likely -1 to 1$"),
        ("no tanh", (-0.5, 0.5), "outside -0.5 to 0.5 .* more likely -1 to 1$"),
        ("sigmoid", (-1, 1), "no value is below 0, so nothing is darker than grey in -1 to 1"),
        ("sigmoid, not trained", (-1, 1), "no value .* more likely 0 to 1$"),
        (
            "of no usual range",
            (-1000, 1000),
            r"outside -1000 to 1000 .* from -3\.9e\+03 to 3\.07e\+03$",
        ),
    ],
)
def test_another_range_is_doubted(name: str, said: Range, why: str) -> None:
    assert re.search(why, doubt(DRAWN[name][0], said))
