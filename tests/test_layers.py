"""The blocks that architectures share."""

from __future__ import annotations

import pytest

from ganzoo.layers import halvings


@pytest.mark.parametrize(
    ("size", "least", "base"),
    [
        (28, 4, 7), (32, 4, 4), (48, 4, 6), (64, 4, 4), (96, 4, 6), (128, 4, 4), (256, 4, 4),
        (32, 6, 8), (64, 6, 8), (96, 6, 6), (256, 6, 8), (27, 4, 27), (7, 8, 7), (1, 1, 1),
    ],
)  # fmt: skip
def test_a_size_is_halved_while_it_is_even_and_large(size: int, least: int, base: int) -> None:
    assert size / 2 ** halvings(size, least) == base
