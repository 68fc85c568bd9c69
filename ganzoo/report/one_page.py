"""A comparison of runs on one page of paper: what they draw, their curves, a table."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.printable import caption
from ganzoo.report.colours import LIGHT
from ganzoo.report.curves import Chart
from ganzoo.report.letters import folded, use_letters
from ganzoo.report.plotting import draw_on, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase
    from PIL import Image

WIDTH, HEIGHT = 8.27, 11.69
"""An A4 page, in inches."""
PICTURES, TABLE = 2.2, 3.9
"""Heights of the pictures and of the table, in inches; the curves have the rest."""
FONT_SIZE, SMALLEST = 7.5, 4.5
"""Letters of the table in points: at most, and where it is long."""
SMALL: Any = {
    "axes.titlesize": 8.5, "axes.labelsize": 7.5, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "lines.linewidth": 1.2, "lines.markersize": 3,
}  # fmt: skip
"""What is smaller in a chart that shares the page with others."""
NAMES = 0.17
"""Share of the width that the names of the table's rows take."""

Rows = Sequence[tuple[str, Sequence[str]]]
"""Rows of a table: a name, and a value for each run."""


@dataclass(frozen=True)
class Page:
    """What stands on the page: a picture (or none), and a value in each row, for each run."""

    title: str
    names: Sequence[str]
    pictures: Sequence[Image.Image | None]
    charts: Sequence[Chart]
    tables: Sequence[tuple[str, Rows]]
    """Tables below each other, each with a heading."""

    def draw(self) -> Figure:
        """Draw the page as a figure of the size of A4."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        with style(LIGHT), rc_context(SMALL):
            layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
            figure = Figure(figsize=(WIDTH, HEIGHT), layout=layout)
            heights = [PICTURES, HEIGHT - PICTURES - TABLE, TABLE]
            pictures, curves, table = figure.subfigures(
                3, 1, squeeze=False, height_ratios=heights
            ).flat
            title = folded(caption(self.title), 0.95 * 72 * WIDTH, 13)
            figure.suptitle(title, fontsize=13, fontweight="bold")
            self._draw_pictures(pictures)
            self._draw_curves(curves)
            self._draw_tables(table)
            use_letters(figure)
            return figure

    def _draw_pictures(self, part: FigureBase) -> None:
        places = part.subplots(1, len(self.names), squeeze=False)[0]
        for number, (axes, name, picture) in enumerate(
            zip(places, self.names, self.pictures, strict=True)
        ):
            axes.axis("off")
            colour = LIGHT.series[number % len(LIGHT.series)]
            heading = "\n".join(textwrap.wrap(name, 96 // len(self.names)))
            axes.set_title(heading, fontsize=9, color=colour, fontweight="bold")
            if picture is not None:
                shown = np.asarray(picture)
                axes.imshow(shown, "gray", vmin=0, vmax=255, interpolation="none")

    def _draw_curves(self, part: FigureBase) -> None:
        columns = 2 if len(self.charts) < 7 else 3
        lines = -(-len(self.charts) // columns)
        cells = part.subfigures(max(lines, 1), columns, squeeze=False).flat
        for cell, chart in zip(cells, self.charts, strict=False):
            draw_on(cell, chart, LIGHT, smooth=True, legend=False)

    def _draw_tables(self, part: FigureBase) -> None:
        """Write the tables line by line, in letters as large as fit."""
        axes = part.add_axes((0.04, 0.02, 0.93, 0.96))
        axes.axis("off")
        room = (1 - NAMES) / len(self.names)
        size = FONT_SIZE
        while True:
            lines = self._lines(size, room)
            needed = sum(height for _, _, height in lines) * size * 1.25 / 72
            if needed <= TABLE * 0.96 or size <= SMALLEST:
                break
            size -= 0.25
        height = size * 1.25 / 72 / (TABLE * 0.96)
        top = 1.0
        for heading, cells, count in lines:
            weight = "bold" if heading else "normal"
            for place, cell in enumerate(cells):
                x = 0.0 if place == 0 else NAMES + (place - 1) * room
                axes.text(x, top, cell, fontsize=size, fontweight=weight, va="top")
            top -= count * height
            if heading:
                axes.axhline(top + height * 0.2, color=LIGHT.rule, linewidth=0.6)

    def _lines(self, size: float, room: float) -> list[tuple[bool, list[str], float]]:
        """Return whether each row is a heading, its cells in lines, and how many lines it takes."""
        letters = WIDTH * 0.93 * 72 / (size * 0.56)  # in a line of the page
        widths = [NAMES, *[room] * len(self.names)]
        found: list[tuple[bool, list[str], float]] = []
        for title, rows in self.tables:
            if found:
                found.append((False, [], 0.7))
            several = [(True, (title, *self.names)), *((False, (n, *v)) for n, v in rows)]
            for heading, words in several:
                cells = [
                    "\n".join(textwrap.wrap(word, max(int(letters * share) - 1, 8)))
                    for word, share in zip(words, widths, strict=True)
                ]
                most = max(cell.count("\n") + 1 for cell in cells)
                found.append((heading, cells, most + 0.3 * heading))
        return found
