"""Drawn garments, 28x28 grey, in Fashion-MNIST's ten classes: no file and no network needed.

Garment i is a function of (seed, i): its class, cut, brightness and pattern are independent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo import Dataset
from ganzoo.limits import Count
from ganzoo.seeds import uniform, uniform_rows
from ganzoo_plugins.drawing import Canvas, Colour, Drawn, Point, between, mirrored, pick, shade
from ganzoo_plugins.mnist_like import GARMENTS

VERSION = "1"  # part of the cache key: change it whenever a pixel changes
MIDDLE = 14.0


def toy_garments(*, count: Count = 10_000, seed: int = 0) -> Dataset:
    """Drawn 28x28 grey garments in Fashion-MNIST's ten classes, made by code."""
    images = Drawn(count, lambda i: draw_garment(seed, i))
    kinds = uniform_rows(seed, count, 1)[:, 0].tolist()
    return Dataset(
        images=images,
        cache_key=f"toy_garments-{VERSION}-{seed}-{count}",
        labels=np.array([pick(range(len(CLASSES)), kind) for kind in kinds]),
        classes=GARMENTS,
    )


@dataclass(frozen=True)
class Cut:
    """What can differ between two garments of a class; numbers are in [0, 1)."""

    cloth: Colour
    trim: Colour
    pattern: str
    width: float
    length: float
    collar: float
    detail: float


def draw_garment(seed: int, index: int) -> NDArray[np.uint8]:
    """Draw garment `index` of `seed`, uint8 (28, 28)."""
    kind, tone, contrast, pattern, *rest = uniform(seed, index, 8).tolist()
    grey = round(between(110, 245, tone))
    cloth = (grey, grey, grey)
    trim = shade(cloth, between(0.5, 0.75, contrast))
    patterns = ["plain", "plain", "plain", "stripes", "print", "panel"]
    cut = Cut(cloth, trim, pick(patterns, pattern), *rest)
    canvas = Canvas(28, (0, 0, 0))
    pick(CLASSES, kind)(canvas, cut)
    return canvas.pixels(grey=True)


def _t_shirt(c: Canvas, k: Cut) -> None:
    _top(c, k, hem=between(24, 26.5, k.length), sleeve=between(9, 13, k.detail), reach=4.0)


def _pullover(c: Canvas, k: Cut) -> None:
    _top(c, k, hem=between(23.5, 26, k.length), sleeve=between(22, 25, k.detail), reach=4.6)


def _shirt(c: Canvas, k: Cut) -> None:
    _top(c, k, hem=between(25, 27, k.length), sleeve=between(20, 24, k.detail), reach=3.8)
    c.stroke([(MIDDLE, 5), (MIDDLE, 24.5)], k.trim, 0.8)
    c.polygon([(10.5, 2.5), (14, 6.5), (17.5, 2.5), (14, 4)], k.trim)


def _coat(c: Canvas, k: Cut) -> None:
    _top(c, k, hem=between(26.2, 27.5, k.length), sleeve=between(23, 25.5, k.detail), reach=4.4)
    c.stroke([(MIDDLE, 7), (MIDDLE, 26.5)], shade(k.cloth, 0.35), 1.0)
    c.polygon([(10, 2.4), (14, 9.5), (18, 2.4), (14, 4)], shade(k.cloth, 0.6))


def _top(c: Canvas, k: Cut, *, hem: float, sleeve: float, reach: float) -> None:
    """Draw a body with two sleeves that end at the height `sleeve`, `reach` outside the body."""
    half = between(6.0, 7.6, k.width)
    neck = between(2.4, 3.6, k.collar)
    out = MIDDLE + half + reach * min(1.0, 0.55 + sleeve / 45)
    sleeve_right: list[Point] = [
        (MIDDLE + neck, 2.2),
        (MIDDLE + half, 3.6),
        (out, sleeve),
        (out - 3.4, sleeve + 0.8),
        (MIDDLE + half - 0.4, 9),
    ]
    for points in (sleeve_right, mirrored(sleeve_right, MIDDLE)):
        c.polygon(points, shade(k.cloth, 0.88))
    right: list[Point] = [
        (MIDDLE + neck, 2.0),
        (MIDDLE + half, 3.6),
        (MIDDLE + half - 0.3, 10),
        (MIDDLE + half - 0.2, hem),
    ]
    c.polygon([*right, *mirrored(right, MIDDLE)], k.cloth)
    _decorate(c, k, half - 1.0, 9, hem - 2)
    c.ellipse(MIDDLE, 2.0, neck, between(1.0, 2.2, k.collar), (0, 0, 0))


def _trouser(c: Canvas, k: Cut) -> None:
    waist, hem = between(4.0, 5.4, k.width), between(25, 27, k.length)
    leg = between(2.2, 3.4, k.detail)
    right: list[Point] = [
        (MIDDLE, 1.5),
        (MIDDLE + waist, 1.5),
        (MIDDLE + waist + 0.8, 12),
        (MIDDLE + 1.2 + leg, hem),
        (MIDDLE + 1.2, hem),
        (MIDDLE + 0.2, 9.5),
    ]
    for points in (right, mirrored(right, MIDDLE)):
        c.polygon(points, k.cloth)
    c.rectangle(MIDDLE, 2.2, waist, 0.8, 0, k.trim)


