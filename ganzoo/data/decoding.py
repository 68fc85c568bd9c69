"""One encoded image decoded to 8 bits a value, upright, on white, within a budget of memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from ganzoo.data.budget import MAX_PIXELS, PIXELS
from ganzoo.data.deep import Deep
from ganzoo.data.formats import readable
from ganzoo.errors import DataError

SMALLEST = 16  # pixels; a smaller side is an icon that was left in the folder, not a picture
_STRIP = 4_000_000  # pixels that are converted at a time: intermediate results take memory, too
_ORIENTATION = 0x0112
_SHADES = {"L;2": 85, "L;4": 17}  # what Pillow multiplies the greys of a PNG of few bits by

Array = NDArray[np.uint8]
Shaped = TypeVar("Shaped")
Box = tuple[int, int, int, int]


def decode(content: bytes) -> Array:
    """Decode an image to uint8, (H, W) grey or (H, W, 3) RGB: upright, transparency on white.

    Raises ValueError if it is too small, too large, or has 32 bits a pixel.
    """
    return decode_into(content, lambda image: image)


def decode_into(
    content: bytes,
    shaped: Callable[[Array], Shaped],
    bits: Callable[[int], int] = lambda own: own,
) -> Shaped:
    """Decode an image and return what `shaped` makes of it, while there is room for both.

    `bits` tells how many bits an image with 16 bits a value uses, from how many it seems to use.
    """
    image = _opened(content)
    pixels = image.width * image.height
    with PIXELS.taking(pixels):
        if pixels <= _STRIP:
            return shaped(_decoded(image, content, bits))
        # glibc keeps what a thread has freed for this thread, or for a new one when it has ended.
        # Sixteen images of 64 million pixels left 2.5 GB behind in 6 threads, and take 0.9 so.
        with ThreadPoolExecutor(1) as alone:
            # Opened anew, the image is freed there before the next one may begin.
            return alone.submit(lambda: shaped(_decoded(_opened(content), content, bits))).result()


def deep_bits(content: bytes) -> int:
    """Return how many bits an image with 16 bits a value uses; 0 for any other image."""
    with _opened(content) as image, PIXELS.taking(image.width * image.height):
        deep = Deep.of(image, lambda: _open(content))
        return deep.bits() if deep else 0


def require_size(height: int, width: int) -> None:
    """Raise DataError where images of an array are smaller than those of files may be."""
    if min(height, width) < SMALLEST:
        size = f"{width}x{height}"
        raise DataError(f"images of {size} are too small: at least {SMALLEST} pixels a side")


def _open(content: bytes) -> ImageFile.ImageFile:
    """Return an image by its content, whatever its name is."""
    return Image.open(io.BytesIO(content), formats=readable().formats)


def _opened(content: bytes) -> ImageFile.ImageFile:
    """Return an image that is not decoded yet; raise ValueError where its size is not possible."""
    image = _open(content)
    size = image.size
    if image.format in {"JPEG", "MPO"} and not image.info.get("progressive"):
        # A JPEG can be decoded at a part of its size. A progressive one is in memory as a whole.
        for part in (2, 4, 8):
            if image.width * image.height > MAX_PIXELS:
                image.draft(None, (size[0] // part, size[1] // part))
    if min(image.size) < SMALLEST or image.width * image.height > MAX_PIXELS:
        limits = f"at least {SMALLEST} a side and at most {MAX_PIXELS} pixels"
        raise ValueError(f"{size[0]}x{size[1]}, where ganzoo wants {limits}")
    return image


def _decoded(image: ImageFile.ImageFile, content: bytes, bits: Callable[[int], int]) -> Array:
    """Return the pixels of an open image."""
    pieces: Callable[[Box], Array]
    if (deep := Deep.of(image, lambda: _open(content))) and deep.needs_scaling(bits):
        pieces = deep.scaled
    elif image.mode in {"I", "F"}:
        raise ValueError(f"32 bits a pixel (mode {image.mode}) have no range of their own")
    else:
        if "transparency" in image.info and image.tile:
            image.info["transparency"] = _shade(image, image.info["transparency"])
        pieces = _flat(image)
    image.load()  # a TIFF is upright only now
    width, height = image.size
    first, *others = _strips(width, height)
    pixels = pieces(first)
    if others:
        whole = np.empty((height, *pixels.shape[1:]), np.uint8)
        whole[: first[3]] = pixels
        for box in others:
            whole[box[1] : box[3]] = pieces(box)
        pixels = whole
    return _upright(pixels, image)


def _strips(width: int, height: int) -> Iterator[Box]:
    """Yield boxes of whole rows that together are an image."""
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        yield 0, top, width, min(top + rows, height)


def _flat(image: ImageFile.ImageFile) -> Callable[[Box], Array]:
    """Return the function that converts a part of an image to grey or RGB, on white."""

    def piece(box: Box) -> Array:
        part = image.crop(box)
        if part.has_transparency_data:
            above = part.convert("RGBA")
            part = Image.alpha_composite(Image.new("RGBA", above.size, "white"), above)
        return np.asarray(part.convert("L" if part.mode in {"1", "L"} else "RGB"))

    return piece


def _shade(image: ImageFile.ImageFile, transparent: object) -> object:
    """Return the grey that is transparent as Pillow decodes it: a PNG says it in its own bits."""
    factor = _SHADES.get(str(image.tile[0][3]), 1)
    return transparent * factor if isinstance(transparent, int) else transparent


def _upright(pixels: Array, image: ImageFile.ImageFile) -> Array:
    """Turn pixels as the EXIF data of their image says; a view of them needs no memory."""
    match image.getexif().get(_ORIENTATION, 1):
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.swapaxes(0, 1)
        case 6:
            return np.rot90(pixels, -1)
        case 7:
            return pixels[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(pixels)
    return pixels
