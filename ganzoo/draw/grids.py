"""Grids of images as pictures for a page, with a number below each image where that is wanted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ganzoo.draw.checking import positive
from ganzoo.draw.pixels import GAP, Pixels, factor, grid, to_pil
from ganzoo.draw.sheets import font, font_size, writer

if TYPE_CHECKING:
    from PIL import Image

PAGE = 1260
"""Pixels that one row of images fills: 16 cm of a document, at 200 to the inch."""
FEWEST = 3
"""Images that fill it; fewer are as large as these, and each pixel of one is not a tile."""


def picture(
    images: Pixels,
    columns: int | None = None,
    *,
    scale: int | None = None,
    numbered: bool = False,
) -> Image.Image:
    """Return images (n, H, W, C) in rows as one picture, as square as can be.

    Each pixel is drawn `scale` times in both directions. By default one row of three images or more
    is as wide as fits into `PAGE` pixels, and images in several rows are at most 64 pixels wide and
    high, or as they are. Where they are `numbered`, the number of each, from 0 on, is below it.
    """
    count, height, width, _ = images.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    if scale is not None:
        positive(scale, "scale")
    elif count == columns:
        scale = max(factor(height, width), ((PAGE - GAP) // max(columns, FEWEST) - GAP) // width)
    else:
        scale = factor(height, width)
    if not numbered:
        return to_pil(grid(images, columns, scale=scale))
    high, wide = height * scale, width * scale
    size = font_size(columns * (wide + GAP))
    line = size * 3 // 2
    gap = max(GAP, math.ceil(font(size).getlength(str(count - 1))) + size // 2 - wide)
    made = to_pil(grid(images, columns, gap, scale=scale, room=line))
    write = writer(made, size)
    for i in range(count):
        left, top = i % columns * (wide + gap) + gap, i // columns * (high + line + gap) + gap
        write((left + wide / 2, top + high + line / 2), str(i), anchor="mm")
    return made
