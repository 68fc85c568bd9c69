"""How long something takes, as the median of several rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds_per_call(work: Callable[[], object], seconds: float = 0.1) -> float:
    """Return the median time of `work()` in seconds, after one call to warm up.

    It is the median of five rounds of `seconds` each.
    """
    work()
    return statistics.median(one_round(work, seconds) for _ in range(5))


def one_round(work: Callable[[], object], seconds: float) -> float:
    """Return the mean time of `work()` in seconds; call it for `seconds`, at least once."""
    calls, start = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - start < seconds:
        work()
        calls += 1
    return (time.perf_counter() - start) / calls
