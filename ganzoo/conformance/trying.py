"""What the checks of an architecture share: short trainings on noise, and how a fault is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.draw.latents import inputs
from ganzoo.errors import PluginError
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState

BATCH = 8
MOST_NAMED = 5
"""Coordinates or tensors that a message names."""


def noise(gan: Architecture) -> NDArray[np.uint8]:
    """Return 64 images of noise, uint8 (64, H, W, C), always the same."""
    channels, height, width = gan.image_shape
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (64, height, width, channels), np.uint8)


def labels(gan: Architecture) -> NDArray[np.int64] | None:
    """Return labels of the images of noise, int64 (64,): each class in turn; None without any."""
    return np.arange(64) % gan.classes if gan.classes else None


def tensors(gan: Architecture, n: int, seed: int) -> tuple[Tensor, ...]:
    """Return what the generator takes for n images of `seed`: (z,), or (z, labels)."""
    return tuple(map(torch.from_numpy, inputs(n, gan.latent_dim, gan.classes, seed)))


def short(gan: Architecture, steps: int, seed: int = 0) -> TrainConfig:
    """Return the architecture's settings for so many steps of a small batch."""
    return replace(gan.defaults, batch_size=BATCH, max_steps=steps, epochs=steps, seed=seed)


def train(gan: Architecture, steps: int, seed: int = 0) -> TrainState:
    """Return the state after so many steps."""
    *_, last = fit(gan, noise(gan), short(gan, steps, seed), labels=labels(gan))
    return last.state


def some(names: Sequence[object]) -> str:
    """Return the first names for a message, and dots if there are more."""
    return ", ".join(map(str, names[:MOST_NAMED])) + ", ..." * (len(names) > MOST_NAMED)


def require(holds: bool, otherwise: str) -> None:
    """Raise PluginError with the message `otherwise` unless something `holds`."""
    if not holds:
        raise PluginError(otherwise)
