"""A small residual GAN without norms, for images of many sizes, with or without labels."""

import math
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import halvings
from ganzoo.limits import Count, LossWeight, Within
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.optimizers import adam

SLOPE = 0.2  # of every LeakyReLU
LABEL = 32  # numbers that stand for a class beside z
LARGEST = 16  # pixels: side of the largest features that have residual blocks
LEAST = 6  # pixels: least side of the features that an image begins with
Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def kaiming(layer: Layer) -> Layer:
    """Draw weights that keep the variance of what a LeakyReLU gives (He et al., ICCV 2015)."""
    nn.init.kaiming_normal_(layer.weight, SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def conv(wide_in: int, wide_out: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """Return a convolution with padding 1."""
    return kaiming(nn.Conv2d(wide_in, wide_out, kernel, stride, padding=1))


def up(wide_in: int, wide_out: int) -> nn.ConvTranspose2d:
    """Return a layer that doubles the size; at first it repeats pixels and convolves them 3x3."""
    layer = nn.ConvTranspose2d(wide_in, wide_out, 4, stride=2, padding=1)
    assert layer.bias is not None
    with torch.no_grad():
        kernel = conv(wide_in, wide_out).weight
        sums = F.avg_pool2d(kernel, 2, stride=1, padding=1, divisor_override=1)
        layer.weight.copy_(sums.flip(2, 3).transpose(0, 1))
        layer.bias.zero_()
    return layer


class Residual(nn.Module):
    """x + 0.1 f(x), with two convolutions in f: nearly the identity at first, without a norm."""

    def __init__(self, width: int) -> None:
        """Keep `width` channels."""
        super().__init__()
        self.branch = nn.Sequential(
            nn.LeakyReLU(SLOPE), conv(width, width), nn.LeakyReLU(SLOPE), conv(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape as x (n, width, h, w)."""
        made: Tensor = x + 0.1 * self.branch(x)
        return made


class Generator(nn.Module):
    """From z, and the label where there are classes, to an image."""

    def __init__(self, latent_dim: int, classes: int, base: int, widths: list[int], channels: int):
        """Begin with `widths[0]` channels at `base` pixels; with each width the size doubles."""
        super().__init__()
        self.label = nn.Embedding(classes, LABEL) if classes else None
        first = kaiming(nn.Linear(latent_dim + LABEL * bool(classes), widths[0] * base * base))
        layers = [first, nn.Unflatten(1, (widths[0], base, base)), Residual(widths[0])]
        for place, (wide_in, wide_out) in enumerate(pairwise(widths), 1):
            layers += [nn.LeakyReLU(SLOPE), up(wide_in, wide_out)]
            layers += [Residual(wide_out)] * (base * 2**place <= LARGEST)
        last = [nn.LeakyReLU(SLOPE), conv(widths[-1], channels), nn.Tanh()]
        self.network = nn.Sequential(*layers, *last)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the images of z (n, latent_dim), each brought to the length sqrt(latent_dim)."""
        z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        if self.label is not None:
            z = torch.cat([z, self.label(labels)], 1)
        images: Tensor = self.network(z)
        return images


class Discriminator(nn.Module):
    """From an image to a score, to which its class adds how well the features fit it."""

    def __init__(self, classes: int, base: int, widths: list[int], channels: int):
        """Halve the size with each of `widths`, the first of which is at half of the image's."""
        super().__init__()
        size, layers = base * 2 ** len(widths), list[nn.Module]()
        for wide_in, wide_out in pairwise([channels, *widths]):
            size //= 2
            layers.append(conv(wide_in, wide_out, 4, 2))
            layers += [Residual(wide_out)] * (size < LARGEST and wide_in != channels)
            layers.append(nn.LeakyReLU(SLOPE))
        wide = 2 * widths[-1]
        layers += [conv(widths[-1], wide, 3, 2), nn.LeakyReLU(SLOPE), nn.Flatten()]
        layers += [kaiming(nn.Linear(wide * math.ceil(base / 2) ** 2, wide)), nn.LeakyReLU(SLOPE)]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(wide, 1)
        self.label = nn.Embedding(classes, wide) if classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        features = self.features(images)
        scores: Tensor = self.score(features).flatten(0)
        if self.label is not None:
            scores = scores + (features * self.label(labels)).sum(1) / math.sqrt(features.shape[1])
        return scores


def r1gan(
    *,
    size: Literal[28, 32, 48, 64, 96, 128, 256] = 28,
    channels: Count = 1,
    classes: Annotated[int, Within(0)] = 0,
    conditional: bool = True,
    latent_dim: Count = 64,
    width: Count = 16,
    gamma: LossWeight = 0.5,
) -> Architecture:
    """Residual GAN with R1 and without norms, for seven sizes, with labels where there are any.

    `width` is the number of channels at the full size; each halving doubles them, up to six times
    as many. `gamma` weighs R1, the squared gradient of the score in a real image, for 28x28 pixels;
    it grows with the cube of the size, to 20 at 96. (With 0.5 there, drawn faces with outlines all
    became alike.) R1 is added to every eighth update of the discriminator, eight times as heavy.
    From 64 pixels on, a batch has 16 images and not 64. `channels` and `classes` are what the data
    has; with `conditional=False` labels are left alone. With classes, the label stands beside z,
    and the discriminator has a projection (Miyato & Koyama, ICLR 2018).

    Where it is not the authors' code, it is to be quick on a CPU: that has wider networks, residual
    blocks at every size, R1 at every update (10 times the squared gradient, whatever the size), and
    RMSprop at 1e-4. It averages with 0.999 a step, takes z (256 numbers) in any length, and has a
    score for each class. Mescheder, Geiger & Nowozin, "Which Training Methods for GANs do actually
    Converge?", ICML 2018.
    """
    used, doublings = classes * conditional, halvings(size, LEAST)
    base = size >> doublings
    widths = [min(width * 2**place, 6 * width) for place in range(doublings + 1)]
    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        classes=used,
        generator=lambda: Generator(latent_dim, used, base, widths[::-1], channels),
        discriminator=lambda: Discriminator(used, base, widths[1:], channels),
        objective=penalised(non_saturating(), r1(gamma * (size / 28) ** 3), every=8),
        optimizers=adam(6e-4, (0.0, 0.99)),
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=64 if size < 64 else 16, ema=20_000),
    )
