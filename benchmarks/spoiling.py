"""Ways to spoil pictures, uint8 (n, H, W, C) to the same shape; the same every time."""

from __future__ import annotations

import io
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def noisy(pixels: Pixels, deviation: float) -> Pixels:
    """Add Gaussian noise of `deviation` grey levels to every number."""
    random = np.random.default_rng(0)
    return _rounded(pixels + deviation * random.standard_normal(pixels.shape, np.float32))


def blurred(pixels: Pixels, deviation: float) -> Pixels:
    """Blur by a Gaussian of `deviation` pixels."""
    reach = ceil(4 * deviation)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    x = pixels.astype(np.float32)
    for axis in (1, 2):
        around = [(reach, reach) if a == axis else (0, 0) for a in range(4)]
        wide, size = np.pad(x, around, mode="symmetric"), x.shape[axis]
        x = np.zeros_like(x)
        for start, weight in enumerate(weights):
            x += weight * wide.take(range(start, start + size), axis)
    return _rounded(x)


def warped(pixels: Pixels, distance: float) -> Pixels:
    """Bend each picture smoothly in its own way; pixels move `distance` along each axis, RMS."""
    random = np.random.default_rng(0)
    height, width = pixels.shape[1:3]
    result = np.empty_like(pixels)
    for picture, place in zip(pixels, result, strict=True):
        coarse = random.standard_normal((2, 5, 5), np.float32)
        moves = [
            np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC))
            for field in coarse
        ]
        down, right = (distance * move / move.std() for move in moves)
        place[...] = _read(picture, down, right)
    return result


def _read(picture: Pixels, down: NDArray[Any], right: NDArray[Any]) -> Pixels:
    """Return what is (down, right) of each pixel, by cubic interpolation: it hardly blurs."""
    height, width = picture.shape[:2]
    y, x = np.arange(height)[:, None] + down, np.arange(width) + right
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    total = np.zeros(picture.shape, np.float32)
    for i in range(-1, 3):
        for j in range(-1, 3):
            weight = _cubic(y - top - i) * _cubic(x - left - j)
            near = picture[np.clip(top + i, 0, height - 1), np.clip(left + j, 0, width - 1)]
            total += weight[..., None] * near
    return _rounded(total)


def _cubic(distance: NDArray[Any]) -> NDArray[Any]:
    """Return Catmull and Rom's weights of pixels up to 2 away."""
    d = np.abs(distance)
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.asarray(np.where(d < 1, near, far))


def mosaic(pixels: Pixels, side: int) -> Pixels:
    """Replace blocks of `side` x `side` pixels by their means; a rest at the edges stays."""
    n, height, width, channels = pixels.shape
    down, right = height // side, width // side
    result = pixels.copy()
    whole = result[:, : down * side, : right * side]
    blocks = whole.reshape(n, down, side, right, side, channels)
    means = np.broadcast_to(blocks.mean((2, 4), keepdims=True, dtype=np.float32), blocks.shape)
    whole[...] = _rounded(means).reshape(whole.shape)
    return result


def compressed(pixels: Pixels, quality: int) -> Pixels:
    """Store as JPEG and read again."""
    result = np.empty_like(pixels)
    for picture, place in zip(pixels, result, strict=True):
        file = io.BytesIO()
        Image.fromarray(picture.squeeze()).save(file, "JPEG", quality=quality)
        place[...] = np.asarray(Image.open(file)).reshape(picture.shape)
    return result


def ghosts(pixels: Pixels, share: float) -> Pixels:
    """Mix each picture with `share` of another one."""
    return _rounded((1 - share) * pixels + share * np.roll(pixels, 1, axis=0))


def repeated(pixels: Pixels, count: int) -> Pixels:
    """Repeat the first `count` pictures."""
    return np.resize(pixels[:count], pixels.shape)


def grey_noise(pixels: Pixels) -> Pixels:
    """Return pictures of independent numbers."""
    return np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)


def _rounded(values: NDArray[Any]) -> Pixels:
    result: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return result
