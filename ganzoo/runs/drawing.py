"""Draw the pictures of a seed with a network, the same for whoever judges them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import torch
from torch import nn

from ganzoo.draw import latents
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.pixels import Pixels, to_pixels
from ganzoo.errors import ModelFileError
from ganzoo.seeds import derive
from ganzoo.train.cpu import Routes
from ganzoo.train.networks import draw, seeded

BATCH = 100
"""Pictures that are drawn at a time."""


def pictures(
    network: nn.Module, info: ModelInfo, count: int, seed: int, device: torch.device
) -> Iterator[Pixels]:
    """Yield pictures 0 … count - 1 of `seed`, batch by batch: uint8 (n, H, W, C).

    They are those of `ganzoo sample`; on a CPU they take the quick routes of training. Noise that
    the network draws inside is a function of the seed as well. Raises ModelFileError where the
    network draws numbers that are not finite.
    """
    routes = Routes(network) if device.type == "cpu" else nullcontext()
    for start in range(0, count, BATCH):
        n = min(BATCH, count - start)
        drawn = latents.inputs(n, info.latent_dim, len(info.classes), seed, start)
        with seeded(derive(seed, "evaluate", start), device), routes:
            floats = draw(network, *drawn)
        if not np.isfinite(floats).all():
            raise ModelFileError("the generator draws numbers that are not finite")
        yield to_pixels(floats, info.image_range)
