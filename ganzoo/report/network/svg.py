"""A picture of a network as SVG: light or dark as its page is, and written without a library."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ganzoo.printable import printable
from ganzoo.report.colours import style_element
from ganzoo.report.network.shapes import Line, Picture, Shape, Text

COLOURS = {
    "layer": "series-0", "plain": "ink", "loose": "ink", "block": "series-3", "input": "series-2",
    "output": "series-2", "weights": "series-1",
}  # fmt: skip
"""Name of the colour of each kind of box."""
FILLED, STROKE, FAINT = 0.1, 0.8, 0.72
"""How much colour fills a box, how wide its border is in points, and how strong faint words are."""
NAME = "The computation graph"
"""What a screen reader says of the picture; the report has a table of the layers below it."""
FONT = "'DejaVu Sans', Verdana, Arial, sans-serif"
ARROW = ((0.0, 0.0), (-4.2, -1.9), (-4.2, 1.9))
"""The corners of the head of an arrow that points to the right, whose tip is the first."""


def svg(picture: Picture, *, alone: bool = True) -> str:
    """Return the picture as an <svg> element, with the details of each box as its tooltip.

    If it stands `alone`, it says its colours itself; else its page must set the `VARIABLES`.
    """
    size = f'width="{picture.width / 72:.3f}in" height="{picture.height / 72:.3f}in"'
    size += ' style="max-width:100%;height:auto"'
    box = f'viewBox="0 0 {picture.width:g} {picture.height:.1f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{NAME}" {size} {box} '
        f'font-family="{FONT}">',
        *([style_element()] if alone else []),
        *map(_line, picture.lines),
        *map(_shape, picture.shapes),
        *map(_text, picture.texts),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def head(line: Line) -> list[tuple[float, float]]:
    """Return the corners of the head of a line's arrow."""
    (x0, y0), (x1, y1) = line.points[-2:]
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    c, s = (x1 - x0) / length, (y1 - y0) / length
    return [(x1 + c * a - s * b, y1 + s * a + c * b) for a, b in ARROW]


def _line(line: Line) -> str:
    dashes = ' stroke-dasharray="3 2"' if line.dashed else ""
    drawn = f'<polyline points="{_points(line.points)}" {_pen("ink", 0.7)} fill="none"{dashes}/>'
    if line.arrow:
        drawn += f'<polygon points="{_points(head(line))}" style="fill:var(--ink)"/>'
    return drawn


def _shape(shape: Shape) -> str:
    colour, (x, y) = COLOURS[shape.kind], shape.at
    filled = 0 if shape.kind == "loose" else FILLED
    place = f'x="{x:.1f}" y="{y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
    fill = f'style="fill:var(--{colour});fill-opacity:{filled};stroke:var(--{colour})"'
    tip = f"<title>{escape(printable(shape.tip))}</title>" if shape.tip else ""
    return f'<rect {place} rx="{shape.radius:.1f}" {fill} stroke-width="{STROKE}">{tip}</rect>'


def _text(text: Text) -> str:
    more = ' font-weight="bold"' if text.bold else ""
    more += f' opacity="{FAINT}"' if text.faint else ""
    more += f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    place = f'x="{text.at[0]:.1f}" y="{text.at[1]:.1f}" font-size="{text.size:g}"'
    return f'<text {place}{more} style="fill:var(--ink)">{escape(printable(text.words))}</text>'


def _pen(colour: str, width: float) -> str:
    return f'style="stroke:var(--{colour})" stroke-width="{width}" stroke-linejoin="round"'


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
