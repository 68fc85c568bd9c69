"""Sheets of images with headings and labels, as pictures and as animations."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.draw.animations import LIMITS, encode, there_and_back
from ganzoo.draw.checking import positive
from ganzoo.draw.fonts import lettered
from ganzoo.draw.pictures import SUFFIXES, Picture
from ganzoo.draw.pixels import GAP, Pixels, factor, paper, to_pil
from ganzoo.errors import UsageError
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image

MARGIN = 12
GROUP_GAP = 18
INK, RULE = 40, 190  # both grey
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
    labels; those of the columns stand over each group, or there is one for each column of each
    group. Labels that are not given take no room. `first` is a heading and images, uint8 (rows, H,
    W, C), of a column that stands before the groups. `title` stands above all. Each pixel is drawn
    `scale` times in both directions; by default that is the largest whole factor that keeps images
    within `size` pixels. A column has room for a label of `room` pixels, or more if its own need
    it. Letters grow with the sheet, so that they can be read in print.
    """

    images: Pixels
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    groups: Sequence[str] = ()
    title: str = ""
    size: int = 64
    room: int = 0
    first: tuple[str, Pixels] | None = None
    scale: int | None = None

    def draw(self) -> Picture:
        """Draw the sheet as one picture, grey or RGB: grey letters on white."""
        rows, groups, columns = self.images.shape[:3]
        height = self.box(rows - 1, 0, 0).bottom + MARGIN
        width = self._left(groups - 1, columns - 1) + self._column_width
        width = max(width, MARGIN + self._width([self.title])) + MARGIN
        canvas = paper(height, width, int(self.images.shape[5]))
        places = [(self.box(*at), self.images[at]) for at in np.ndindex(rows, groups, columns)]
        if self.first:
            places += [(self.first_box(row), image) for row, image in enumerate(self.first[1])]
        for (left, top, right, bottom), image in places:
            enlarged = image.repeat(self._zoom, axis=0).repeat(self._zoom, axis=1)
            canvas[top:bottom, left:right] = enlarged
        picture = to_pil(canvas)
        self._write(picture)
        return Picture(picture)

    def frames(self) -> list[Picture]:
        """Draw one picture for each column, all of one size: every group with that column alone.

        `first` is in each of them.
        """
        count = int(self.images.shape[2])
        alone = [
            replace(self, images=self.images[:, :, [k]], columns=self.columns[k::count])
            for k in range(count)
        ]
        room = max([self.room, *(sheet._width(sheet.columns) for sheet in alone)])
        return [replace(sheet, room=room).draw() for sheet in alone]

    def save(self, path: str | Path) -> None:
        """Write the sheet, or its frames as a .gif or .webp; a reader never sees half a file.

        Its picture is a .png, .svg or .pdf, as `Picture.save` has it.
        """
        path = Path(path)
        if is_animation(path):
            write_whole(path, encode(*there_and_back(self.frames()), path))
        else:
            self.draw().save(path)

    def __repr__(self) -> str:
        rows, groups, columns, height, width, _ = self.images.shape
        return (
            f"<sheet of {rows} x {groups * columns + bool(self.first)} images of {width}x{height}>"
        )

    def _repr_png_(self) -> bytes:
        return self.draw()._repr_png_()

    def box(self, row: int, group: int, column: int) -> Box:
        """Return where this image is drawn: in the middle of its column."""
        return self._box(row, self._left(group, column), self._column_width)

    def first_box(self, row: int) -> Box:
        """Return where the image before the groups is drawn."""
        return self._box(row, MARGIN + self._row_labels, self._first_width)

    def _box(self, row: int, left: int, room: int) -> Box:
        """Return the place in the middle of `room` pixels."""
        height, width = (int(side) * self._zoom for side in self.images.shape[3:5])
        left += (room - width) // 2
        headings = self._line * (bool(self.groups) + bool(self.columns or self.first))
        top = self._below_title + headings + row * (height + GAP)
        return Box(left, top, left + width, top + height)

    @property
    def _zoom(self) -> int:
        height, width = (int(side) for side in self.images.shape[3:5])
        if self.scale is None:
            return factor(height, width, self.size)
        return positive(self.scale, "scale")

    @property
    def _font_size(self) -> int:
        _, groups, columns, _, width, _ = (int(size) for size in self.images.shape)
        return font_size((groups * columns + bool(self.first)) * (width * self._zoom + GAP))

    @property
    def _line(self) -> int:
        """Height of a line of headings, in pixels."""
        return self._font_size * 3 // 2

    @property
    def _below_title(self) -> int:
        """Where what is below the title begins, in pixels."""
        return MARGIN + self._line * bool(self.title)

    @property
    def _padding(self) -> int:
        """Room between a label and what is next to it, in pixels."""
        return self._font_size // 2 + 1

    def _width(self, labels: Sequence[str]) -> int:
        """Return the width of the widest label, in pixels."""
        return max((text_width(label, self._font_size) for label in labels), default=0)

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

    @functools.cached_property
    def _first_width(self) -> int:
        """Width of the column before the groups."""
        if not self.first:
            return 0
        return max(int(self.images.shape[4]) * self._zoom, self._width([self.first[0]]))

    def _left(self, group: int, column: int) -> int:
        """Return where a column begins; its images may be narrower than the column."""
        pitch = self._column_width + GAP
        in_groups = group * (int(self.images.shape[2]) * pitch - GAP + GROUP_GAP)
        before = self._first_width + GROUP_GAP if self.first else 0
        return MARGIN + self._row_labels + before + in_groups + column * pitch

    def _write(self, picture: Image.Image) -> None:
        """Write labels and headings, each in the middle of what it is about; rule below groups."""
        from PIL import ImageDraw

        write = writer(picture, self._font_size)
        pen, rule = ImageDraw.Draw(picture), RULE if picture.mode == "L" else (RULE,) * 3
        line, padding = self._line, self._padding
        groups, columns = (int(count) for count in self.images.shape[1:3])
        begin = self._below_title
        top = begin + line / 2 - 2  # of headings; y is that of the labels of columns
        y = top + line + 1 if self.groups else top
        for row, label in enumerate(self.rows):
            box = self.box(row, 0, 0)
            at = (MARGIN + self._row_labels - padding, (box.top + box.bottom) / 2)
            write(at, label, anchor="rm")
        if self.first:
            write(
                (MARGIN + self._row_labels + self._first_width / 2, y), self.first[0], anchor="mm"
            )
        for group in range(groups):
            if self.groups and self.groups[group]:
                left = self._left(group, 0)
                right = self._left(group, columns - 1) + self._column_width
                write(((left + right) / 2, top), self.groups[group], anchor="mm")
                pen.line((left, begin + line - 2, right - 1, begin + line - 2), rule)
            for column in range(columns if self.columns else 0):
                label = self.columns[(group * columns + column) % len(self.columns)]
                write((self._left(group, column) + self._column_width / 2, y), label, anchor="mm")
        write((MARGIN, MARGIN + line / 3), self.title, anchor="lm")


