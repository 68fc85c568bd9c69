"""Where a score stands between untrained and real pictures, as places on a bar."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ganzoo.evaluate.evaluation import Score
from ganzoo.evaluate.measures import Measure

DECADES = 20.0
"""Ratio of the largest number of a bar to the smallest from which on its scale is logarithmic."""
LEAST = 1e-4
"""Smallest number on a logarithmic scale, as a share of the largest."""


@dataclass(frozen=True)
class Bar:
    """Places of a score's numbers from left (0) to right (100).

    Real pictures are on the right and untrained ones on the left, whichever are the larger numbers.
    The bar grows where the score is beyond one of them. Where the value of real pictures is the
    best, it is in the middle, and larger numbers are on its right.
    """

    value: float
    low: float  # left end of value ± error
    high: float
    real: float
    untrained: float
    ticks: list[float]
    """Places of the powers of ten on a logarithmic scale; none on another."""

    clipped: bool
    """Whether a number is too small for the logarithmic scale, and stands at its end."""


def bar(score: Score, measure: Measure) -> Bar | None:
    """Return where the numbers of a score stand; None where it has no floor or no ceiling."""
    if score.floor is None or score.ceiling is None:
        return None
    error = score.error or 0.0
    whiskers = (score.value - error, score.value + error)
    if measure.better == "near":
        return _around(score.floor, score.value, score.ceiling, whiskers)
    largest = max(score.floor, score.ceiling, score.value)
    least = largest * LEAST
    smallest = max(min(score.floor, score.ceiling, score.value), least)
    logarithmic = measure.better == "lower" and largest >= DECADES * smallest > 0

    def position(number: float) -> float:
        return math.log10(max(number, smallest)) if logarithmic else number

    real, untrained = position(score.floor), position(score.ceiling)
    known = [position(n) for n in (*whiskers, score.value)] + [real, untrained]
    place = _placed(min(known), max(known), rising=real >= untrained)
    low, high = sorted(place(position(number)) for number in whiskers)
    decades = range(math.ceil(min(known)), math.floor(max(known)) + 1) if logarithmic else ()
    return Bar(
        value=place(position(score.value)),
        low=low,
        high=high,
        real=place(real),
        untrained=place(untrained),
        ticks=[place(float(decade)) for decade in decades],
        clipped=logarithmic and min(score.floor, score.ceiling, score.value) < least,
    )


def _around(real: float, value: float, untrained: float, whiskers: tuple[float, float]) -> Bar:
    """Return a bar with real pictures in its middle."""
    reach = max(abs(number - real) for number in (value, untrained, *whiskers)) or 1.0

    def place(number: float) -> float:
        return round(50 + 50 * (number - real) / reach, 2)

    low, high = map(place, whiskers)
    return Bar(
        value=place(value), low=low, high=high, real=50.0, untrained=place(untrained),
        ticks=[], clipped=False,
    )  # fmt: skip


def _placed(left: float, right: float, *, rising: bool) -> Callable[[float], float]:
    """Return a function from a position to its place; larger ones are on the right if `rising`."""
    width = right - left

    def place(position: float) -> float:
        share = (position - left) / width if width else 0.5
        return round(100 * (share if rising else 1 - share), 2)

    return place
