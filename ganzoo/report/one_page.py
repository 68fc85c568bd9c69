"""A comparison of runs on one page of paper: what they draw, their curves, a table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.printable import caption
from ganzoo.report.colours import LIGHT
from ganzoo.report.curves import Chart
from ganzoo.report.letters import balanced, folded, use_letters
from ganzoo.report.plotting import draw_on, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

    from ganzoo.draw.pictures import Picture

WIDTH, HEIGHT = 8.27, 11.69
"""An A4 page, in inches."""
MARGIN = 0.6
"""What a printer may cut off, in inches."""
PICTURES, CURVES, LEAST = 2.1, 4.6, 3.2
"""Heights of the pictures and of the curves, in inches; the table has the rest. Where that is too
little, the curves have less, but not below `LEAST`."""
FONT_SIZE, SMALLEST = 7.0, 6.0
"""Letters of the table in points: at most, and where it is very long. Smaller ones are hard to read
on paper, so rows are left out instead."""
TITLE = 13
"""Size of the letters of the title in points; where it takes two lines, all else is lower."""
LINE = 1.3
"""Height of a line, in letters."""
SMALL: Any = {
    "axes.titlesize": 8.5, "axes.labelsize": 7.5, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "lines.linewidth": 1.2, "lines.markersize": 3,
}  # fmt: skip
"""What is smaller in a chart that shares the page with others."""
UP = 85
"""Points that the name of an axis may be long: a chart is not much higher."""
NAMED = 3
"""Most lines of the name of a run."""
NAMES = 0.17
"""Share of the width that the names of the table's rows take."""

Rows = Sequence[tuple[str, Sequence[str]]]
"""Rows of a table: a name, and a value for each run."""
Line = tuple[bool, list[str], float]
"""Of a row: whether it is a heading, its cells, and how many lines it takes."""


