"""ProGAN: both networks grow, stage by stage, and each new stage fades in.

Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR
2018. How far they have grown is a schedule: 0 is 4x4, 1 is 8x8, 2 is 16x16, 0.5 half of a fade.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Schedule
from ganzoo.objectives import gradient_penalty, penalised, wasserstein
from ganzoo.optimizers import adam


class Equalised(nn.Conv2d):
    """A convolution whose weights are normal, and are scaled when they are used."""

    def __init__(self, wide_in: int, wide_out: int, kernel: int, padding: int = 0) -> None:
        super().__init__(wide_in, wide_out, kernel, padding=padding)
        nn.init.normal_(self.weight)
        self.scale = math.sqrt(2 / (wide_in * kernel * kernel))

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.scale * self.weight, self.bias, padding=self.padding)


def normalised(x: Tensor) -> Tensor:
    """Return x with each pixel's features at unit length, but for their number."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def present(stage: int, grown: Tensor) -> Tensor:
    """Return how much of a stage there is, from 0 to 1."""
    return (grown - stage + 1).clamp(0, 1)


class Generator(nn.Module):
    """4x4, 8x8, 16x16: the image is that of the stage before, more and more that of the new one."""

    grown: Tensor

    def __init__(self, latent_dim: int, width: int, stages: int) -> None:
        super().__init__()
        self.register_buffer("grown", torch.zeros(()))
        self.first = nn.Linear(latent_dim, width * 4 * 4)
        self.blocks = nn.ModuleList(Equalised(width, width, 3, 1) for _ in range(stages))
        self.to_image = nn.ModuleList(Equalised(width, 3, 1) for _ in range(stages + 1))

    def forward(self, z: Tensor) -> Tensor:
        x = normalised(F.leaky_relu(self.first(normalised(z)).unflatten(1, (-1, 4, 4)), 0.2))
        image: Tensor = self.to_image[0](x)
        for stage, block in enumerate(self.blocks, 1):
            x = normalised(F.leaky_relu(block(F.interpolate(x, scale_factor=2.0)), 0.2))
            image = F.interpolate(image, scale_factor=2.0)
            image = torch.lerp(image, self.to_image[stage](x), present(stage, self.grown))
        return image if self.training else image.clamp(-1, 1)


class Critic(nn.Module):
    """The mirror image, with the deviation over the batch as one more feature at 4x4."""

    grown: Tensor

    def __init__(self, width: int, stages: int) -> None:
        super().__init__()
        self.register_buffer("grown", torch.zeros(()))
        self.blocks = nn.ModuleList(Equalised(width, width, 3, 1) for _ in range(stages))
        self.of_image = nn.ModuleList(Equalised(3, width, 1) for _ in range(stages + 1))
        self.last = Equalised(width + 1, width, 3, 1)
        self.score = nn.Linear(width * 4 * 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        x = self.of_image[-1](images)
        for stage in range(len(self.blocks), 0, -1):
            images = F.avg_pool2d(images, 2)
            x = F.avg_pool2d(F.leaky_relu(self.blocks[stage - 1](x), 0.2), 2)
            x = torch.lerp(self.of_image[stage - 1](images), x, present(stage, self.grown))
        spread = (x.var(0, correction=0) + 1e-8).sqrt().mean().expand(len(x), 1, 4, 4)
        x = F.leaky_relu(self.last(torch.cat([x, spread], 1)), 0.2)
        scores: Tensor = self.score(x.flatten(1))
        return scores.flatten(0)


def growing(stages: int, images: int) -> Schedule:
    """Return the schedule: a stage is trained with `images` real images, then the next fades in."""

    def grown(seen: int, total: int) -> float:
        stage, share = divmod(seen / images, 2)
        return min(stage + max(0.0, share - 1), float(stages))

    return grown


def progan(*, latent_dim: int = 32, width: int = 16, images: int = 100_000) -> Architecture:
    """ProGAN for 16x16 colour images, which grows from 4x4 (Karras et al. 2018)."""
    return Architecture(
        image_shape=(3, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width, 2),
        discriminator=lambda: Critic(width, 2),
        objective=penalised(wasserstein(), gradient_penalty(10)),
        optimizers=adam(1e-3, (0.0, 0.99)),
        schedules={"grown": growing(2, images)},
        dataset="toy_faces",
        defaults=TrainConfig(ema=10_000),
    )
