"""Schedules: their values by hand."""

from __future__ import annotations

import math

import pytest

from ganzoo.schedules import constant, cosine, linear, warm_up


def test_values_are_known() -> None:
    assert constant(0.3)(5, 10) == 0.3
    assert [linear(1, 0)(seen, 100) for seen in (0, 25, 100)] == [1, 0.75, 0]
    assert [linear(2, 4, until=0.5)(seen, 100) for seen in (0, 25, 50, 99)] == [2, 3, 4, 4]
    assert [cosine(1, 0)(seen, 100) for seen in (0, 50, 100)] == pytest.approx([1, 0.5, 0])
    assert cosine(0.9, 0.99, until=0.5)(25, 100) == pytest.approx(0.945)
    assert cosine(1, 0)(25, 100) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert [warm_up(100)(seen, 1000) for seen in (0, 50, 100, 900)] == [0.01, 0.5, 1, 1]
    assert warm_up(100, then=linear(1, 0))(50, 1000) == pytest.approx(0.5 * 0.95)


@pytest.mark.parametrize("until", [0, -1, 1.5, math.nan])
def test_a_share_that_is_none_is_refused(until: float) -> None:
    for schedule in (linear, cosine):
        with pytest.raises(ValueError, match="until must be a share of the run"):
            schedule(1, 0, until)


def test_a_warm_up_of_no_images_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        warm_up(0)
