"""Images with 16 bits a value, which may use fewer: those of a camera with 12 bits, for example.

Pillow gives greys of 16 bits, and of colours the upper 8 alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

Box = tuple[int, int, int, int]

FEWER = (8, 10, 12, 14)
"""Bits that images use where they do not use all 16: sensors and scanners have these."""

_LOWER = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"}
"""By the layout of a PNG's values that Pillow knows, the one that gives the bytes which Pillow
drops: the others of each pair, or all four of a grey and its alpha."""

_ROWS = 256  # looked at in one piece


class Deep:
    """An image with 16 bits a value: grey, grey and alpha, RGB or RGBA."""

    def __init__(
        self,
        image: ImageFile.ImageFile,
        layout: str,
        lower: Callable[[], ImageFile.ImageFile],
        declared: bool = False,
    ) -> None:
        self._image, self._layout, self._open_lower = image, layout, lower
        self._declared = declared
        self._used = 16
        self._is_grey = layout == "L"
        self._channels = 1 if layout in {"L", "LA"} else 3  # without alpha
        self._transparent = image.info.get("transparency")

    @classmethod
    def of(
        cls, image: ImageFile.ImageFile, again: Callable[[], ImageFile.ImageFile]
    ) -> Deep | None:
        """Return an image that is open and not loaded yet; None where it has fewer bits, or more.

        `again` opens it once more.
        """
        how, *_, layout = image.tile[0] if image.tile else ("", "")
        if image.mode.startswith("I;16") or (image.mode == "I" and image.format in {"PPM", "PNG"}):
            # A PGM whose white is another than 65535 says so, and Pillow has scaled it.
            return cls(image, "L", again, declared=image.format == "PPM" and how != "raw")
        if image.format != "PNG" or layout not in _LOWER:
            return None

        def lower() -> ImageFile.ImageFile:
            other = again()
            other.tile = [(*other.tile[0][:3], _LOWER[layout])]  # type: ignore[list-item]
            return other

        return cls(image, layout.partition(";")[0], lower)

    def bits(self) -> int:
        """Return how many bits its values seem to use: 16, or the least of `FEWER` that will do."""
        if self._declared or (
            not self._is_grey and self._highest_byte(range(self._channels)) >= 64
        ):
            return 16
        width, height = self._image.size
        boxes = ((0, top, width, min(top + _ROWS, height)) for top in range(0, height, _ROWS))
        highest = max(int(self._values(box)[..., : self._channels].max()) for box in boxes)
        return next((bits for bits in FEWER if highest < 1 << bits), 16)

    def needs_scaling(self, bits: Callable[[int], int]) -> bool:
        """Return whether Pillow's conversion would be wrong; `bits` as in `decode_into`."""
        self._used = bits(self.bits())
        return self._is_grey or self._used < 16 or self._transparent is not None

    def scaled(self, box: Box) -> NDArray[np.uint8]:
        """Return a part of it with 8 bits a value, grey or RGB, transparency on white."""
        values = self._values(box)
        colours = values[..., : self._channels]
        found: NDArray[np.uint8]
        if self._used == 16 and not self._is_grey:
            found = (colours >> 8).astype(np.uint8)  # as Pillow does it
        else:
            found = self._scaled(colours, self._used)
        if self._transparent is not None:
            found[(colours == np.uint16(self._transparent)).all(-1)] = 255
        if values.shape[2] in (2, 4):
            alpha = self._scaled(values[..., -1:], self._alpha_bits)
            rgb = found.repeat(3, axis=2) if self._channels == 1 else found
            above = Image.fromarray(np.concatenate([rgb, alpha], axis=2))
            white = Image.new("RGBA", above.size, "white")
            flat: NDArray[np.uint8] = np.asarray(Image.alpha_composite(white, above).convert("RGB"))
            return flat
        return found.squeeze(2) if self._channels == 1 else found

    @staticmethod
    def _scaled(values: NDArray[np.uint16], bits: int) -> NDArray[np.uint8]:
        white = (1 << bits) - 1
        shades: NDArray[np.float32] = np.rint(values.astype(np.float32) / np.float32(white / 255))
        return shades.clip(0, 255).astype(np.uint8)

    @cached_property
    def _lower(self) -> ImageFile.ImageFile:
        return self._open_lower()

    @property
    def _alpha_bits(self) -> int:
        """Bits that alpha uses: all, or as many as the colours."""
        return 16 if self._highest_byte(range(3, 4)) >= 64 else self._used

    def _highest_byte(self, bands: range) -> int:
        extrema = self._image.getextrema()
        return max(int(extrema[band][1]) for band in bands)  # type: ignore[index]

    def _values(self, box: Box) -> NDArray[np.uint16]:
        """Return a part of it: (H, W, 1 to 4) with all 16 bits."""
        values = np.asarray(self._image.crop(box)).astype(np.uint16)
        if self._is_grey:
            return values[..., None]
        low = np.asarray(self._lower.crop(box)).astype(np.uint16)
        if self._layout == "LA":  # the bytes of both values
            values, low = low[..., ::2], low[..., 1::2]
        values <<= np.uint16(8)
        values |= low
        return values
