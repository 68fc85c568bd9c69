"""The runs in a folder, as a list and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from ganzoo.api.describing import DISTANCE, SUMMARY
from ganzoo.api.run import TrainedRun
from ganzoo.errors import ModelFileError
from ganzoo.printable import line
from ganzoo.runs.finding import Words, runs_folder
from ganzoo.runs.folder import METRICS, Run
from ganzoo.tables import as_html, as_text

COLUMNS = ("run", *SUMMARY)
COMPARABLE = "Compare only Fréchet distances with the same mark:"


def runs(folder: Words | None = None) -> Runs:
    """Return the runs in a folder, the newest last; a notebook shows them as a table.

    Folders with a run.json that cannot be read are left out; `damaged` names them.
    """
    return Runs([TrainedRun(path) for _, path in sorted(_read(folder)[0])])


def damaged(folder: Words | None = None) -> list[str]:
    """Return a line for each run in a folder that is left out, because its run.json is damaged."""
    return _read(folder)[1]


def unread(found: Runs) -> list[str]:
    """Return a line for each run of which a table shows little, as a file cannot be read."""
    lines = list[str]()
    for run in found:
        try:
            run.folder.facts()
            run.folder.lines(METRICS)
        except ModelFileError as error:
            lines.append(str(error))
    return lines


def _read(folder: Words | None) -> tuple[list[tuple[str, Path]], list[str]]:
    """Return when the runs were begun with their folders, and why others are left out."""
    found, lines = list[tuple[str, Path]](), list[str]()
    for path in sorted(p.parent for p in runs_folder(folder).glob("*/run.json")):
        try:
            found.append((Run(path).created(), path))
        except ModelFileError as error:
            lines.append(f"{error}; the run is left out")
    return found, lines


class Runs(Sequence[TrainedRun]):
    """Runs, oldest first: `runs()[-1]` is the latest, `runs()["name"]` is the run of that name."""

    def __init__(self, runs: Sequence[TrainedRun]) -> None:
        self._runs = list(runs)

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int | str) -> TrainedRun: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | str | slice) -> TrainedRun | Runs:
        if isinstance(index, slice):
            return Runs(self._runs[index])
        if isinstance(index, str):
            named = {run.name: run for run in self._runs}
            if index not in named:
                raise ModelFileError(f"no run is called '{index}'; there are {', '.join(named)}")
            return named[index]
        return self._runs[index]

    def rows(self) -> list[tuple[str, ...]]:
        """Return, for each run, the words of a table's row, one for each of `COLUMNS`.

        Where not all Fréchet distances can be compared, each has a mark: see `notes`.
        """
        return self._marked()[0]

    @property
    def notes(self) -> list[str]:
        """What the marks of the Fréchet distances mean, one line each; none where all compare."""
        return self._marked()[1]

    def _marked(self) -> tuple[list[tuple[str, ...]], list[str]]:
        """Return the rows of the table, and the lines below it."""
        from ganzoo.evaluate.ranking import kinds
        from ganzoo.evaluate.words import about
        from ganzoo.runs.evaluations import latest

        summaries = [run.summary() for run in self._runs]
        judged = [
            found and found[0] if summary[DISTANCE] != "-" else None
            for summary, found in zip(
                summaries, (latest(r.folder) for r in self._runs), strict=True
            )
        ]
        marks = kinds(evaluation for evaluation in judged if evaluation)
        for summary, evaluation in zip(summaries, judged, strict=True):
            if marks and evaluation:
                summary[DISTANCE] += f" {marks[evaluation.kind]}"
        rows = [(line(r.name), *s.values()) for r, s in zip(self._runs, summaries, strict=True)]
        notes = [f"{mark} {about(kind)}" for kind, mark in marks.items()]
        return rows, [COMPARABLE, *notes] if notes else []

    def __repr__(self) -> str:
        rows, notes = self._marked()
        return "\n".join([as_text([COLUMNS, *rows]), *notes])

    def _repr_html_(self) -> str:
        rows, notes = self._marked()
        return as_html(rows, COLUMNS, notes)
