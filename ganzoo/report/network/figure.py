"""A picture of a network as a figure of matplotlib, which writes PNG and PDF."""

from __future__ import annotations

from typing import Any

from ganzoo.report.backend import hidden
from ganzoo.report.colours import LIGHT, Theme, named
from ganzoo.report.letters import use_letters
from ganzoo.report.network.shapes import Picture
from ganzoo.report.network.svg import COLOURS, FAINT, FILLED, STROKE, head
from ganzoo.report.plotting import style

with hidden():
    from matplotlib.colors import to_rgba
    from matplotlib.figure import Figure
    from matplotlib.patches import BoxStyle, Circle, FancyBboxPatch, Polygon


def figure(picture: Picture, theme: Theme = LIGHT) -> Figure:
    """Return a figure as large as the picture."""
    with style(theme):
        made = _drawn(picture, theme)
        use_letters(made)
    return made


def _drawn(picture: Picture, theme: Theme) -> Figure:
    made = Figure(figsize=(picture.width / 72, picture.height / 72))
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.set_axis_off()
    colours = named(theme)
    for line in picture.lines:
        xs, ys = zip(*line.points, strict=True)
        dashes = (0, (4, 3)) if line.dashed else "-"
        axes.plot(xs, ys, color=theme.ink, linewidth=0.7, linestyle=dashes)
        if line.arrow:
            axes.add_patch(Polygon(head(line), color=theme.ink, linewidth=0))
    for shape in picture.shapes:
        colour = colours[COLOURS[shape.kind]]
        fill = to_rgba(colour, 0.0 if shape.kind == "loose" else FILLED)
        look: dict[str, Any] = {"facecolor": fill, "edgecolor": colour, "linewidth": STROKE}
        if shape.width == shape.height == 2 * shape.radius:
            x, y = shape.at
            axes.add_patch(Circle((x + shape.radius, y + shape.radius), shape.radius, **look))
            continue
        style = BoxStyle.Round(pad=0, rounding_size=shape.radius)
        axes.add_patch(FancyBboxPatch(shape.at, shape.width, shape.height, boxstyle=style, **look))
    sides = {"start": "left", "middle": "center", "end": "right"}
    for text in picture.texts:
        axes.text(
            *text.at, text.words, fontsize=text.size, weight="bold" if text.bold else "normal",
            color=theme.ink, alpha=FAINT if text.faint else 1.0, ha=sides[text.anchor],
            va="baseline",
        )  # fmt: skip
    return made
