"""Train an architecture's networks with the plain loop that is usual in coursework.

A DataLoader takes one image at a time through PIL and torchvision's transforms. The optimizers are
as torch makes them; the losses are the architecture's own. The generator's step also computes
gradients of the discriminator, which are thrown away, and each step calls `.item()`. This prints
images per second as JSON, without the warm-up.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import nullcontext

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
from ganzoo.zoo.options import parse_pairs

WARM_UP = 3  # steps


class Images(Dataset[tuple[Tensor, int]]):
    """A data set that turns each image from pixels to a tensor when it is asked for."""

    def __init__(
        self, pixels: NDArray[np.uint8], labels: NDArray[np.int64], low: float, high: float
    ) -> None:
        self.pixels, self.labels = pixels, labels
        scale = transforms.Normalize((-low / (high - low),), (1 / (high - low),))
        self.transform = transforms.Compose([transforms.ToTensor(), scale])

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image: Tensor = self.transform(Image.fromarray(self.pixels[index].squeeze()))
        return image, int(self.labels[index])


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
    gan = named(a.architecture)
    images = open_images(a.data, gan.image_shape)
    labels = np.zeros(len(images.pixels), np.int64) if images.labels is None else images.labels
    loader = DataLoader(
        Images(images.pixels, labels, *gan.image_range), a.batch, shuffle=True,
        num_workers=a.workers, drop_last=True,
    )  # fmt: skip
    step = plain_step(gan, torch.device(a.device))
    steps, start = 0, 0.0
    while steps < WARM_UP + a.images // a.batch:
        for real, classes in loader:
            if steps == WARM_UP:
                start = time.perf_counter()
            if steps == WARM_UP + a.images // a.batch:
                break
            step(real.to(a.device), classes.to(a.device))
            steps += 1
    if a.device != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    print(json.dumps({"images_per_second": (steps - WARM_UP) * a.batch / seconds}))


def named(words: str) -> Architecture:
    """Return the architecture of a name, or of a name with options: "r1gan classes=10"."""
    name, *pairs = words.split()
    return registry.load_architecture(name, parse_pairs(pairs)).value


class Asked:
    """A discriminator as a loss of ganzoo's sees it, with nothing made quick."""

    def __init__(self, gan: Architecture, D: nn.Module, G: nn.Module) -> None:
        self.network, self.generator = D, G
        self.augment: Callable[[Tensor], Tensor] = gan.augment() if gan.augment else nn.Identity()
        self.scheduled = {name: schedule(0, 10**6) for name, schedule in gan.schedules.items()}
        self.latents, self.labels = torch.empty(0), torch.empty(0)
        self.step = self.images_seen = self.update = 0
        self.autocast = nullcontext

    def __call__(self, images: Tensor, *more: Tensor) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        own = [self.labels.repeat(len(images) // len(self.labels))] if len(self.labels) else []
        scores: Tensor = self.network(self.augment(images), *(more or own))
        return scores


def plain_step(gan: Architecture, device: torch.device) -> Callable[[Tensor, Tensor], None]:
    """Return a function that trains both networks on a batch of real images, the plain way."""
    G, D = (network.to(device) for network in build(gan))
    asked = Asked(gan, D, G)
    opt_g, opt_d = map(_as_torch_makes_it, gan.optimizers(G, D))
    loss_d, loss_g = gan.objective.discriminator_loss, gan.objective.generator_loss
    rhythm = gan.defaults

    def fakes(count: int) -> Tensor:
        asked.latents = torch.randn(count, gan.latent_dim, device=device)
        made: Tensor = G(asked.latents, *([asked.labels] if gan.classes else []))
        return made

    def step(real: Tensor, labels: Tensor) -> None:
        asked.labels = labels if gan.classes else torch.empty(0)
        made = fakes(len(real))
        for again in range(rhythm.discriminator_steps):
            asked.update = asked.step * rhythm.discriminator_steps + again
            loss = loss_d(asked, real, made.detach())
            opt_d.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            opt_d.step()
            loss.item()
            if gan.after_discriminator_step is not None:
                gan.after_discriminator_step(D)
            if not rhythm.shared_fakes:
                made = fakes(len(real))
        if asked.step % rhythm.generator_every == 0:
            asked.update = asked.step // rhythm.generator_every
            loss = loss_g(asked, real, made)
            opt_g.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            opt_g.step()
            loss.item()
        asked.step += 1
        asked.images_seen += len(real)

    return step


def _as_torch_makes_it(optimizer: Optimizer) -> Optimizer:
    """Return the same optimizer without fused or foreach."""
    (group,) = optimizer.param_groups
    given = {name: group[name] for name in ("lr", "betas", "alpha") if name in group}
    return type(optimizer)(group["params"], **given)


if __name__ == "__main__":
    main()
