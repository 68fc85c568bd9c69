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

from ganzoo.animations import LIMITS, encode, there_and_back
from ganzoo.errors import UsageError
from ganzoo.images import Pixels, to_pil
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image, ImageFont

MARGIN = 12
GAP = 2  # between images, as in images.grid
GROUP_GAP = 18
PADDING = 8  # between a label and what is next to it
FONT_SIZE = 15
LINE = 22  # the height of a line of headings
INK, RULE, PAPER = 70, 190, 255  # all grey


class Box(NamedTuple):
    """Where an image is on a sheet, in pixels; the right and lower edges are outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Sheet:
    """Images in labelled rows and columns, the columns in groups of the same size.

    `images` is uint8 (rows, groups, columns, H, W, C). `rows`, `groups` and `columns` are their
    labels; those of the columns stand over each group, and labels that are not given take no room.
    Images are enlarged by the largest whole factor that keeps them within `size` pixels, and there
    is room for labels of `room` pixels over a column.
    """

    images: Pixels
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    groups: Sequence[str] = ()
    size: int = 64
    room: int = 0

    def draw(self) -> Image.Image:
        """The sheet as one picture, grey or RGB: grey letters on white."""
        rows, groups, columns = self.images.shape[:3]
        height = self.box(rows - 1, 0, 0).bottom + MARGIN
        width = self._left(groups - 1, columns - 1) + self._column_width + MARGIN
        canvas = np.full((height, width, self.images.shape[5]), PAPER, np.uint8)
        for at in np.ndindex(rows, groups, columns):
            left, top, right, bottom = self.box(*at)
            image = self.images[at].repeat(self._zoom, axis=0).repeat(self._zoom, axis=1)
            canvas[top:bottom, left:right] = image
        picture = to_pil(canvas)
        self._write(picture)
        return picture

    def frames(self) -> list[Image.Image]:
        """One picture for each column, all of one size: every group with that column alone."""
        room = max(self.room, _width(self.columns))
        columns = (
            (self.images[:, :, [k]], self.columns[k : k + 1]) for k in range(self.images.shape[2])
        )
        return [replace(self, images=i, columns=label, room=room).draw() for i, label in columns]

    def save(self, path: str | Path) -> None:
        """Write the sheet, or for .gif and .webp its frames; a reader never sees half a file."""
        path = Path(path)
        if is_animation(path):
            content = encode(*there_and_back(self.frames()), path)
        else:
            encoded = io.BytesIO()
            self.draw().save(encoded, format="PNG")
            content = encoded.getvalue()
        write_whole(path, content)

    def box(self, row: int, group: int, column: int) -> Box:
        """Where this image is drawn: in the middle of its column."""
        height, width = (side * self._zoom for side in self.images.shape[3:5])
        left = self._left(group, column) + (self._column_width - width) // 2
        top = MARGIN + LINE * (bool(self.groups) + bool(self.columns)) + row * (height + GAP)
        return Box(left, top, left + width, top + height)

    @property
    def _zoom(self) -> int:
        return max(1, self.size // int(max(self.images.shape[3:5])))

    @functools.cached_property
    def _column_width(self) -> int:
        """Wide enough for the images, and for labels and headings not to touch each other."""
        columns, width = int(self.images.shape[2]), int(self.images.shape[4])
        label = max(self.room, _width(self.columns))
        heading = math.ceil((_width(self.groups) + GAP) / columns) - GAP
        return max(width * self._zoom, label + PADDING if label else 0, heading)

    @functools.cached_property
    def _row_labels(self) -> int:
        """How much room the labels of the rows take."""
        return _width(self.rows) + PADDING if self.rows else 0

    def _left(self, group: int, column: int) -> int:
        """Where a column begins, of which the images may be narrower."""
        pitch = self._column_width + GAP
        in_groups = group * (int(self.images.shape[2]) * pitch - GAP + GROUP_GAP)
        return MARGIN + self._row_labels + in_groups + column * pitch

    def _write(self, picture: Image.Image) -> None:
        """Labels and headings, each in the middle of what it is about, and rules below groups."""
        from PIL import ImageDraw

        pen = ImageDraw.Draw(picture)
        ink, rule = (grey if picture.mode == "L" else (grey,) * 3 for grey in (INK, RULE))
        write = functools.partial(pen.text, fill=ink, font=_font())
        groups, columns = self.images.shape[1:3]
        for row, label in enumerate(self.rows):
            box = self.box(row, 0, 0)
            write((self._left(0, 0) - PADDING, (box.top + box.bottom) / 2), label, anchor="rm")
        for group in range(groups):
            y = MARGIN + LINE / 2 - 2
            if self.groups:
                left = self._left(group, 0)
                right = self._left(group, columns - 1) + self._column_width
                write(((left + right) / 2, y), self.groups[group], anchor="mm")
                pen.line((left, MARGIN + LINE - 2, right - 1, MARGIN + LINE - 2), rule)
                y += LINE + 1
            for column, label in enumerate(self.columns):
                write((self._left(group, column) + self._column_width / 2, y), label, anchor="mm")


def is_animation(path: Path) -> bool:
    """Whether a file of this name holds frames; UsageError if it is neither that nor a picture."""
    suffix = path.suffix.lower()
    if suffix not in {".png", *LIMITS}:
        raise UsageError(
            f"ganzoo draws sheets as .png and animations as .gif or .webp, and {path} is neither: "
            f"name it {path.stem or 'x'}.png"
        )
    return suffix in LIMITS


def _width(labels: Sequence[str]) -> int:
    """The width of the widest, in pixels."""
    return max((math.ceil(_font().getlength(label)) for label in labels), default=0)


@functools.cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that Pillow brings: it looks the same on every machine."""
    from PIL import ImageFont

    return ImageFont.load_default(FONT_SIZE)
