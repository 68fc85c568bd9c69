"""Small image files that tests write: PNGs of any depth, and greys of a PGM."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

Values = np.ndarray[Any, np.dtype[Any]]


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(values: Values, depth: int = 16, transparent: tuple[int, ...] = ()) -> bytes:
    """Return a PNG of `values` (H, W, 1 to 4) with `depth` bits each, 2 to 16."""
    height, width, channels = values.shape
    colours = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    bits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(height, -1, 2), axis=2)
    rows = np.packbits(bits[..., 16 - depth :].reshape(height, -1), axis=1)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))]
    if transparent:
        chunks.append((b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)))
    chunks.append((b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))))
    chunks.append((b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def pgm(values: Values, white: int, plain: bool = False) -> bytes:
    """Return a PGM of `values` (H, W) up to `white`, in binary or as text."""
    height, width = values.shape
    head = f"{'P2' if plain else 'P5'}\n{width} {height}\n{white}\n".encode()
    if plain:
        return head + " ".join(str(value) for value in values.ravel()).encode()
    return head + values.astype(">u2" if white > 255 else "u1").tobytes()
