"""How fast runs get better: the Fréchet distance over seconds of training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import number
from ganzoo.evaluate.ranking import ranked
from ganzoo.report.curves import MARKS, Chart, Curve
from ganzoo.runs import evaluations
from ganzoo.runs.clock import clock, seconds_at
from ganzoo.runs.folder import METRICS, Run


def over_seconds(runs: Mapping[str, Run]) -> Chart | None:
    """Return the Fréchet distance over seconds of training, of what the first ranking compares.

    Each evaluation of a run is a mark. None where there are fewer than two.
    """
    groups = ranked(judged(runs))
    if not groups:
        return None
    one = next(iter(groups[0].values()))
    curves = [
        _curve(name, run, [e for e, _ in evaluations.saved(run) if e.kind == one.kind])
        for name, run in runs.items()
    ]
    if sum(len(curve.values) for curve in curves) < 2:
        return None
    return Chart(
        "judged-over-seconds",
        distance_title(one),
        curves,
        across="seconds of training",
        up="Fréchet distance",
        logarithmic=True,
        few=True,
    )


def judged(runs: Mapping[str, Run]) -> dict[str, Evaluation]:
    """Return the evaluation that stands for each run beside the others, where it has any."""
    pairs = zip(runs, evaluations.chosen([*runs.values()]), strict=True)
    return {name: found[0] for name, found in pairs if found}


def _curve(name: str, run: Run, several: Sequence[Evaluation]) -> Curve:
    """Return the Fréchet distances of a run's evaluations over the seconds that it trained."""
    of_step = {e.step: e for e in several if e.step is not None}
    times = {step: seconds_at(run, step) for step in of_step}
    known = [step for step, seconds in times.items() if seconds is not None]
    at = np.array([times[step] for step in known], np.float64)
    return Curve(name, at, *distances([of_step[step] for step in known]))


def distances(several: Sequence[Evaluation]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the Fréchet distances of evaluations, and their standard errors, each (n,)."""
    scores = [evaluation.scores["frechet"] for evaluation in several]
    return np.array([s.value for s in scores]), np.array([s.error or 0.0 for s in scores])


def while_trained(runs: Mapping[str, Run]) -> Chart | None:
    """Return the Fréchet distance over seconds, as it was measured during the training.

    Only what was measured by one yardstick can be compared: the one that most runs have. None where
    no run has two values.
    """
    found = {name: _measured(run) for name, run in runs.items()}
    counts = Counter(y for rows in found.values() for y in {row["yardstick"] for row in rows})
    if not counts:
        return None
    yardstick = max(counts, key=lambda y: (counts[y], y))
    same = {n: [r for r in rows if r["yardstick"] == yardstick] for n, rows in found.items()}
    longest = max(len(rows) for rows in same.values())
    if longest < 2:
        return None
    curves = [
        Curve(name, *(np.array([row[k] for row in rows], float) for k in ("clock", "frechet")))
        for name, rows in same.items()
    ]
    images = next(row["eval_images"] for rows in same.values() for row in rows)
    return Chart(
        "trained-over-seconds",
        f"Fréchet distance of {images:,.0f} pictures, during training",
        curves,
        across="seconds of training",
        up="Fréchet distance",
        logarithmic=True,
        few=longest <= MARKS,
    )


def _measured(run: Run) -> list[dict[str, Any]]:
    """Return the entries of metrics.jsonl with a Fréchet distance; "clock" has the seconds."""
    wanted = {"frechet", "yardstick", "eval_images", "seconds"}
    entries = [entry for entry in run.lines(METRICS) if "seconds" in entry]
    times = clock(entries, [line.step for line in run.resumes()])
    return [
        {**entry, "clock": seconds}
        for entry, (_, seconds) in zip(entries, times, strict=True)
        if wanted <= entry.keys()
    ]


def distance_title(evaluation: Evaluation) -> str:
    """Return the title of a chart: of how many pictures the distance is, and what real ones have.

    A line at the distance of real images would be so far below that the curves became flat.
    """
    floor = number(evaluation.scores["frechet"].floor)
    return f"Fréchet distance of {evaluation.images:,} pictures (of real images: {floor})"
