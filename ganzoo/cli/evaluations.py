"""What `ganzoo eval` prints of the checkpoints of a run, and the sheets that it writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cli import console
from ganzoo.evaluate.measures import MEASURES
from ganzoo.storage import check_place

if TYPE_CHECKING:
    from ganzoo.evaluate.evaluation import Evaluation

COLUMNS = ("frechet", "kernel", "precision", "recall", "coverage")
"""Measures that the table of checkpoints has room for."""


def show_steps(several: list[Evaluation]) -> None:
    """Print one row for each checkpoint, and which is the best."""
    first = several[0]
    shown = {name: MEASURES[name] for name in COLUMNS if name in first.scores}
    titles = [measure.title.replace(" ", "\n", 1) for measure in shown.values()]
    table = console.table("step", "images\nseen", *titles)
    for column in table.columns:
        column.justify = "right"
        column.no_wrap = True
    table.padding = (0, 0, 0, 1)
    table.add_row("real", "", *(m.shown(first.scores[n].floor) for n, m in shown.items()))
    ends = (m.shown(first.scores[n].ceiling) for n, m in shown.items())
    table.add_row(first.untrained.replace(" ", "\n"), "", *ends)
    table.add_section()
    for evaluation in several:
        values = (measure.shown(evaluation[name]) for name, measure in shown.items())
        table.add_row(f"{evaluation.step:,}", f"{evaluation.samples_seen:,}", *values)
    console.show(table)
    console.show(_best(several))


def _best(several: list[Evaluation]) -> str:
    """Return which checkpoint is the best, and which are as good, in a sentence."""
    from ganzoo.evaluate.ranking import best_of

    best, alike = best_of(several)
    steps = ", ".join(f"{step:,}" for step in sorted(e.step or 0 for e in alike))
    which = f"{'steps' if len(alike) > 1 else 'step'} {steps}"
    more = f"; no worse by more than two standard errors: {which}" if alike else ""
    return f"The best of them by Fréchet distance is of step {best.step:,}{more}."


def check_folder(folder: Path | None) -> None:
    """Raise OSError where sheets could not be written into a folder, if there is to be one."""
    if folder is not None:
        check_place(folder / "x.png")


def write_sheets(evaluation: Evaluation, folder: Path) -> dict[str, str]:
    """Write the sheets of pictures into a folder, and return their files by name."""
    from ganzoo.draw.pixels import save_png

    step = "" if evaluation.step is None else f"-{evaluation.step:08d}"
    files = {name: folder / f"{evaluation.model}{step}-{name}.png" for name in evaluation.pictures}
    for name, pixels in evaluation.pictures.items():
        save_png(pixels, files[name])
    return {name: str(file) for name, file in files.items()}


def where(several: list[Evaluation]) -> str:
    """Return where the sheets of pictures are, or how to get them."""
    folders = {os.path.dirname(file) for e in several for file in e.sheets.values()}
    *most, last = several[0].pictures
    where = os.path.commonpath(folders) if folders else "not kept; -o DIR keeps them"
    return f"sheets of the {', '.join(most)} and {last} pictures: {where}"
