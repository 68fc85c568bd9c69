"""SplitMix64: numbers as a pure function of a few integers, the same on every machine.

Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. Nothing here
keeps a state, so image i, or step k, can be drawn again without what came before.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_GAMMA = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


def mix(state: int) -> int:
    """Return the SplitMix64 output for `state`: a bijection of the 64-bit integers."""
    z = (state + _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def mix_array(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return `mix` of every element."""
    z = state + np.uint64(_GAMMA)  # unsigned array arithmetic wraps, as it should
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def derive(seed: int, stream: str, *counters: int) -> int:
    """Return a 63-bit seed for one use of randomness: (run's seed, what for, which step, ...)."""
    key = mix(seed & _MASK) ^ zlib.crc32(stream.encode())
    for counter in counters:
        key = mix(key) ^ counter
    return mix(key) >> 1


def uniform(seed: int, index: int, count: int) -> NDArray[np.float64]:
    """Return `count` numbers in [0, 1) that belong to item `index` of `seed` alone."""
    start = np.uint64(mix(mix(seed & _MASK) ^ index))
    words = mix_array(start + np.arange(count, dtype=np.uint64))
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, np.float64)


def uniform_rows(seed: int, rows: int, count: int) -> NDArray[np.float64]:
    """Return `uniform(seed, i, count)` of every index i below `rows`, as (rows, count)."""
    start = mix_array(np.arange(rows, dtype=np.uint64) ^ np.uint64(mix(seed & _MASK)))
    words = mix_array(np.add.outer(start, np.arange(count, dtype=np.uint64)))
    return np.asarray((words >> np.uint64(11)) * 2.0**-53, np.float64)
