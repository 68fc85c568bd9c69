"""How a face of `toy_faces` is drawn: ten parts, from the back to the front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo_plugins.drawing import Canvas, Colour, arc, mirrored, shade
from ganzoo_plugins.face import Face

MIDDLE = 48.0
INK: Colour = (58, 42, 48)
INSIDE_MOUTH: Colour = (122, 44, 52)
WHITE: Colour = (255, 255, 255)


def draw(face: Face) -> NDArray[np.uint8]:
    """Draw a face, uint8 (96, 96, 3)."""
    canvas = Canvas(96, face.background)
    for part in PARTS:
        part(canvas, face)
    return canvas.pixels()


def _hair_behind(c: Canvas, f: Face) -> None:
    dark = shade(f.hair, 0.82)
    w = f.width
    if f.back == "bob":
        c.rectangle(MIDDLE, 51, w + 6, 29, 24, dark)
    elif f.back == "long":
        c.blob(
            [
                (48, 17),
                (68, 24),
                (w + 54, 50),
                (w + 56, 84),
                (w + 50, 101),
                (48, 99),
                (46 - w, 101),
                (40 - w, 84),
                (42 - w, 50),
                (28, 24),
            ],
            dark,
        )
    elif f.back == "afro":
        c.ellipse(MIDDLE, 41, w + 13, 31, dark)
        for x, y in arc(MIDDLE, 41, w + 11, 29, 150, 390):
            c.ellipse(x, y, 6, 6, dark)
    elif f.back == "buns":
        for side in (-1, 1):
            c.ellipse(MIDDLE + side * 22, 20, 10.5, 10.5, dark)
            c.ring(MIDDLE + side * 22, 20, 6.5, 6.5, shade(f.hair, 0.68), 1.2)
    elif f.back == "tail":
        c.blob([(66, 28), (82, 30), (90, 46), (88, 66), (80, 80), (77, 66), (76, 50)], dark)
    c.ellipse(MIDDLE, 43, w + 3.5, 25, dark)


def _body(c: Canvas, f: Face) -> None:
    shadow = shade(f.skin, 0.84)
    c.blob(
        [(48, 80), (64, 83), (80, 89), (87, 104), (48, 112), (9, 104), (16, 89), (32, 83)],
        f.clothes,
    )
    c.rectangle(MIDDLE, 79, 8, 11, 5, shadow)
    if f.collar == "v":
        c.polygon([(38, 83), (58, 83), (48, 96)], shadow)
    elif f.collar == "hood":
        for side in (-1, 1):
            c.stroke(
                [(48 + side * 11, 82), (48 + side * 15, 89), (48 + side * 5, 94)],
                shade(f.clothes, 0.8),
                5,
            )
    else:
        c.slice(MIDDLE, 84, 11, 7, 0, 180, shadow)


def _head(c: Canvas, f: Face) -> None:
    w, edge = f.width, shade(f.skin, 0.9)
    for side in (-1, 1):
        c.ellipse(MIDDLE + side * w, 56, 4.6, 6, f.skin)
        c.ellipse(MIDDLE + side * w, 56, 2.4, 3.6, edge)
        if f.earrings:
            c.ellipse(MIDDLE + side * (w + 0.8), 63.5, 2.1, 2.1, (240, 196, 72))
    right = [
        (MIDDLE + w * 0.62, 26.0),
        (MIDDLE + w, 42.0),
        (MIDDLE + w * 0.97, 56.0),
        (MIDDLE + w * 0.7, 69.0),
        (MIDDLE + 7, f.chin - 1.2),
    ]
    outline = [(MIDDLE, 22.0), *right, (MIDDLE, f.chin), *mirrored(right, MIDDLE)]
    c.blob(outline, f.skin)


def _cheeks(c: Canvas, f: Face) -> None:
    red, green, blue = f.skin
    for side in (-1, 1):
        x = MIDDLE + side * 15
        if f.cheeks == "blush":
            c.ellipse(x, 63, 4.6, 2.8, (min(255, red + 10), int(green * 0.82), int(blue * 0.82)))
        elif f.cheeks == "freckles":
            for dx, dy in ((-2.6, 0), (0, 1.6), (2.6, 0), (0, -1.4)):
                c.ellipse(x + dx, 62.5 + dy, 0.75, 0.75, shade(f.skin, 0.72))


def _eyes(c: Canvas, f: Face) -> None:
    y = f.eye_height
    for side in (-1, 1):
        x = MIDDLE + side * 11
        if f.eyes == "happy":
            c.stroke([(x - 5, y + 1.8), (x, y - 3), (x + 5, y + 1.8)], INK, 2.2)
            continue
        tall = {"round": 6.4, "almond": 5.0, "sleepy": 5.8}[f.eyes]
        c.ellipse(x, y, 5.6, tall, WHITE)
        c.ellipse(x, y + 0.5, 3.9, min(tall, 5.0), f.iris)
        c.ellipse(x, y + 0.7, 2.1, min(tall, 5.0) * 0.55, (26, 22, 30))
        c.ellipse(x + 1.5, y - 1.7, 1.4, 1.4, WHITE)
        if f.eyes == "sleepy":
            c.slice(x, y, 6.0, tall + 0.4, 190, 350, shade(f.skin, 0.93))
            c.stroke([(x - 5.6, y - 1.0), (x + 5.6, y - 1.0)], INK, 1.8)
        else:
            c.stroke(arc(x, y, 5.8, tall + 0.2, 195, 345), INK, 1.9)
        c.stroke([(x + side * 5.2, y - 1.6), (x + side * 7.0, y - 3.0)], INK, 1.5)


def _brows(c: Canvas, f: Face) -> None:
    ink = shade(f.hair, 0.62)
    y = f.eye_height - 10.2
    inner, middle, outer = {
        "soft": (0.4, -1.4, 0.6), "straight": (0.0, 0.0, 0.0), "raised": (-1.4, -3.2, -1.0),
        "angry": (2.4, 0.2, -1.0),
    }[f.brows]  # fmt: skip
    for side in (-1, 1):
        x = MIDDLE + side * 11
        c.stroke(
            [(x - side * 5.4, y + inner), (x, y + middle), (x + side * 5.4, y + outer)], ink, 2.1
        )


def _nose(c: Canvas, f: Face) -> None:
    ink = shade(f.skin, 0.74)
    if f.nose == "dot":
        c.ellipse(MIDDLE, 62, 1.6, 1.1, ink)
    elif f.nose == "button":
        c.stroke([(45.2, 62.2), (48, 64), (50.8, 62.2)], ink, 1.5)
    else:
        c.stroke([(48.6, 56.5), (46.4, 62.6), (49.4, 63)], ink, 1.5)


def _mouth(c: Canvas, f: Face) -> None:
    red, green, blue = f.skin
    lip = (max(90, int(red * 0.72)), int(green * 0.42), int(blue * 0.42))
    if f.mouth == "smile":
        c.stroke([(41.5, 68), (48, 71.4), (54.5, 68)], lip, 1.9)
    elif f.mouth == "grin":
        c.slice(MIDDLE, 67.2, 8, 6, 0, 180, INSIDE_MOUTH)
        c.slice(MIDDLE, 67.2, 7, 2.8, 0, 180, WHITE)
    elif f.mouth == "open":
        c.ellipse(MIDDLE, 69.6, 4.2, 3.6, INSIDE_MOUTH)
        c.slice(MIDDLE, 71.4, 3.2, 1.8, 180, 360, lip)
    elif f.mouth == "flat":
        c.stroke([(42.5, 69.2), (53.5, 69.2)], lip, 1.9)
    elif f.mouth == "sad":
        c.stroke([(42, 71), (48, 68.2), (54, 71)], lip, 1.9)
    else:
        c.ellipse(MIDDLE, 69.2, 3.2, 1.7, lip)


def _hair_in_front(c: Canvas, f: Face) -> None:
    w, top = f.width + 3.2, 18.5
    crown = [
        (MIDDLE - w, 50.0),
        (MIDDLE - w - 0.5, 38.0),
        (MIDDLE - w * 0.72, 23.5),
        (MIDDLE, top),
        (MIDDLE + w * 0.72, 23.5),
        (MIDDLE + w + 0.5, 38.0),
        (MIDDLE + w, 50.0),
    ]
    inner_left, inner_right = (MIDDLE - w + 6.5, 42.0), (MIDDLE + w - 6.5, 42.0)
    if f.front == "straight":
        c.blob([*crown, inner_right, (60, 39.5), (48, 40.5), (36, 39.5), inner_left], f.hair)
    elif f.front == "parted":
        c.blob([*crown, inner_right, (57, 36), (48, 26.5), (39, 36), inner_left], f.hair)
    elif f.front == "swept":
        c.blob([*crown, inner_right, (63, 33), (52, 37.5), (40, 41.5), inner_left], f.hair)
    elif f.front == "spiky":
        c.blob([*crown, inner_right, (48, 32), inner_left], f.hair)
        for k in range(5):
            x = MIDDLE + (k - 2) * 10
            c.polygon([(x - 6.5, 30), (x + 6.5, 30), (x + 1.5, 42.5 - abs(k - 2))], f.hair)
            c.polygon(
                [(x - 6.5, 25), (x + 6.5, 25), (x * 1.16 - 7.7, 10.5 + 3 * abs(k - 2))], f.hair
            )
    elif f.front == "curly":
        c.blob([*crown, inner_right, (48, 32), inner_left], f.hair)
        for x, y in arc(MIDDLE, 44, w - 4, 20, 190, 350):
            c.ellipse(x, y, 6.6, 6.6, f.hair)
    else:
        c.blob(
            [
                *crown,
                (MIDDLE + w - 4, 40),
                (61, 29.5),
                (48, 28.5),
                (35, 29.5),
                (MIDDLE - w + 4, 40),
            ],
            f.hair,
        )
    c.stroke(arc(MIDDLE, 42, w - 8, 18, 225, 265), shade(f.hair, 1.22), 2.2)


def _glasses(c: Canvas, f: Face) -> None:
    if not f.glasses:
        return
    y = f.eye_height
    frame: Colour = (46, 44, 56)
    for side in (-1, 1):
        x = MIDDLE + side * 11
        if f.glasses == "round":
            c.ring(x, y, 9.2, 9.2, frame, 1.6)
        elif f.glasses == "square":
            c.rectangle(x, y, 9.4, 7.4, 2.5, None, frame, 1.7)
        else:
            c.rectangle(x, y + 0.6, 9.4, 7.0, 4.5, frame)
            c.stroke([(x - 4.5, y - 2), (x - 1, y - 4)], (110, 112, 132), 1.6)
        c.stroke([(x + side * 9, y - 1.5), (MIDDLE + side * f.width, y - 2.5)], frame, 1.5)
    c.stroke([(46, y - 1), (50, y - 1)], frame, 1.6)


PARTS = (
    _hair_behind,
    _body,
    _head,
    _cheeks,
    _eyes,
    _brows,
    _nose,
    _mouth,
    _hair_in_front,
    _glasses,
)