@dataclass(frozen=True)
class Page:
    """What stands on the page: a picture (or none), and a value in each row, for each run."""

    title: str
    names: Sequence[str]
    pictures: Sequence[Picture | None]
    charts: Sequence[Chart]
    tables: Sequence[tuple[str, Rows]]
    """Tables below each other, each with a heading."""
    least: Sequence[str] = ()
    """Names of the rows that are left out first where not all fit: the least important one first.
    Where that is not enough, the last rows follow."""

    def draw(self) -> Figure:
        """Draw the page as a figure of the size of A4."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        with style(LIGHT), rc_context(SMALL):
            title = balanced(caption(self.title), 72 * (WIDTH - 2 * MARGIN), TITLE, 2)
            below = title.count("\n") * TITLE * LINE / 72
            room = HEIGHT - 2 * MARGIN - PICTURES - below
            size, lines = self._fitting(room - LEAST)
            table = min(room - LEAST, max(_height(lines, size), room - CURVES))
            heights = [PICTURES, room - table, table]
            figure = Figure(figsize=(WIDTH, HEIGHT))
            inside, top = (MARGIN / WIDTH, MARGIN / HEIGHT), 1 - (MARGIN + below) / HEIGHT
            layout = ConstrainedLayoutEngine(
                w_pad=0.1, h_pad=0.08, rect=(*inside, 1 - 2 * inside[0], top - inside[1])
            )
            figure.set_layout_engine(layout)
            grid = figure.add_gridspec(
                3, 1, height_ratios=heights, left=inside[0], right=1 - inside[0],
                bottom=inside[1], top=top,
            )  # fmt: skip
            parts = [figure.add_subfigure(grid[i]) for i in range(3)]
            figure.suptitle(title, fontsize=TITLE, fontweight="bold", y=1 - inside[1] / 2)
            self._draw_pictures(parts[0])
            self._draw_curves(parts[1])
            _draw_table(parts[2], lines, size, table, (1 - NAMES) / len(self.names))
            use_letters(figure)
            return figure

    def _draw_pictures(self, part: FigureBase) -> None:
        places = part.subplots(1, len(self.names), squeeze=False)[0]
        for number, (axes, name, picture) in enumerate(
            zip(places, self.names, self.pictures, strict=True)
        ):
            axes.axis("off")
            colour = LIGHT.series[number % len(LIGHT.series)]
            room = 72 * 0.9 * (WIDTH - 2 * MARGIN) / len(self.names)
            heading = balanced(name, room, 9, NAMED)
            axes.set_title(heading, fontsize=9, color=colour, fontweight="bold")
            if picture is not None:
                shown = np.asarray(picture)
                axes.imshow(shown, "gray", vmin=0, vmax=255, interpolation="none")

    def _draw_curves(self, part: FigureBase) -> None:
        columns = 2 if len(self.charts) < 5 else 3
        lines = -(-len(self.charts) // columns)
        cells = part.subfigures(max(lines, 1), columns, squeeze=False).flat
        for cell, chart in zip(cells, self.charts, strict=False):
            title = chart.title.partition(" (")[0]
            up = balanced(chart.up, UP, SMALL["axes.labelsize"])
            draw_on(cell, replace(chart, title=title, up=up), LIGHT, smooth=True, legend=False)

    def _fitting(self, room: float) -> tuple[float, list[Line]]:
        """Return letters in points with which the tables fit into `room` inches, and the lines.

        Where not even the smallest letters fit, rows are left out, and the last line says how many.
        """
        size, lines = FONT_SIZE, self._lines(FONT_SIZE)
        while _height(lines, size) > room and size > SMALLEST:
            size -= 0.25
            lines = self._lines(size)
        most, out = room * 72 / (size * LINE), list[str]()
        there = {name for _, rows in self.tables for name, _ in rows}
        for name in (name for name in self.least if name in there):
            if _count(lines) + bool(out) <= most:
                break
            out.append(name)
            lines = self._lines(size, out)
        return size, _cut(lines, most, len(out))

    def _lines(self, size: float, without: Sequence[str] = ()) -> list[Line]:
        """Return whether each row is a heading, its cells in lines, and how many lines it takes."""
        width = (WIDTH - 2 * MARGIN) * 72
        widths = [NAMES, *[(1 - NAMES) / len(self.names)] * len(self.names)]
        found: list[Line] = []
        for title, rows in self.tables:
            if found:
                found.append((False, [], 0.7))
            kept = [(False, (name, *values)) for name, values in rows if name not in without]
            several = [(True, (title, *self.names)), *kept]
            for heading, words in several:
                cells = [
                    folded(word, width * share - size / 2, size, heading, NAMED if heading else 9)
                    for word, share in zip(words, widths, strict=True)
                ]
                most = max(cell.count("\n") + 1 for cell in cells)
                found.append((heading, cells, most + 0.3 * heading))
        return found


def _height(lines: Sequence[Line], size: float) -> float:
    """Return the height of the tables in inches."""
    return _count(lines) * size * LINE / 72


def _count(lines: Sequence[Line]) -> float:
    """Return how many lines the tables take."""
    return sum(count for _, _, count in lines)


def _draw_table(
    part: FigureBase, lines: Sequence[Line], size: float, height: float, room: float
) -> None:
    """Write the tables line by line; a run has `room` of the width."""
    axes = part.add_axes((0, 0, 1, 1))
    axes.axis("off")
    step = size * LINE / 72 / height
    top = 1.0
    for heading, cells, count in lines:
        weight = "bold" if heading else "normal"
        for place, cell in enumerate(cells):
            x = 0.0 if place == 0 else NAMES + (place - 1) * room
            axes.text(x, top, cell, fontsize=size, fontweight=weight, va="top", linespacing=LINE)
        top -= count * step
        if heading:
            axes.axhline(top + step * 0.2, color=LIGHT.rule, linewidth=0.6)


def _cut(lines: Sequence[Line], most: float, out: int) -> list[Line]:
    """Return the rows that fit into `most` lines; if not all do, the last says how many do not.

    `out` rows were left out before.
    """
    ends = [*accumulate(height for _, _, height in lines)]
    if not out and _count(lines) <= most:
        return [*lines]
    kept = bisect_right(ends, most - 1)
    left = out + sum(bool(cells) and not heading for heading, cells, _ in lines[kept:])
    while kept and (lines[kept - 1][0] or not lines[kept - 1][1]):
        kept -= 1  # no heading without rows
    return [
        *lines[:kept],
        (
            False,
            [f"… and {left} more {'row' if left == 1 else 'rows'}: a comparison as .html has all"],
            1,
        ),
    ]
