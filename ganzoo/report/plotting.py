"""Draw charts with matplotlib, in colours that everybody can tell apart, light or dark.

They look the same everywhere: no setting of the user's matplotlib changes them.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.draw.pictures import DPI, check_suffix
from ganzoo.errors import ModelFileError, reason
from ganzoo.report.backend import hidden
from ganzoo.report.colours import LIGHT, Theme, named, style_element
from ganzoo.report.curves import Chart, Curve, usual_window
from ganzoo.report.letters import folded, use_letters, width
from ganzoo.storage import write_whole

with hidden():
    from matplotlib import rc_context, rcParams, rcParamsDefault
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

_log = logging.getLogger("ganzoo")


MARKERS = "osD^vP*X<>hp"
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
"""Marks and dashes of curves of few values: they can be told apart without colour."""
SIZE, LARGE = (6.4, 3.2), (9.6, 4.8)
"""Width and height in inches, of a chart and of one with many curves."""
TITLE = 13
"""Letters of the title of several charts, in points."""
LEGEND = 7.0
"""What a column of the legend takes beside its words, in letters: a line, and the spaces."""
DEFAULTS: Any = {name: value for name, value in rcParamsDefault.items() if name != "backend"}
"""Matplotlib's own settings, whatever the user's file says. Each format has its own backend."""


@dataclass(frozen=True)
class Drawing:
    """A figure that a notebook shows, and that `save` writes as .png, .svg or .pdf."""

    figure: Figure
    theme: Theme

    def save(self, path: Path | str) -> None:
        """Write the figure; the end of `path` says as what. A reader never sees half a file."""
        save(self.figure, Path(path), self.theme)

    def __repr__(self) -> str:
        return f"<figure of {len(self.figure.axes) or len(self.figure.subfigs)} charts>"

    def _repr_png_(self) -> bytes:
        with style(self.theme):
            return _encoded(lambda file: self.figure.savefig(file, format="png", dpi=100))


def draw(
    chart: Chart,
    theme: Theme = LIGHT,
    *,
    smooth: bool = True,
    legend: bool = True,
    size: tuple[float, float] = SIZE,
) -> Figure:
    """Draw a chart of the curves as they were measured.

    With `smooth` these are faint, and smoothed curves are drawn over them.
    """
    with style(theme):
        figure = Figure(figsize=size, layout="constrained")
        draw_on(figure, chart, theme, smooth, legend)
        return figure


def draw_all(
    charts: Sequence[Chart], theme: Theme = LIGHT, *, smooth: bool = True, title: str = ""
) -> Drawing:
    """Draw charts below one another; raise ModelFileError where there are none.

    `title` stands above all.
    """
    if not charts:
        raise ModelFileError("nothing was measured yet: there are no curves to draw")
    width, height = SIZE
    with style(theme):
        figure = Figure(figsize=(width, height * len(charts)), layout="constrained")
        parts = figure.subfigures(len(charts), 1, squeeze=False)[:, 0]
        for part, chart in zip(parts, charts, strict=True):
            draw_on(part, chart, theme, smooth, legend=True)
        if title:
            words = folded(title, 0.9 * 72 * width, TITLE)
            figure.suptitle(words, x=0.02, ha="left", fontsize=TITLE, fontweight="bold")
            use_letters(figure)
        return Drawing(figure, theme)


def draw_on(
    figure: Figure | SubFigure, chart: Chart, theme: Theme, smooth: bool, legend: bool
) -> None:
    """Draw a chart into a figure or a part of one; `style` must be entered."""
    axes = figure.subplots()
    for number, curve in enumerate(chart.curves):
        if len(curve.values):
            colour = theme.series[number % len(theme.series)]
            if chart.few:
                _draw_marks(axes, curve, colour, number)
            else:
                _draw_line(axes, curve, colour, smooth)
    for value, words in chart.lines.items():
        axes.axhline(value, color=theme.ink, linewidth=0.8, linestyle=(0, (4, 4)))
        axes.annotate(
            words, (1, value), (3, 0), fontsize=8, va="center", color=theme.ink,
            xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        )  # fmt: skip
    if chart.limits:
        axes.set_ylim(chart.limits)
    axes.set_xlabel(chart.across)
    axes.set_ylabel(chart.up)
    axes.margins(x=0.02 if chart.few else 0.01)
    room = 0.85 * 72 * figure.bbox.width / figure.dpi  # in points; the rest is the axis's
    title = folded(chart.title, room, rcParams["axes.titlesize"])
    axes.set_title(title, loc="left", fontweight="bold")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    if chart.long:
        axes.set_xscale("log")
        _plain_logarithms(axes.xaxis, *axes.get_xlim())
    else:
        axes.set_xlim(left=0)
    if chart.logarithmic:
        axes.set_yscale("log")
        _plain_logarithms(axes.yaxis, *axes.get_ylim())
        axes.grid(axis="y", which="both")
    if legend and len(chart.curves) > 1:
        _name_curves(figure, axes, 72 * figure.bbox.width / figure.dpi)
    use_letters(figure)


def _name_curves(figure: Figure | SubFigure, axes: Axes, room: float) -> None:
    """Draw a legend below the axes in as many columns as fit into `room` points."""
    lines, names = axes.get_legend_handles_labels()
    size = float(rcParams["legend.fontsize"])
    beside = LEGEND * size
    widest = max(width(name, size, bold=False) for name in names)
    columns = max(1, min(len(names), 4, int(room / (widest + beside))))
    folds = [folded(name, room / columns - beside, size, bold=False) for name in names]
    figure.legend(lines, folds, loc="outside lower center", ncols=columns)


def _draw_line(axes: Axes, curve: Curve, colour: str, smooth: bool) -> None:
    """Draw a curve of many values: faint as measured, and bold smoothed."""
    values = curve.values
    if smooth:
        axes.plot(curve.at, values, color=colour, alpha=0.25, linewidth=0.8)
        values = curve.smoothed(usual_window(curve))
    dot = "o" if len(values) == 1 else None
    axes.plot(curve.at, values, color=colour, label=curve.label, marker=dot)


def _draw_marks(axes: Axes, curve: Curve, colour: str, number: int) -> None:
    """Draw a curve of few values, each with a mark and its error.

    Marks and dashes differ, too: there may be more curves than colours, and no colour in print.
    """
    dashes = DASHES[number // len(LIGHT.series) % len(DASHES)]
    marker = MARKERS[number % len(MARKERS)]
    axes.errorbar(
        curve.at, curve.values, curve.errors, color=colour, label=curve.label, linestyle=dashes,
        marker=marker, markersize=5, linewidth=1.4, elinewidth=1, capsize=2,
    )  # fmt: skip


def _plain_logarithms(axis: Axis, low: float, high: float) -> None:
    """Write plain numbers on a logarithmic axis, also where it has no power of ten."""
    if high < 8 * low:
        axis.set_major_locator(MaxNLocator(5))
        axis.set_minor_locator(NullLocator())
    elif high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(plain_number)
    axis.set_minor_formatter(NullFormatter())


@FuncFormatter
def plain_number(value: float, _: int) -> str:
    """Return a number on an axis without an exponent: 0.01, 5, 200."""
    return f"{value:g}"


def save(figure: Figure, path: Path, theme: Theme = LIGHT) -> None:
    """Write a .png of 200 dots an inch, a .pdf, or an .svg that is light or dark as its page.

    A reader never sees half a file. Raises UsageError for a path that ends otherwise.
    """
    write_whole(path, encoded(figure, path, theme))


def encoded(figure: Figure, path: Path, theme: Theme = LIGHT) -> bytes:
    """Return what `save` writes to `path`."""
    check_suffix(path)
    if (kind := path.suffix.lower()[1:]) == "svg":
        return svg(figure).replace("<defs>", f"{style_element()}<defs>", 1).encode()
    with style(theme):
        return _encoded(lambda file: figure.savefig(file, format=kind, dpi=DPI))


def svg(figure: Figure, name: str = "chart") -> str:
    """Return a figure drawn in LIGHT as an <svg> element with CSS variables for colours.

    The page must set the `VARIABLES`: --ink, --rule and --series-0 …. The background is
    transparent. All ids begin with `name`, so several charts can stand in one page.
    """
    with style(LIGHT):
        text = _encoded(
            lambda file: figure.savefig(
                file, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
            )
        ).decode()
    for variable, colour in named(LIGHT).items():
        text = text.replace(colour, f"var(--{variable})")
    text = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", text[text.index("<svg") :])
    return re.sub("<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def in_page(chart: Chart, name: str = "", **how: Any) -> str:
    """Return a chart as `svg` does, drawn with `how`; "" and a remark where it cannot be drawn."""
    drawn = ""
    with or_remark(chart):
        drawn = svg(draw(chart, **how), name or chart.name)
    return drawn


@contextmanager
def or_remark(chart: Chart) -> Iterator[None]:
    """Log it where a chart cannot be drawn: the others, and the page, are worth having."""
    try:
        yield
    except Exception as error:
        _log.warning("the chart %s cannot be drawn: %s", chart.name, reason(error))


def _encoded(write: Callable[[io.BytesIO], object]) -> bytes:
    """Return the bytes that `write` writes into a file in memory."""
    encoded = io.BytesIO()
    write(encoded)
    return encoded.getvalue()


@contextmanager
def style(theme: Theme) -> Iterator[None]:
    """Set matplotlib's style inside the `with`: thin lines, and a light grid behind the curves."""
    with rc_context(
        {
            **DEFAULTS,
            "text.parse_math": False,  # plugins name what they measure: a $ is a $
            "figure.facecolor": theme.paper,
            "axes.facecolor": "none",
            "axes.edgecolor": theme.rule,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.titlesize": 11,
            "axes.labelsize": 9,
            "grid.color": theme.rule,
            "grid.linewidth": 0.5,
            "lines.linewidth": 1.6,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "text.color": theme.ink,
            "axes.labelcolor": theme.ink,
            "axes.titlecolor": theme.ink,
            "xtick.color": theme.ink,
            "ytick.color": theme.ink,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "font.family": "sans-serif",
            "svg.fonttype": "none",
            "svg.hashsalt": "ganzoo",  # the same bytes each time
        }
    ):
        yield
