"""Runs in the order of what they draw: tables of numbers that can be compared, and none other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.ranking import Group, ranked
from ganzoo.evaluate.words import about
from ganzoo.report import words
from ganzoo.report.pace import judged
from ganzoo.report.scales import Bar, bar
from ganzoo.runs import evaluations, scores
from ganzoo.runs.clock import seconds_at
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

    ceiling: str = ""
    """What the bars begin at; "" where there are none."""


def rankings(runs: Mapping[str, Run]) -> list[Ranking]:
    """Return a ranking for each group of runs whose numbers can be compared, the largest first.

    A row says how good the pictures are, and how much training that took. Runs that were not judged
    stand at the end of the first ranking. Returns nothing where none was judged.
    """
    groups = ranked(judged(runs))
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
            known = {name for each in groups for name in each}
            empty = [NOT_JUDGED, *[""] * (len(columns) - 1)]
            rows += [Row(name, empty) for name in runs if name not in known]
        notes = [
            f"{row.name} was judged in its training alone: ganzoo eval gives it a row."
            for row in rows
            if row.cells[0] == NOT_JUDGED and scores.evaluations(runs[row.name].lines(METRICS))
        ]
        notes += [line for n, e in group.items() for line in _gone_on(n, runs[n], e)]
        notes += [line for n, e in group.items() for line in _otherwise(n, runs[n], e)]
        found[place] = replace(table, columns=columns, rows=rows, notes=(*table.notes, *notes))
    return found


def ranking(group: Group, first: Group) -> Ranking:
    """Return the table of a group; the group `first` is that of the first ranking."""
    several = [*group.values()]
    one = several[0]
    shown = [name for name in MEASURED if all(name in e.scores for e in several)]
    worst = max((e.scores["frechet"].ceiling or 0.0 for e in several), default=0.0)
    rows = [Row(REAL, [MEASURES[n].shown(one.scores[n].floor) for n in shown])]
    for name, evaluation in group.items():
        score = replace(evaluation.scores["frechet"], ceiling=worst or None)
        cells = [cell(evaluation, measure) for measure in shown]
        rows.append(Row(name, cells, bar(score, MEASURES["frechet"])))
    why = "; ".join(next(iter(first.values())).differences(one))
    columns = [MEASURES[name].title for name in shown]
    ceilings = _ceilings(group)
    each = "; ".join(f"{what} for {', '.join(names)}" for what, names in ceilings.items())
    notes = (f"Their ceilings are not of the same kind: {each}.",) if len(ceilings) > 1 else ()
    return Ranking(about(one.kind), columns, rows, why, notes, " or ".join(ceilings))


def _ceilings(group: Group) -> dict[str, list[str]]:
    """Return what the ceilings are of, such as "grey noise", and whose they are."""
    found: dict[str, list[str]] = {}
    for name, evaluation in group.items():
        if evaluation.scores["frechet"].ceiling is not None:
            found.setdefault(evaluation.untrained, []).append(name)
    return dict(sorted(found.items()))


def cell(evaluation: Evaluation, name: str) -> str:
    """Return the value of a measure and its error, in words."""
    score, shown = evaluation.scores[name], MEASURES[name].shown
    return shown(score.value) + ("" if score.error is None else f" ± {shown(score.error)}")


def _training(run: Run, evaluation: Evaluation) -> list[str]:
    """Return for how long the weights that were judged were trained, and on how many images."""
    seen = "-" if evaluation.samples_seen is None else f"{evaluation.samples_seen:,}"
    seconds = None if evaluation.step is None else seconds_at(run, evaluation.step)
    return ["-" if seconds is None else words.duration(seconds), seen]


def _gone_on(name: str, run: Run, evaluation: Evaluation) -> list[str]:
    """Return a line where the run has newer weights than those that were judged."""
    newer = evaluations.newer_step(run, evaluation)
    if newer is None:
        return []
    return [f"{name} was judged at step {evaluation.step:,}; it is at {newer:,} now."]


def _otherwise(name: str, run: Run, evaluation: Evaluation) -> list[str]:
    """Return a line where the run, without others beside it, is shown by another evaluation."""
    alone = evaluations.latest(run)
    if alone is None or alone[0].kind == evaluation.kind:
        return []
    return [
        f"{name} is shown here by what compares with the others; its report shows "
        f"{about(alone[0].kind)}."
    ]
