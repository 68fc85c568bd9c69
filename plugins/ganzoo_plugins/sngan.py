"""SNGAN: residual networks, a hinge loss, and a critic whose every layer has spectral norm 1."""

import math
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import hinge
from ganzoo.optimizers import adam

BASES = {28: 7, 32: 4, 48: 6, 64: 4, 96: 6}
"""Pixels at which the generator begins, for each size."""


def conv(wide_in: int, wide_out: int, kernel: int = 3) -> nn.Conv2d:
    """Return a convolution that keeps the size, with Glorot's weights, as the authors have it."""
    made = nn.Conv2d(wide_in, wide_out, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(made.weight, math.sqrt(2) if kernel > 1 else 1)
    nn.init.zeros_(made.bias)  # type: ignore[arg-type]
    return made


class Up(nn.Module):
    """A residual block of the generator that doubles the size."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(wide_in), nn.ReLU(), nn.Upsample(scale_factor=2.0),
            conv(wide_in, wide_out), nn.BatchNorm2d(wide_out), nn.ReLU(), conv(wide_out, wide_out),
        )  # fmt: skip
        self.skip = nn.Sequential(nn.Upsample(scale_factor=2.0), conv(wide_in, wide_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, 2h, 2w) of x (n, wide_in, h, w)."""
        made: Tensor = self.branch(x) + self.skip(x)
        return made


class Down(nn.Module):
    """A residual block of the critic; it halves the size, unless `half` is False."""

    def __init__(self, wide_in: int, wide_out: int, half: bool = True, first: bool = False) -> None:
        super().__init__()
        pool: list[nn.Module] = [nn.AvgPool2d(2)] * half
        convs = [spectral_norm(conv(wide_in, wide_out)), spectral_norm(conv(wide_out, wide_out))]
        begin: list[nn.Module] = [] if first else [nn.ReLU()]
        self.branch = nn.Sequential(*begin, convs[0], nn.ReLU(), convs[1], *pool)
        short = [spectral_norm(conv(wide_in, wide_out, 1))] if half or wide_in != wide_out else []
        self.skip = nn.Sequential(*(pool + short if first else short + pool))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, h / 2, w / 2) of x (n, wide_in, h, w)."""
        made: Tensor = self.branch(x) + self.skip(x)
        return made


class Pooled(nn.Module):
    """The sum of the last features over all pixels, and the score."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = spectral_norm(nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (n,) of features (n, width, h, w)."""
        scores: Tensor = self.score(F.relu(x).sum((2, 3)))
        return scores.flatten(0)


def sngan(
    *,
    size: Literal[28, 32, 48, 64, 96] = 28,
    channels: int = 1,
    latent_dim: int = 128,
    width: int = 64,
) -> Architecture:
    """Residual GAN with spectral normalisation, for images of five sizes, grey or in colour.

    The blocks are those of the paper's CIFAR-10 networks, one for each doubling of the size and two
    more in the critic; `width` is their number of channels (256 and 128 in the paper). The critic
    learns from five batches, the generator from the fifth of them. `channels` is what the data has.
    Miyato, Kataoka, Koyama & Yoshida, "Spectral Normalization for Generative Adversarial Networks",
    ICLR 2018.
    """
    base = BASES[size]
    doublings = round(math.log2(size / base))

    def generator() -> nn.Module:
        return nn.Sequential(
            nn.Linear(latent_dim, width * base * base),
            nn.Unflatten(1, (width, base, base)),
            *(Up(width, width) for _ in range(doublings)),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            conv(width, channels),
            nn.Tanh(),
        )

    def critic() -> nn.Module:
        first = Down(channels, width, first=True)
        rest = [Down(width, width) for _ in range(doublings - 1)]
        last = [Down(width, width, half=False) for _ in range(2)]
        return nn.Sequential(first, *rest, *last, Pooled(width))

    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        generator=generator,
        discriminator=critic,
        objective=hinge(),
        optimizers=adam(2e-4, (0.0, 0.9)),
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=64, generator_every=5),
    )
