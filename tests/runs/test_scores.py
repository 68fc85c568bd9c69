"""Which evaluations can be compared, and which step is the best."""

from __future__ import annotations

import math

from ganzoo.runs.scores import best_step


def entries(distances: dict[int, float], yardstick: int = 1) -> list[dict[str, float]]:
    return [
        {"step": step, "samples_seen": 8 * step, "frechet": distance, "yardstick": yardstick}
        for step, distance in distances.items()
    ]


def test_the_smallest_distance_of_those_that_are_there() -> None:
    judged = entries({10: 7, 20: 5, 30: 6, 40: 5})
    assert best_step(judged, {10, 20, 30, 40}) == 20
    assert best_step(judged, {10, 30}) == 30
    assert best_step(judged, {15}) is None
    assert best_step([], {10}) is None
    other = entries({50: 9}, yardstick=2)  # other features, or another number of pictures
    assert best_step([*judged, *other], {10, 20, 50}) == 50


def test_what_is_no_number_is_not_the_best() -> None:
    assert best_step(entries({10: math.nan, 20: 5, 30: math.nan}), {10, 20, 30}) == 20