def _dress(c: Canvas, k: Cut) -> None:
    half, flare = between(3.0, 4.2, k.width), between(4.2, 8.0, k.detail)
    hem, waist = between(24.5, 27, k.length), between(9, 12, k.collar)
    right: list[Point] = [
        (MIDDLE + 1.6, 1.2),
        (MIDDLE + 2.8, 1.2),
        (MIDDLE + half + 0.6, 6),
        (MIDDLE + half - 0.4, waist),
        (MIDDLE + flare, hem),
    ]
    c.polygon([*right, *mirrored(right, MIDDLE)], k.cloth)
    c.ellipse(MIDDLE, 1.4, 1.8, 2.4, (0, 0, 0))
    if k.pattern != "plain":
        c.rectangle(MIDDLE, waist, half - 0.4, 0.7, 0, k.trim)


def _sandal(c: Canvas, k: Cut) -> None:
    heel = between(19.5, 22.5, k.length)
    sole: list[Point] = [
        (2, 22.6),
        (8, 22.4),
        (15, heel - 1.8),
        (24, heel - 4.5),
        (26, heel - 3.5),
        (26, 24),
        (24, 24),
        (23.6, heel - 1.6),
        (15, 23),
        (9, 24.2),
        (2.4, 24.2),
    ]
    c.polygon(sole, k.cloth)
    for x in (5.5, 9.5, 9.5 + between(2, 5, k.detail)):
        c.stroke([(x, 22.6), (x + 2.6, between(14.5, 18, k.width)), (x + 5.8, 21)], k.trim, 1.1)
    c.stroke([(20, heel - 3), (22.5, between(11, 14, k.collar)), (25.4, heel - 4)], k.cloth, 1.1)


def _sneaker(c: Canvas, k: Cut) -> None:
    ankle, toe = between(11.5, 13.5, k.length), between(17.0, 18.6, k.width)
    c.polygon(
        [
            (1.6, 21.4),
            (2.4, toe + 0.6),
            (9, toe - 1.4),
            (15, ankle + 0.6),
            (18.4, ankle),
            (20, ankle + 1.6),
            (24.6, ankle - 0.4),
            (26.2, 21.4),
        ],
        k.cloth,
    )
    c.rectangle(MIDDLE, 21.9, 12.6, 1.2, 1, shade(k.cloth, between(1.3, 1.8, k.collar)))
    for step in range(3):
        x, y = 10.2 + 2.1 * step, toe - 1.2 - 1.2 * step
        c.stroke([(x, y), (x + 1.6, y + 1.6)], k.trim, 0.8)
    if k.detail > 0.5:
        c.stroke([(13, 20), (21, ankle + 3.4)], k.trim, 1.4)


def _bag(c: Canvas, k: Cut) -> None:
    half, top = between(8.0, 11.4, k.width), between(10.5, 13.5, k.length)
    c.ring(MIDDLE, top + 0.6, between(4.0, 6.5, k.detail), between(5.0, 8.5, k.collar), k.trim, 1.3)
    c.polygon(
        [
            (MIDDLE - half + 1.2, top),
            (MIDDLE + half - 1.2, top),
            (MIDDLE + half, 24.6),
            (MIDDLE - half, 24.6),
        ],
        k.cloth,
    )
    if k.pattern == "plain":
        c.stroke([(MIDDLE - half + 1.4, top + 3.4), (MIDDLE + half - 1.4, top + 3.4)], k.trim, 0.8)
    _decorate(c, k, half - 2, top + 3, 22)


def _boot(c: Canvas, k: Cut) -> None:
    top, shaft = between(2.5, 8.0, k.length), between(4.4, 6.0, k.width)
    sole = shade(k.cloth, 0.5)
    c.polygon(
        [
            (2.4, 23.6),
            (3.4, 19.8),
            (10, 18),
            (24 - 2 * shaft, 14.5),
            (24 - 2 * shaft, top),
            (24, top),
            (24.6, 23.6),
        ],
        k.cloth,
    )
    heel = between(1.2, 3.2, k.detail)
    c.polygon(
        [
            (2.2, 23.2),
            (24.8, 23.2),
            (24.8, 23.6 + heel),
            (19.5, 23.6 + heel),
            (18.8, 24.6),
            (2.2, 24.6),
        ],
        sole,
    )
    if k.collar > 0.5:
        c.stroke([(24 - 2 * shaft, top + 1.4), (24, top + 1.4)], k.trim, 1.0)


def _decorate(c: Canvas, k: Cut, half: float, top: float, bottom: float) -> None:
    """Draw stripes, a print or a panel on the front."""
    if k.pattern == "stripes":
        y = top - 2
        while y < bottom:
            c.rectangle(MIDDLE, y, half, 0.7, 0, k.trim)
            y += 3.2
    elif k.pattern == "print":
        c.ellipse(MIDDLE, (top + bottom) / 2 - 2, half * 0.5, half * 0.5, k.trim)
    elif k.pattern == "panel":
        c.rectangle(MIDDLE, bottom - 1, half, 2.4, 0, k.trim)


CLASSES: list[Callable[[Canvas, Cut], None]] = [
    _t_shirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _boot,
]  # fmt: skip