def is_animation(path: Path) -> bool:
    """Return whether a file of this name holds frames; UsageError if it holds no picture either."""
    suffix = path.suffix.lower()
    if suffix not in {*SUFFIXES, *LIMITS}:
        raise UsageError(
            f"ganzoo draws sheets as .png, .svg or .pdf, and animations as .gif or .webp, and "
            f"{path} is none of them: name it {path.stem or 'x'}.png"
        )
    return suffix in LIMITS


def font_size(width: int) -> int:
    """Return the size of the letters on a sheet whose images are `width` pixels wide together."""
    least, most = FONT_SIZES
    return max(least, min(width // LETTERS, most))


def text_width(text: str, size: int) -> int:
    """Return the width of a text in letters of this size, in pixels."""
    font, shown = lettered(text, size)
    return math.ceil(font.getlength(shown))


def writer(picture: Image.Image, size: int) -> Callable[..., None]:
    """Return a function (place, text, anchor=…) that writes on a picture with letters of `size`."""
    from PIL import ImageDraw

    ink: Any = INK if picture.mode == "L" else (INK,) * 3
    pen = ImageDraw.Draw(picture)

    def write(at: tuple[float, float], text: str, anchor: str) -> None:
        font, shown = lettered(text, size)
        pen.text(at, shown, ink, font, anchor)

    return write
