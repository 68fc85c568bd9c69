"""Grids of images as pictures for a page, with a number below each image where that is wanted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ganzoo.draw.checking import positive
from ganzoo.draw.pictures import PAGE, Picture, below_each_other
from ganzoo.draw.pixels import GAP, Pixels, factor, grid, paper, to_pil
from ganzoo.draw.sheets import font_size, text_width, writer

if TYPE_CHECKING:
    from PIL import Image

FEWEST = 3
"""Images of one row that fill the page; fewer are as large as these, so that a pixel is no tile."""


def picture(
    images: Pixels,
    columns: int | None = None,
    *,
    scale: int | None = None,
    numbered: bool = False,
    title: str = "",
) -> Picture:
    """Return images (n, H, W, C) in rows as one picture, as square as can be.

    Each pixel is drawn `scale` times in both directions. By default one row of three images or more
    is as wide as fits into `PAGE` pixels, and images in several rows are at most 64 pixels wide and
    high, or as they are. Where they are `numbered`, the number of each, from 0 on, is below it. The
    `title` is above all.
    """
    count, height, width, _ = images.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    if scale is not None:
        positive(scale, "scale")
    elif count == columns:
        scale = max(factor(height, width), ((PAGE - GAP) // max(columns, FEWEST) - GAP) // width)
    else:
        scale = factor(height, width)
    high, wide = height * scale, width * scale
    size = font_size(columns * (wide + GAP))
    line = size * 3 // 2
    if not numbered:
        return _with_title(to_pil(grid(images, columns, scale=scale)), title, size)
    gap = max(GAP, text_width(str(count - 1), size) + size // 2 - wide)
    made = to_pil(grid(images, columns, gap, scale=scale, room=line))
    write = writer(made, size)
    for i in range(count):
        left, top = i % columns * (wide + gap) + gap, i // columns * (high + line + gap) + gap
        write((left + wide / 2, top + high + line / 2), str(i), anchor="mm")
    return _with_title(made, title, size)


def _with_title(made: Image.Image, title: str, size: int) -> Picture:
    """Return a picture with a line of text above it, if there is any."""
    if not title:
        return Picture(made)
    width = max(made.width, text_width(title, size) + 2 * GAP)
    line = to_pil(paper(2 * size, width, 1)).convert(made.mode)
    writer(line, size)((GAP, size), title, anchor="lm")
    return Picture(below_each_other([line, made]))
