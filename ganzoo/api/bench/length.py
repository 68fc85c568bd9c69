"""How many steps a run that ends by the clock will have: its schedules go by the share of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ganzoo.train.events import Event

SHARE = 1 / 40
"""Share of a run's seconds in which its speed is measured."""
FEWEST = 4
"""Fewest steps that are timed."""
MORE = 1.25
"""How many times as many steps a run may have: with fewer than it has time for it would end early.
So schedules come to four fifths of their way."""

TOO_FAST = (
    "it was faster than when it was measured, so its schedules were over before its time: nothing "
    "else should run meanwhile, or take the clock 'cpu'"
)
"""Why a run ended before its time."""


def steps_for(
    seconds: float,
    begun: Callable[[Callable[[], bool]], Iterator[Event]],
    clock: Callable[[], float],
    stop: Callable[[], bool],
) -> int:
    """Return how many steps a run that `begun` begins does in `seconds`, and a quarter more.

    `begun` is called with the function that ends the run. That run is to be thrown away.
    """
    began = ended = clock()
    done = 0

    def over() -> bool:
        nonlocal ended
        ended = clock()
        return stop() or (done >= FEWEST and ended - began >= SHARE * seconds)

    for event in begun(over):
        done = event.state.step
        if not done:  # nothing is trained yet
            began = ended = clock()
    return math.ceil(MORE * done * seconds / max(ended - began, 1e-9)) or FEWEST
