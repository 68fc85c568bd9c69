"""What the drawn data sets share: a supersampled canvas, choices from numbers, a sequence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

T = TypeVar("T")
Colour = tuple[int, int, int]
Point = tuple[float, float]
SUPERSAMPLING = 4


class Canvas:
    """A square picture of `size` units, drawn several times larger and averaged down."""

    def __init__(self, size: int, background: Colour) -> None:
        self.image = Image.new("RGB", (size * SUPERSAMPLING,) * 2, background)
        self.pen = ImageDraw.Draw(self.image)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Draw a filled ellipse with its centre at (x, y)."""
        self.pen.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill)

    def ring(self, x: float, y: float, rx: float, ry: float, ink: Colour, width: float) -> None:
        """Draw the outline of an ellipse."""
        box = _scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self.pen.ellipse(box, outline=ink, width=round(width * SUPERSAMPLING))

    def slice(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour
    ) -> None:
        """Draw what a chord between two angles cuts off an ellipse (0 right, 90 down)."""
        box = _scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self.pen.chord(box, start, end, fill)

    def rectangle(
        self, x: float, y: float, rx: float, ry: float, radius: float, fill: Colour | None,
        ink: Colour | None = None, width: float = 0,
    ) -> None:  # fmt: skip
        """Draw a rectangle with round corners and its centre at (x, y)."""
        box = _scaled([(x - rx, y - ry), (x + rx, y + ry)])
        s = SUPERSAMPLING
        self.pen.rounded_rectangle(box, radius * s, fill, ink, round(width * s))

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled polygon with straight sides."""
        self.pen.polygon(_scaled(points), fill)

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled, smooth closed curve through `points`."""
        self.polygon(_smooth([*points, *points[:3]]), fill)

    def stroke(self, points: Sequence[Point], ink: Colour, width: float) -> None:
        """Draw a smooth line through `points`, with round ends."""
        curve = _smooth([points[0], *points, points[-1]]) if len(points) > 2 else list(points)
        self.pen.line(_scaled(curve), ink, round(width * SUPERSAMPLING))
        for x, y in (points[0], points[-1]):
            self.ellipse(x, y, width / 2, width / 2, ink)

    def pixels(self, grey: bool = False) -> NDArray[np.uint8]:
        """Return the finished picture: uint8 (size, size, 3), or (size, size) where `grey`."""
        image = self.image.convert("L") if grey else self.image
        return np.asarray(image.reduce(SUPERSAMPLING))


class Drawn:
    """A sequence of `count` pictures; `draw(i)` draws picture i when it is asked for."""

    def __init__(self, count: int, draw: Callable[[int], NDArray[np.uint8]]) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        self.length, self.draw = count, draw

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        if not 0 <= index < self.length:
            raise IndexError(index)
        return self.draw(index)


def pick(choices: Sequence[T], u: float) -> T:
    """Return the choice that `u` in [0, 1) falls on; each is as likely as the others."""
    return choices[int(u * len(choices))]


def between(low: float, high: float, u: float) -> float:
    """Return the number in [low, high) that `u` in [0, 1) falls on."""
    return low + (high - low) * u


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour that is darker for a factor below 1, lighter above."""

    def channel(c: int) -> int:
        return round(c * factor if factor <= 1 else 255 - (255 - c) * (2 - factor))

    red, green, blue = colour
    return channel(red), channel(green), channel(blue)


def mirrored(points: Sequence[Point], axis: float) -> list[Point]:
    """Return the points reflected in the vertical line x = `axis`, in reverse order."""
    return [(2 * axis - x, y) for x, y in reversed(points)]


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]


def _smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """Return a Catmull-Rom spline through all but the first and last of `points`."""
    curve = []
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(
        points, points[1:], points[2:], points[3:], strict=False
    ):
        for step in range(steps):
            t = step / steps
            w0, w1 = -t + 2 * t * t - t**3, 2 - 5 * t * t + 3 * t**3
            w2, w3 = t + 4 * t * t - 3 * t**3, -t * t + t**3
            x = (w0 * ax + w1 * bx + w2 * cx + w3 * dx) / 2
            y = (w0 * ay + w1 * by + w2 * cy + w3 * dy) / 2
            curve.append((x, y))
    return [*curve, points[-2]]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Return nine points on an ellipse between two angles (0 right, 90 down)."""
    angles = [math.radians(start + (end - start) * k / 8) for k in range(9)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]
