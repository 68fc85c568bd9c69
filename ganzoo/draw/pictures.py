"""A picture that a notebook shows, and that is saved for a document: PNG, SVG or PDF."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image

DPI = 200
"""A document shows a picture at this many pixels to the inch."""
PAGE = 1260
"""Pixels that fill the width of a page: 16 cm of a document."""
SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Picture:
    """A picture that a notebook shows, and that `save` writes as .png, .svg or .pdf.

    `image` is the same for Pillow, grey or RGB: `picture.image.resize((64, 64))`. For numpy and
    matplotlib it is an array, uint8 (H, W) or (H, W, 3).
    """

    image: Image.Image

    def save(self, path: Path | str) -> None:
        """Write the picture, 200 dots to the inch; a reader never sees half a file.

        An .svg holds the picture as a PNG: each pixel stays what it is. A .pdf holds it as a JPEG
        of the best quality, since Pillow writes no other. Raises UsageError for other suffixes.
        """
        path = Path(path)
        check_suffix(path)
        write_whole(path, self._encoded(path.suffix.lower()))

    def __repr__(self) -> str:
        return f"<picture of {self.image.width}x{self.image.height} pixels>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.image, dtype)

    def _repr_png_(self) -> bytes:
        return self._encoded(".png")

    def _encoded(self, suffix: str) -> bytes:
        file = io.BytesIO()
        if suffix == ".pdf":
            self.image.save(file, "PDF", resolution=DPI, quality=100, subsampling=0)
            return file.getvalue()
        self.image.save(file, "PNG", dpi=(DPI, DPI))
        if suffix == ".png":
            return file.getvalue()
        width, height = self.image.size
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" '
            f'width="{width / DPI}in" height="{height / DPI}in" viewBox="0 0 {width} {height}">'
            f'<image width="{width}" height="{height}" '
            f'href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/></svg>'
        ).encode()


def check_suffix(path: Path) -> None:
    """Raise UsageError where the name of a file is that of no picture."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"pictures are .png, .svg or .pdf, and {path} is none: name it {path.stem or 'x'}.png"
        )


def below_each_other(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return one picture of several of one mode, grey or RGB; the first is at the top."""
    from PIL import Image

    size = max(each.width for each in pictures), sum(each.height for each in pictures)
    made = Image.new(pictures[0].mode, size, "white")
    top = 0
    for each in pictures:
        made.paste(each, (0, top))
        top += each.height
    return made
