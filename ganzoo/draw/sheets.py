"""Sheets of images with headings and labels, as pictures and as animations."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.draw.animations import LIMITS, encode, there_and_back
from ganzoo.draw.pixels import Pixels, to_pil
from ganzoo.errors import UsageError
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image, ImageFont

MARGIN = 12
GAP = 2  # between images, as in pixels.grid
GROUP_GAP = 18
INK, RULE, PAPER = 40, 190, 255  # all grey
FONT_SIZES = (15, 45)
"""Smallest and largest size of letters, in pixels."""
LETTERS = 52
"""Width of the images in font sizes: 7 points on a sheet that is printed 15 cm wide."""


class Box(NamedTuple):
    """Place of an image on a sheet, in pixels; the right and lower edges are outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Sheet:
    """Images in labelled rows and columns, the columns in groups of the same size.

    `images` is uint8 (rows, groups, columns, H, W, C). `rows`, `groups` and `columns` are their
    labels; those of the columns stand over each group. Labels that are not given take no room.
    `caption` stands below. Images are enlarged by the largest whole factor that keeps them within
    `size` pixels. A column has room for a label of `room` pixels, or more if its own need it.
    Letters grow with the sheet, so that they can be read in print.
    """

    images: Pixels
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    groups: Sequence[str] = ()
    caption: str = ""
    size: int = 64
    room: int = 0

    def draw(self) -> Image.Image:
        """Draw the sheet as one picture, grey or RGB: grey letters on white."""
        rows, groups, columns = self.images.shape[:3]
        height = self.box(rows - 1, 0, 0).bottom + MARGIN + self._line * bool(self.caption)
        width = self._left(groups - 1, columns - 1) + self._column_width
        width = max(width, MARGIN + self._width([self.caption])) + MARGIN
        canvas = np.full((height, width, self.images.shape[5]), PAPER, np.uint8)
        for at in np.ndindex(rows, groups, columns):
            left, top, right, bottom = self.box(*at)
            image = self.images[at].repeat(self._zoom, axis=0).repeat(self._zoom, axis=1)
            canvas[top:bottom, left:right] = image
        picture = to_pil(canvas)
        self._write(picture)
        return picture

    def frames(self) -> list[Image.Image]:
        """Draw one picture for each column, all of one size: every group with that column alone."""
        alone = [
            replace(self, images=self.images[:, :, [k]], columns=self.columns[k : k + 1])
            for k in range(self.images.shape[2])
        ]
        room = max([self.room, *(sheet._width(sheet.columns) for sheet in alone)])
        return [replace(sheet, room=room).draw() for sheet in alone]

    def save(self, path: str | Path) -> None:
        """Write the sheet, or its frames as a .gif or .webp; a reader never sees half a file."""
        path = Path(path)
        if is_animation(path):
            content = encode(*there_and_back(self.frames()), path)
        else:
            content = self._repr_png_()
        write_whole(path, content)

    def __repr__(self) -> str:
        rows, groups, columns, height, width, _ = self.images.shape
        return f"<sheet of {rows} x {groups * columns} images of {width}x{height}>"

    def _repr_png_(self) -> bytes:
        """Return the sheet as a PNG file, so that a notebook shows it."""
        encoded = io.BytesIO()
        self.draw().save(encoded, format="PNG")
        return encoded.getvalue()

    def box(self, row: int, group: int, column: int) -> Box:
        """Return where this image is drawn: in the middle of its column."""
        height, width = (side * self._zoom for side in self.images.shape[3:5])
        left = self._left(group, column) + (self._column_width - width) // 2
        headings = self._line * (bool(self.groups) + bool(self.columns))
        top = MARGIN + headings + row * (height + GAP)
        return Box(left, top, left + width, top + height)

    @property
    def _zoom(self) -> int:
        return max(1, self.size // int(max(self.images.shape[3:5])))

    @property
    def _font_size(self) -> int:
        _, groups, columns, _, width, _ = (int(size) for size in self.images.shape)
        least, most = FONT_SIZES
        return max(least, min(groups * columns * (width * self._zoom + GAP) // LETTERS, most))

    @property
    def _line(self) -> int:
        """Height of a line of headings, in pixels."""
        return self._font_size * 3 // 2

    @property
    def _padding(self) -> int:
        """Room between a label and what is next to it, in pixels."""
        return self._font_size // 2 + 1

    def _width(self, labels: Sequence[str]) -> int:
        """Return the width of the widest label, in pixels."""
        font = _font(self._font_size)
        return max((math.ceil(font.getlength(label)) for label in labels), default=0)

    @functools.cached_property
    def _column_width(self) -> int:
        """Width that fits the images and keeps labels and headings from touching each other."""
        columns, width = int(self.images.shape[2]), int(self.images.shape[4])
        label = max(self.room, self._width(self.columns))
        heading = math.ceil((self._width(self.groups) + GAP) / columns) - GAP
        return max(width * self._zoom, label + self._padding if label else 0, heading)

    @functools.cached_property
    def _row_labels(self) -> int:
        """Width that the labels of the rows take."""
        return self._width(self.rows) + self._padding if self.rows else 0

    def _left(self, group: int, column: int) -> int:
        """Return where a column begins; its images may be narrower than the column."""
        pitch = self._column_width + GAP
        in_groups = group * (int(self.images.shape[2]) * pitch - GAP + GROUP_GAP)
        return MARGIN + self._row_labels + in_groups + column * pitch

    def _write(self, picture: Image.Image) -> None:
        """Write labels and headings, each in the middle of what it is about; rule below groups."""
        from PIL import ImageDraw

        pen = ImageDraw.Draw(picture)
        ink, rule = (grey if picture.mode == "L" else (grey,) * 3 for grey in (INK, RULE))
        write = functools.partial(pen.text, fill=ink, font=_font(self._font_size))
        line, padding = self._line, self._padding
        groups, columns = self.images.shape[1:3]
        for row, label in enumerate(self.rows):
            box = self.box(row, 0, 0)
            write((self._left(0, 0) - padding, (box.top + box.bottom) / 2), label, anchor="rm")
        for group in range(groups):
            y = MARGIN + line / 2 - 2
            if self.groups:
                left = self._left(group, 0)
                right = self._left(group, columns - 1) + self._column_width
                write(((left + right) / 2, y), self.groups[group], anchor="mm")
                pen.line((left, MARGIN + line - 2, right - 1, MARGIN + line - 2), rule)
                y += line + 1
            for column, label in enumerate(self.columns):
                write((self._left(group, column) + self._column_width / 2, y), label, anchor="mm")
        write((MARGIN, picture.height - MARGIN - line / 3), self.caption, anchor="lm")


def is_animation(path: Path) -> bool:
    """Return whether a file of this name holds frames; UsageError if it holds no picture either."""
    suffix = path.suffix.lower()
    if suffix not in {".png", *LIMITS}:
        raise UsageError(
            f"ganzoo draws sheets as .png and animations as .gif or .webp, and {path} is neither: "
            f"name it {path.stem or 'x'}.png"
        )
    return suffix in LIMITS


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings: it looks the same on every machine."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
