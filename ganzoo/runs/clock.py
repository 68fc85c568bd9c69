"""Seconds of training until a step of a run: its clock begins anew at each resume."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ganzoo.runs import laps
from ganzoo.runs.folder import METRICS, Run


def clock(entries: Sequence[Mapping[str, Any]], resumed: Sequence[int]) -> list[tuple[int, float]]:
    """Return, for each entry that has a time, its step and the seconds of training until then.

    The clock in metrics.jsonl begins anew after each step in `resumed`, so this adds the last value
    of each part to the times of the next.
    """
    starts: list[int] = []
    for step in resumed:  # what was measured after this step was removed
        starts = [start for start in starts if start < step] + [step]
    found, part, before, last = list[tuple[int, float]](), 0, 0.0, 0.0
    for entry in entries:
        if "seconds" in entry:
            now = bisect_left(starts, entry["step"])
            if now != part:
                part, before, last = now, before + last, 0.0
            last = entry["seconds"]
            found.append((int(entry["step"]), before + last))
    return found


def seconds_at(run: Run, step: int) -> float | None:
    """Return the seconds of training until a step; None where nothing says.

    A comparison counts its own seconds, perhaps of the processor. Otherwise they are those of
    metrics.jsonl: between two entries time is taken to pass evenly, and after the last one it is
    left out.
    """
    with suppress(OSError, ValueError, RecursionError):
        for lap in laps.of_run(run):
            if lap.step == step:
                return lap.seconds
    times = clock(run.lines(METRICS), [line.step for line in run.resumes()])
    if not times:
        return None
    steps, seconds = zip((0, 0.0), *times, strict=True)
    return float(np.interp(step, steps, seconds))
