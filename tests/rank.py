"""What the processes of test_distributed.py run: ten steps in float64, the state in a file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from ganzoo import Architecture, TrainConfig
from ganzoo.train.events import Logged
from ganzoo.train.loop import fit
from ganzoo.train.world import joined
from ganzoo.zoo import registry

STEPS, BATCH = 10, 8


def setting(name: str) -> tuple[Architecture, TrainConfig, NDArray[np.uint8]]:
    gan = registry.load_architecture(name, {"hidden": (16, 32)}).value
    config = replace(gan.defaults, batch_size=BATCH, max_steps=STEPS, log_every=5)
    pixels = np.random.default_rng(0).integers(0, 256, (24, 28, 28, 1), np.uint8)
    return gan, config, pixels


def main() -> None:
    folder, *names = sys.argv[1:]
    torch.set_default_dtype(torch.float64)
    with joined(torch.device("cpu")) as world:
        for name in names:
            gan, config, pixels = setting(name)
            metrics = []
            for event in fit(gan, pixels, config, world=world):
                if isinstance(event, Logged):
                    metrics.append(event.metrics["loss_g"])
            tensors = {f"G.{k}": v for k, v in event.state.generator.state_dict().items()}
            tensors |= {f"D.{k}": v for k, v in event.state.discriminator.state_dict().items()}
            tensors["metrics"] = torch.tensor(metrics)
            save_file(tensors, Path(folder, f"{name}-{os.environ.get('RANK', 'alone')}"))


if __name__ == "__main__":
    main()
