"""Latents that are the same everywhere: image i of a seed, in any batch, library or language."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError
from ganzoo.seeds import mix, mix_array

RNG = "gz-normal-v1"
"""Name of this stream; model files record it, so that a better one can follow."""
LABEL_RNG = "gz-label-v1"
"""Name of the stream of labels."""
_LABELS = 0x6C6162656C  # "label": what makes the stream another one than that of z


def normal(count: int, dim: int, seed: int = 0, start: int = 0) -> NDArray[np.float32]:
    """Return z ~ N(0, I), float32 (count, dim), of images start … start + count - 1 of `seed`.

    This is Box-Muller over SplitMix64, in float64, cast at the end. It makes pairs of numbers; if
    `dim` is odd, the last number of an image is dropped. Image i depends on (seed, i) alone.
    `seed` is any integer; it is taken modulo 2^64.
    """
    pairs = (dim + 1) // 2
    first = (mix(int(seed) % 2**64) + int(start) * pairs) % 2**64
    words = mix_array(np.uint64(first) + np.arange(count * pairs, dtype=np.uint64))
    u1 = ((words >> np.uint64(32)) + 0.5) / 2**32
    u2 = ((words & np.uint64(2**32 - 1)) + 0.5) / 2**32
    radius, angle = np.sqrt(-2 * np.log(u1)), 2 * np.pi * u2
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return z.reshape(count, 2 * pairs)[:, :dim].astype(np.float32)


def labels(count: int, classes: int, seed: int = 0, start: int = 0) -> NDArray[np.int64]:
    """Return the classes of images start … start + count - 1 of `seed`, int64 (count,).

    They are uniform from 0 to classes - 1. That of image i depends on (seed, i, classes) alone, and
    has nothing to do with its z.
    """
    first = mix(mix(int(seed) % 2**64) ^ _LABELS)
    words = mix_array(np.uint64(first) + (np.uint64(start) + np.arange(count, dtype=np.uint64)))
    return ((words >> np.uint64(32)) * np.uint64(classes) >> np.uint64(32)).astype(np.int64)


def inputs(
    count: int, dim: int, classes: int, seed: int = 0, start: int = 0
) -> tuple[NDArray[np.float32]] | tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what a generator takes for these images: (z,), and with classes (z, labels).

    They are those of `normal` and of `labels`.
    """
    z = normal(count, dim, seed, start)
    return (z, labels(count, classes, seed, start)) if classes else (z,)


def slerp(a: NDArray[np.float32], b: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Interpolate spherically from a to b, both (dim,): float32 (steps, dim), ends included.

    The way is straight if the two point the same or opposite ways, or if one is zero. Raises
    UsageError for fewer than two steps.
    """
    if steps < 2:
        raise UsageError(f"a way has two ends: steps must be at least 2, not {steps}")
    t = np.linspace(0, 1, steps)[:, None]
    lengths = np.linalg.norm(a.astype(np.float64)) * np.linalg.norm(b.astype(np.float64))
    cosine = np.dot(a.astype(np.float64), b) / lengths if lengths else 1.0
    if abs(cosine) > 1 - 1e-9:
        path = (1 - t) * a + t * b
    else:
        angle = np.arccos(cosine)
        path = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    return np.asarray(path, np.float32)
