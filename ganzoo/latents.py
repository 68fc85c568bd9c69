"""Latents that are the same everywhere: image i of a seed, in any batch, library or language."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.splitmix import mix, mix_array

RNG = "gz-normal-v1"
"""The name of this stream; model files record it, so that a better one can follow."""


def normal(count: int, dim: int, seed: int = 0, start: int = 0) -> NDArray[np.float32]:
    """Z ~ N(0, I), float32 (count, dim): the latents of images start … start + count - 1 of `seed`.

    Box-Muller over SplitMix64, in float64, cast at the end; an odd `dim` drops its last number.
    Image i depends on (seed, i) alone. `seed` is any integer; it is taken modulo 2^64.
    """
    pairs = (dim + 1) // 2
    first = (mix(seed % 2**64) + start * pairs) % 2**64
    words = mix_array(np.uint64(first) + np.arange(count * pairs, dtype=np.uint64))
    u1 = ((words >> np.uint64(32)) + 0.5) / 2**32
    u2 = ((words & np.uint64(2**32 - 1)) + 0.5) / 2**32
    radius, angle = np.sqrt(-2 * np.log(u1)), 2 * np.pi * u2
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return z.reshape(count, 2 * pairs)[:, :dim].astype(np.float32)
