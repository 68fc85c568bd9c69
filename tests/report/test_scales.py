"""Where the numbers of a score stand between untrained and real."""

import pytest

from ganzoo.evaluate.evaluation import Score
from ganzoo.evaluate.measures import MEASURES
from ganzoo.report.scales import Bar, bar


def placed(value: float, floor: float, ceiling: float, measure: str = "precision") -> Bar:
    found = bar(Score(value=value, error=0.1, floor=floor, ceiling=ceiling), MEASURES[measure])
    assert found is not None
    return found


def test_real_is_on_the_right_whichever_number_is_larger() -> None:
    higher = placed(0.25, floor=1, ceiling=0)
    assert (higher.untrained, higher.value, higher.real) == (0, 25, 100)
    assert (higher.low, higher.high) == (15, 35)
    lower = placed(4, floor=1, ceiling=5)
    assert (lower.untrained, lower.value, lower.real) == (0, 25, 100)
    assert (lower.low, lower.high) == (22.5, 27.5)


def test_what_spans_decades_is_logarithmic() -> None:
    found = placed(1, floor=0.1, ceiling=100, measure="frechet")
    assert found.value == pytest.approx(66.67)
    assert found.ticks == pytest.approx([100, 66.67, 33.33, 0])
    assert not found.clipped
    assert placed(4, floor=1, ceiling=9, measure="frechet").ticks == []
    assert placed(0.5, floor=0.9, ceiling=0.001).ticks == []  # a share is no distance


def test_a_number_below_zero_stands_at_the_end_of_a_logarithmic_scale() -> None:
    found = placed(1, floor=-0.002, ceiling=100, measure="kernel")
    assert (found.untrained, found.value, found.real) == (0, 50, 100)
    assert found.clipped


def test_a_bar_grows_beyond_real_and_untrained() -> None:
    better = placed(1.5, floor=1, ceiling=0, measure="density")
    assert (better.untrained, better.real, better.value) == (0, 62.5, 93.75)
    worse = placed(9, floor=1, ceiling=5, measure="frechet")
    assert 0 < worse.value < worse.untrained < worse.real == 100


@pytest.mark.parametrize("measure", ["confidence", "diversity", "copies"])
def test_where_real_is_best_it_is_in_the_middle(measure: str) -> None:
    more = placed(0.6, floor=0.5, ceiling=0.1, measure=measure)
    assert (more.untrained, more.real, more.value) == (0, 50, 62.5)
    assert (more.low, more.high) == (50, 75)
    less = placed(0.1, floor=0.6, ceiling=0.8, measure=measure)
    assert (less.low, less.real) == (0, 50)
    assert less.value < 50 < less.untrained
    same = bar(Score(value=0.5, floor=0.5, ceiling=0.5), MEASURES[measure])
    assert same is not None
    assert same.value == same.real == same.untrained == 50


def test_there_is_no_bar_without_both_ends() -> None:
    assert bar(Score(value=1.0, floor=2.0), MEASURES["frechet"]) is None
    assert bar(Score(value=1.0, ceiling=2.0), MEASURES["frechet"]) is None
    assert bar(Score(value=0.0, floor=0.0, ceiling=0.0), MEASURES["copies"]) is not None
