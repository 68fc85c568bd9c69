"""Short trainings on noise, by which architectures are tried out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState

BATCH = 8


def noise(gan: Architecture) -> NDArray[np.uint8]:
    """Return 64 images of noise, uint8 (64, H, W, C), always the same."""
    channels, height, width = gan.image_shape
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (64, height, width, channels), np.uint8)


def short(gan: Architecture, steps: int, seed: int = 0) -> TrainConfig:
    """Return the architecture's settings for so many steps of a small batch."""
    return replace(gan.defaults, batch_size=BATCH, max_steps=steps, epochs=steps, seed=seed)


def train(gan: Architecture, steps: int, seed: int = 0) -> TrainState:
    """Return the state after so many steps."""
    *_, last = fit(gan, noise(gan), short(gan, steps, seed))
    return last.state
