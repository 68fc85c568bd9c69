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
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import non_saturating
from ganzoo.train.events import Logged
from ganzoo.train.loop import fit
from ganzoo.train.world import joined
from ganzoo.zoo import registry

STEPS, BATCH = 10, 8


class Labelled(nn.Module):
    """A perceptron that takes its input with an embedding of the label beside it."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(3, 8)
        inner, outer = nn.Linear(sizes[0] + 8, 16), nn.Linear(16, sizes[1])
        self.network = nn.Sequential(inner, nn.LeakyReLU(0.2), outer, nn.Tanh())

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        output: Tensor = self.network(torch.cat([x.flatten(1), self.embedding(labels)], 1))
        return output.squeeze(1) if output.shape[1] == 1 else output.view(-1, 1, 28, 28)


def labelled(gan: Architecture) -> Architecture:
    """Return an architecture of three classes whose networks have no batch norm."""
    return replace(
        gan,
        classes=3,
        generator=lambda: Labelled(gan.latent_dim, 784),
        discriminator=lambda: Labelled(784, 1),
        objective=non_saturating(),
    )


def setting(name: str) -> tuple[Architecture, TrainConfig, NDArray[np.uint8]]:
    plain = "mlp_gan_relu" if name == "labelled" else name
    gan = registry.load_architecture(plain, {"hidden": (16, 32)}).value
    gan = labelled(gan) if name == "labelled" else gan
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
            labels = np.arange(len(pixels)) % 3
            for event in fit(gan, pixels, config, labels=labels, world=world):
                if isinstance(event, Logged):
                    metrics.append(event.metrics["loss_g"])
            tensors = {f"G.{k}": v for k, v in event.state.generator.state_dict().items()}
            tensors |= {f"D.{k}": v for k, v in event.state.discriminator.state_dict().items()}
            tensors["metrics"] = torch.tensor(metrics)
            save_file(tensors, Path(folder, f"{name}-{os.environ.get('RANK', 'alone')}"))


if __name__ == "__main__":
    main()
    # What is tested is saved. Where several processes end at the same moment, torch 2.13 now and
    # then aborts one of them as its own threads are taken down, after all of Python has ended.
    os._exit(0)
