"""SNGAN: residual networks, a hinge loss, and a critic whose every layer has spectral norm 1."""

import math
from itertools import pairwise
from typing import Literal, TypeVar

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import halvings
from ganzoo.limits import Count
from ganzoo.objectives import hinge
from ganzoo.optimizers import adam

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def glorot(layer: Layer, gain: float = 1.0) -> Layer:
    """Draw weights as the authors do (Glorot & Bengio, AISTATS 2010); biases begin at 0."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def conv(wide_in: int, wide_out: int) -> nn.Conv2d:
    """Return a 3x3 convolution of a residual branch; it keeps the size."""
    return glorot(nn.Conv2d(wide_in, wide_out, 3, padding=1), math.sqrt(2))


def short(wide_in: int, wide_out: int) -> nn.Conv2d:
    """Return the 1x1 convolution of a shortcut."""
    return glorot(nn.Conv2d(wide_in, wide_out, 1))


class Up(nn.Module):
    """A residual block of the generator that doubles the size."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        """Make `wide_out` channels of `wide_in`."""
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(wide_in), nn.ReLU(), nn.Upsample(scale_factor=2.0),
            conv(wide_in, wide_out), nn.BatchNorm2d(wide_out), nn.ReLU(), conv(wide_out, wide_out),
        )  # fmt: skip
        self.shortcut = nn.Sequential(nn.Upsample(scale_factor=2.0), short(wide_in, wide_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, 2h, 2w) of x (n, wide_in, h, w)."""
        made: Tensor = self.branch(x) + self.shortcut(x)
        return made


class Down(nn.Module):
    """A residual block of the critic."""

    def __init__(self, wide_in: int, wide_out: int, place: Literal["first", "middle", "last"]):
        """Make `wide_out` channels of `wide_in`, and halve the size but in the last blocks.

        The first block begins with the image: no ReLU, and the shortcut is halved first.
        """
        super().__init__()
        hidden = wide_out if place == "first" else wide_in
        pool: list[nn.Module] = [] if place == "last" else [nn.AvgPool2d(2)]
        begin: list[nn.Module] = [] if place == "first" else [nn.ReLU()]
        convs = [spectral_norm(conv(wide_in, hidden)), spectral_norm(conv(hidden, wide_out))]
        self.branch = nn.Sequential(*begin, convs[0], nn.ReLU(), convs[1], *pool)
        same = place == "last" and wide_in == wide_out
        across = [] if same else [spectral_norm(short(wide_in, wide_out))]
        self.shortcut = nn.Sequential(*(pool + across if place == "first" else across + pool))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, h / 2, w / 2) of x (n, wide_in, h, w); in a last block, (h, w)."""
        made: Tensor = self.branch(x) + self.shortcut(x)
        return made


class Score(nn.Module):
    """A score of the sum of features over all pixels."""

    def __init__(self, width: int) -> None:
        """Take `width` channels."""
        super().__init__()
        self.linear = spectral_norm(glorot(nn.Linear(width, 1, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (n,) of features (n, width, h, w)."""
        scores: Tensor = self.linear(F.relu(x).sum((2, 3)))
        return scores.flatten(0)


def sngan(
    *,
    size: Literal[28, 32, 48, 64, 96] = 28,
    channels: Count = 1,
    latent_dim: Count = 128,
    width: Count = 64,
) -> Architecture:
    """Residual GAN with spectral normalisation, for five sizes, grey or in colour.

    At 28 and 32 pixels these are the paper's CIFAR-10 networks, with `width` channels throughout
    (the paper has 256 in the generator and 128 in the critic). At larger sizes they are its
    ImageNet networks: `width` channels at the full size, twice as many after each halving (64 in
    the paper; on a CPU try 16). The critic learns from five batches, the generator from the first
    of them. `channels` is what the data has. Miyato, Kataoka, Koyama & Yoshida, "Spectral
    Normalization for Generative Adversarial Networks", ICLR 2018.
    """
    grows, doublings = size > 32, halvings(size)
    base = size >> doublings
    widths = [width * 2 ** (place * grows) for place in range(doublings + 1)]  # from the full size

    def generator() -> nn.Module:
        top = widths[-1]
        return nn.Sequential(
            glorot(nn.Linear(latent_dim, top * base * base)),
            nn.Unflatten(1, (top, base, base)),
            *(Up(wide_in, wide_out) for wide_in, wide_out in pairwise(widths[::-1])),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            glorot(nn.Conv2d(width, channels, 3, padding=1)),
            nn.Tanh(),
        )

    def critic() -> nn.Module:
        halves = pairwise(widths if grows else [width] * 2)
        last = [Down(widths[-1], widths[-1], "last") for _ in range(1 if grows else 2)]
        middle = (Down(wide_in, wide_out, "middle") for wide_in, wide_out in halves)
        return nn.Sequential(Down(channels, width, "first"), *middle, *last, Score(widths[-1]))

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
