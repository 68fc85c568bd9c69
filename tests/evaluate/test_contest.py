"""Means and deviations over the seeds of a contest, and what is not in them."""

from __future__ import annotations

import pytest

from ganzoo.evaluate.contest import Contest, spread, tables
from tests.contests import CONTEST, NAN, lap
from tests.judged import evaluation


def test_a_table_has_mean_and_deviation_over_the_seeds_that_reached_the_end() -> None:
    first, second = tables(CONTEST)
    assert [result.name for result in first.results] == ["good", "bad"]
    good, bad = first.results
    assert good.scores["frechet"] == pytest.approx((5, 2**0.5))
    assert (good.seeds, good.missing) == ([0, 1], [f"seed 2: {NAN}"])
    assert bad.scores["frechet"] == pytest.approx((21, 1))
    assert (first.floor["frechet"], first.ceiling["frechet"]) == (0.02, (74, 74))
    (alone,) = second.results
    assert (alone.name, alone.scores["frechet"]) == ("other", (1, None))
    assert "features: classifier 1" in second.why


def test_a_seed_that_is_not_there_to_the_end_is_named() -> None:
    laps = [lap("a", 0, n, evaluation(n)) for n in (1, 2)] + [lap("a", 1, 1, evaluation(1))]
    ((result,),) = [table.results for table in tables(Contest(laps=laps))]
    assert (result.seeds, result.missing) == ([0], ["seed 1: it is not finished"])


def test_the_deviation_of_one_value_is_not_known() -> None:
    assert spread([3.0]) == (3, None)
    assert spread([1.0, 2.0, 3.0]) == (2, 1)
