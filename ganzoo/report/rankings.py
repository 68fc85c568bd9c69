"""Runs in the order of what they draw: tables of numbers that can be compared, and none other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ganzoo.evaluate.evaluation import Evaluation, number
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.ranking import Group, ranked
from ganzoo.report import words
from ganzoo.report.curves import Chart, Curve
from ganzoo.report.scales import Bar, bar
from ganzoo.runs import evaluations
from ganzoo.runs.checkpoints import Checkpoints, step_of
from ganzoo.runs.folder import METRICS, Run

MEASURED = ("frechet", "kernel", "wasserstein", "precision", "recall", "density", "coverage",
    "copies")  # fmt: skip
"""Measures in a table of several, where they were measured."""
TRAINING = ("trained for", "images seen")
REAL, NOT_JUDGED = "real images", "not judged"


@dataclass(frozen=True)
class Row:
    """One line of a ranking: a name, a cell for each column, and the Fréchet distance on a bar."""

    name: str
    cells: list[str]
    bar: Bar | None = None


@dataclass(frozen=True)
class Ranking:
    """What can be compared, the best first; `about` says by what it was judged."""

    about: str
    columns: list[str]
    rows: list[Row]
    why: str = ""
    """Why its numbers cannot be compared with those of the first ranking."""

    notes: tuple[str, ...] = ()
    """What a reader should know of single rows."""


def rankings(runs: Mapping[str, Run]) -> list[Ranking]:
    """Return a ranking for each group of runs whose numbers can be compared, the largest first.

    A row says how good the pictures are, and how much training that took. Runs that were not judged
    stand at the end of the first ranking. Returns nothing where none was judged.
    """
    groups = ranked({name: [e for e, _ in evaluations.saved(run)] for name, run in runs.items()})
    found = [ranking(group, groups[0]) for group in groups]
    for place, (group, table) in enumerate(zip(groups, found, strict=True)):
        rows = [
            replace(row, cells=[*row.cells, *_training(runs[row.name], group[row.name])])
            if row.name in group
            else replace(row, cells=[*row.cells, *[""] * len(TRAINING)])
            for row in table.rows
        ]
        columns = [*table.columns, *TRAINING]
        if place == 0:
            judged = {name for each in groups for name in each}
            empty = [NOT_JUDGED, *[""] * (len(columns) - 1)]
            rows += [Row(name, empty) for name in runs if name not in judged]
        notes = [line for n, e in group.items() for line in _gone_on(n, runs[n], e)]
        found[place] = replace(table, columns=columns, rows=rows, notes=tuple(notes))
    return found


def ranking(group: Group, first: Group) -> Ranking:
    """Return the table of a group; the group `first` is that of the first ranking."""
    several = [*group.values()]
    one = several[0]
    shown = [name for name in MEASURED if all(name in e.scores for e in several)]
    worst = max((e.scores["frechet"].ceiling or 0.0 for e in several), default=0.0)
    rows = [Row(REAL, [number(one.scores[n].floor, MEASURES[n].scale) for n in shown])]
    for name, evaluation in group.items():
        score = replace(evaluation.scores["frechet"], ceiling=worst or None)
        cells = [cell(evaluation, measure) for measure in shown]
        rows.append(Row(name, cells, bar(score, MEASURES["frechet"])))
    why = "; ".join(next(iter(first.values())).differences(one))
    return Ranking(about(one), [MEASURES[name].title for name in shown], rows, why)


def about(evaluation: Evaluation) -> str:
    """Return by what the pictures were judged, in words without a full stop."""
    features, real, images = evaluation.kind
    return f"{images} pictures each, against as many real images of {real}, by {features}"


def cell(evaluation: Evaluation, name: str) -> str:
    """Return the value of a measure and its error, in words."""
    score, scale = evaluation.scores[name], MEASURES[name].scale
    error = "" if score.error is None else f" ± {number(score.error, scale)}"
    return number(score.value, scale) + error


def over_seconds(runs: Mapping[str, Run]) -> Chart | None:
    """Return the Fréchet distance over seconds of training, of what the first ranking compares.

    Each evaluation of a run is a mark. None where there are fewer than two.
    """
    saved = {name: [e for e, _ in evaluations.saved(run)] for name, run in runs.items()}
    groups = ranked(saved)
    if not groups:
        return None
    one = next(iter(groups[0].values()))
    curves = [
        _curve(name, run, [e for e in saved[name] if e.kind == one.kind])
        for name, run in runs.items()
    ]
    if sum(len(curve.values) for curve in curves) < 2:
        return None
    return Chart(
        "frechet-over-seconds",
        distance_title(one),
        curves,
        across="seconds of training",
        logarithmic=True,
        few=True,
    )


def distance_title(evaluation: Evaluation) -> str:
    """Return the title of a chart: of how many pictures the distance is, and what real ones have.

    A line at the distance of real images would be so far below that the curves became flat.
    """
    floor = number(evaluation.scores["frechet"].floor)
    return f"Fréchet distance of {evaluation.images:,} pictures (of real images: {floor})"


def _curve(name: str, run: Run, several: Sequence[Evaluation]) -> Curve:
    """Return the Fréchet distances of a run's evaluations over the seconds that it trained."""
    of_step = {e.step: e for e in several if e.step is not None}
    times = {step: _seconds(run, step) for step in of_step}
    known = [step for step, seconds in times.items() if seconds is not None]
    scores = [of_step[step].scores["frechet"] for step in known]
    return Curve(
        name,
        np.array([times[step] for step in known], np.float64),
        np.array([score.value for score in scores]),
        np.array([score.error or 0.0 for score in scores]),
    )


def _training(run: Run, evaluation: Evaluation) -> list[str]:
    """Return for how long the weights that were judged were trained, and on how many images."""
    seen = "-" if evaluation.samples_seen is None else f"{evaluation.samples_seen:,}"
    seconds = None if evaluation.step is None else _seconds(run, evaluation.step)
    return ["-" if seconds is None else words.duration(seconds), seen]


def _gone_on(name: str, run: Run, evaluation: Evaluation) -> list[str]:
    """Return a line where the run has newer weights than those that were judged."""
    newest = next(Checkpoints(run.path / "checkpoints").newest_first(), None)
    if newest is None or evaluation.step is None or step_of(newest) <= evaluation.step:
        return []
    return [f"{name} was judged at step {evaluation.step:,}; it is at {step_of(newest):,} now."]


def _seconds(run: Run, step: int) -> float | None:
    """Return the seconds of training until a step; None where metrics.jsonl does not say.

    Between two entries, time is taken to pass evenly; after the last one it is left out.
    """
    times = words.clock(run.lines(METRICS), [line.step for line in run.resumes()])
    if not times:
        return None
    steps, seconds = zip((0, 0.0), *times, strict=True)
    return float(np.interp(step, steps, seconds))
