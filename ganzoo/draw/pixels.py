"""From a network's numbers to pixels and grids: the only place where that happens.

`save_png` keeps pixels for programs; `pictures.py` writes figures for documents.
"""

from __future__ import annotations

import errno
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError
from ganzoo.storage import read_small, write_whole

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]
"""uint8 images, (n, height, width, channels) with 1 or 3 channels."""
GAP = 2
"""Pixels between two images of a sheet."""
MOST_BYTES = 2**28
"""Of a picture that is read: a file of a terabyte may take no place on the disk."""
MOST_PIXELS = 2**30
"""Of a sheet: a GiB, or three in colour."""


def to_pixels(images: NDArray[np.float32], image_range: tuple[float, float]) -> Pixels:
    """Round float images (n, C, H, W) in `image_range` to uint8 pixels (n, H, W, C)."""
    low, high = image_range
    with np.errstate(over="ignore"):  # what is far too bright is white
        scaled = np.clip((images - low) * (255 / (high - low)), 0, 255)
    return np.ascontiguousarray(np.rint(scaled).astype(np.uint8).transpose(0, 2, 3, 1))


def factor(height: int, width: int, most: int = 64) -> int:
    """Return the largest whole factor that keeps an image within `most` pixels, or else 1."""
    return max(1, most // max(height, width))


def paper(height: int, width: int, channels: int) -> Pixels:
    """Return a white sheet (H, W, C); UsageError where it is too large for the memory."""
    if height * width > MOST_PIXELS:
        raise UsageError(
            f"{width:,}x{height:,} pixels are too many for a sheet: ask for fewer images, or for a "
            "smaller scale=",
            "scale",
        )
    return np.full((height, width, channels), 255, np.uint8)


def grid(
    images: Pixels,
    columns: int | None = None,
    gap: int = GAP,
    *,
    scale: int | None = None,
    room: int = 0,
) -> Pixels:
    """Return one sheet (1, H, W, C) of n images in rows, as square as can be.

    Each pixel is drawn `scale` times in both directions. By default small images are enlarged, so
    that the sheet can be looked at. There are `room` pixels below each image for a label.
    """
    count, height, width, channels = images.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    scale = scale or factor(height, width)
    high, wide = height * scale, width * scale
    cell_h, cell_w = high + room + gap, wide + gap
    sheet = paper(rows * cell_h + gap, columns * cell_w + gap, channels)
    for i, image in enumerate(images):
        y, x = (i // columns) * cell_h + gap, (i % columns) * cell_w + gap
        sheet[y : y + high, x : x + wide] = image.repeat(scale, axis=0).repeat(scale, axis=1)
    return sheet[None]


def ungrid(sheet: Pixels, count: int, size: tuple[int, int], gap: int = GAP) -> Pixels:
    """Return the images (count, H, W, C) of which `grid` made a sheet (H, W, C).

    `size` is (height, width) of an image. Raises ValueError if no such images make this sheet.
    """
    height, width = size
    zoom = factor(*size)
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cell_h, cell_w = height * zoom + gap, width * zoom + gap
    if sheet.shape[:2] != (rows * cell_h + gap, columns * cell_w + gap):
        raise ValueError(f"no grid of {count} images of {width}x{height} pixels")
    cells = sheet[gap:, gap:].reshape(rows, cell_h, columns, cell_w, -1).swapaxes(1, 2)
    small = cells[:, :, : cell_h - gap : zoom, : cell_w - gap : zoom]
    return np.ascontiguousarray(small.reshape(-1, height, width, sheet.shape[2])[:count])


def from_file(path: Path) -> Pixels:
    """Read one PNG (H, W, C), grey or RGB.

    Raises OSError where it cannot be read or is damaged, as is said of a device or a pipe, too.
    """
    from PIL import Image, UnidentifiedImageError

    content = read_small(path, MOST_BYTES)
    if content is None:
        raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES:,} bytes", str(path))
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            pixels = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))
    except MemoryError:
        raise
    except Exception as error:  # of what is damaged Pillow raises nearly anything
        why = "it is damaged, or no PNG" if isinstance(error, UnidentifiedImageError) else error
        raise OSError(errno.EINVAL, str(why), str(path)) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def save_png(image: Pixels, path: Path, *, new_folder: bool = True) -> None:
    """Write one image (H, W, C) or (1, H, W, C) as a PNG file, as `write_whole` does."""
    encoded = io.BytesIO()
    to_pil(image).save(encoded, format="PNG")
    write_whole(path, encoded.getvalue(), new_folder=new_folder)


def to_pil(image: Pixels) -> Image.Image:
    """Return one image (H, W, C) or (1, H, W, C) as a PIL image, grey or RGB."""
    from PIL import Image

    image = image[0] if image.ndim == 4 else image
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
