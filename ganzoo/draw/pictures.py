"""A picture as a file for a document: PNG, SVG or PDF, with 200 dots to the inch."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import UsageError
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image

DPI = 200
"""A document shows a picture at this many pixels to the inch."""
PAGE = 1260
"""Pixels that fill the width of a page: 16 cm of a document."""
SUFFIXES = (".png", ".svg", ".pdf")


def check_suffix(path: Path) -> None:
    """Raise UsageError where the name of a file is that of no picture."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"pictures are .png, .svg or .pdf, and {path} is none: name it {path.stem or 'x'}.png"
        )


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a PIL image, grey or RGB, as the suffix of `path` says; as `write_whole` does."""
    write_whole(path, encoded(picture, path))


def encoded(picture: Image.Image, path: Path) -> bytes:
    """Return what `save_picture` writes.

    An .svg holds the picture as a PNG: each pixel stays what it is. A .pdf holds it as a JPEG of
    the best quality, since Pillow writes no other.
    """
    check_suffix(path)
    file = io.BytesIO()
    if path.suffix.lower() == ".pdf":
        picture.save(file, "PDF", resolution=DPI, quality=100, subsampling=0)
        return file.getvalue()
    picture.save(file, "PNG", dpi=(DPI, DPI))
    if path.suffix.lower() == ".png":
        return file.getvalue()
    width, height = picture.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width / DPI}in" height="{height / DPI}in"'
        f' viewBox="0 0 {width} {height}"><image width="{width}" height="{height}"'
        f' href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/></svg>'
    ).encode()
