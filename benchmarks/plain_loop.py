"""Train an architecture's networks with the plain loop that is usual in coursework.

A DataLoader takes one image at a time through PIL and torchvision's transforms. The optimizers are
as torch makes them; the loss is sigmoid and BCELoss. The generator's step also computes gradients
of the discriminator, which are thrown away, and each step calls `.item()`. This prints images per
second as JSON, without the warm-up.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset

from ganzoo import Architecture
from ganzoo.data import open_images
from ganzoo.data.download import transforms
from ganzoo.train.networks import build
from ganzoo.zoo import registry

WARM_UP = 3  # steps


class Images(Dataset[Tensor]):
    """A data set that turns each image from pixels to a tensor when it is asked for."""

    def __init__(self, pixels: NDArray[np.uint8], low: float, high: float) -> None:
        self.pixels = pixels
        scale = transforms.Normalize((-low / (high - low),), (1 / (high - low),))
        self.transform = transforms.Compose([transforms.ToTensor(), scale])

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        image: Tensor = self.transform(Image.fromarray(self.pixels[index].squeeze()))
        return image


def main() -> None:
    """Train for --images images, and print the speed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plain_loop", description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("--data", required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    a = parser.parse_args()
    gan = registry.load_architecture(a.architecture).value
    pixels = open_images(a.data, gan.image_shape).pixels
    loader = DataLoader(
        Images(pixels, *gan.image_range), a.batch, shuffle=True, num_workers=a.workers,
        drop_last=True,
    )  # fmt: skip
    step = plain_step(gan, torch.device(a.device))
    steps, start = 0, 0.0
    while steps < WARM_UP + a.images // a.batch:
        for real in loader:
            if steps == WARM_UP:
                start = time.perf_counter()
            if steps == WARM_UP + a.images // a.batch:
                break
            step(real.to(a.device))
            steps += 1
    if a.device != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    print(json.dumps({"images_per_second": (steps - WARM_UP) * a.batch / seconds}))


def plain_step(gan: Architecture, device: torch.device) -> Callable[[Tensor], None]:
    """Return a function that trains both networks on a batch of real images, the plain way."""
    G, D = (network.to(device) for network in build(gan))
    asked: Any = D  # a loss of ganzoo's calls it like a function, and these want no more
    opt_g, opt_d = map(_as_torch_makes_it, gan.optimizers(G, D))
    bce, logits = nn.BCELoss(), gan.objective.scores == "logits"

    def noise(count: int) -> Tensor:
        return torch.randn(count, gan.latent_dim, device=device)

    def step(real: Tensor) -> None:
        n = len(real)
        made = G(noise(n))
        for _ in range(gan.defaults.discriminator_steps):
            if logits:
                on_real, on_fake = D(real).sigmoid(), D(made.detach()).sigmoid()
                loss = bce(on_real, torch.ones_like(on_real))
                loss = loss + bce(on_fake, torch.zeros_like(on_fake))
            else:
                loss = gan.objective.discriminator_loss(asked, real, made.detach())
            opt_d.zero_grad()
            loss.backward()
            opt_d.step()
            loss.item()
            if gan.after_discriminator_step is not None:
                gan.after_discriminator_step(D)
            if not gan.defaults.shared_fakes:
                made = G(noise(n))
        if logits:
            on_fake = D(made).sigmoid()
            loss = bce(on_fake, torch.ones_like(on_fake))
        else:
            loss = gan.objective.generator_loss(asked, real, made)
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        loss.item()

    return step


def _as_torch_makes_it(optimizer: Optimizer) -> Optimizer:
    """Return the same optimizer without fused or foreach."""
    (group,) = optimizer.param_groups
    given = {name: group[name] for name in ("lr", "betas", "alpha") if name in group}
    return type(optimizer)(group["params"], **given)


if __name__ == "__main__":
    main()
