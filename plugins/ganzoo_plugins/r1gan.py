"""A small residual GAN without norms, for images of many sizes, with or without labels."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.optimizers import adam

LABEL, SLOPE, BATCH = 32, 0.2, 64


class Residual(nn.Module):
    """x + 0.1 * two convolutions of it: nearly the identity at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(*act(conv(width, width)), *act(conv(width, width)))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.1 * self.convs(x)


def conv(wide_in: int, wide_out: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """Return a convolution that keeps the variance of what a LeakyReLU gives it."""
    made = nn.Conv2d(wide_in, wide_out, kernel, stride, padding=1)
    return kaiming(made)


def kaiming(layer: nn.Module) -> nn.Module:
    """Draw the weights of a layer as He et al. do, and let its bias begin at 0."""
    nn.init.kaiming_normal_(layer.weight, SLOPE)  # type: ignore[arg-type]
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def act(layer: nn.Module) -> list[nn.Module]:
    """Return a LeakyReLU, and the layer that takes what it gives."""
    return [nn.LeakyReLU(SLOPE), layer]


def up(wide_in: int, wide_out: int) -> nn.Module:
    """Return a layer that doubles the size: at first, pixels that are repeated and convolved."""
    made = nn.ConvTranspose2d(wide_in, wide_out, 4, stride=2, padding=1)
    with torch.no_grad():
        kernel = kaiming(nn.Conv2d(wide_in, wide_out, 3)).weight
        sums = F.avg_pool2d(kernel, 2, stride=1, padding=1, divisor_override=1)  # type: ignore[arg-type]
        made.weight.copy_(sums.flip(2, 3).transpose(0, 1))
        made.bias.zero_()  # type: ignore[union-attr]
    return made


class Generator(nn.Module):
    """From z, and perhaps a label, to an image: from `widths[0]` channels at `base` pixels on."""

    def __init__(self, latent_dim: int, classes: int, base: int, widths: list[int], channels: int):
        super().__init__()
        self.label = nn.Embedding(classes, LABEL) if classes else None
        given = latent_dim + (LABEL if classes else 0)
        layers = [
            kaiming(nn.Linear(given, widths[0] * base * base)),
            nn.Unflatten(1, (widths[0], base, base)),
            Residual(widths[0]),
        ]
        for place, (wide_in, wide_out) in enumerate(zip(widths, widths[1:], strict=False)):
            layers += act(up(wide_in, wide_out))
            if place < len(widths) - 2 and base * 2**place <= 16:
                layers.append(Residual(wide_out))
        self.network = nn.Sequential(*layers, *act(conv(widths[-1], channels)), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        if self.label is not None:
            z = torch.cat([z, self.label(labels)], 1)
        images: Tensor = self.network(z)
        return images


class Discriminator(nn.Module):
    """The mirror image; with labels, a projection of its features adds to the score."""

    def __init__(self, classes: int, base: int, widths: list[int], channels: int):
        super().__init__()
        top = 2 * widths[0]
        layers: list[nn.Module] = []
        sizes = [channels, *widths[-2::-1]]
        for place, (wide_in, wide_out) in enumerate(zip(sizes, sizes[1:], strict=False)):
            layers += [conv(wide_in, wide_out, 4, 2), nn.LeakyReLU(SLOPE)]
            if base * 2 ** (len(sizes) - 2 - place) <= 16 and place:
                layers[-1:] = [Residual(wide_out), nn.LeakyReLU(SLOPE)]
        layers += [
            conv(widths[0], top, 3, 2),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            kaiming(nn.Linear(top * math.ceil(base / 2) ** 2, top)),
            nn.LeakyReLU(SLOPE),
        ]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(top, 1)
        self.label = nn.Embedding(classes, top) if classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(images)
        scores: Tensor = self.score(features).flatten(0)
        if self.label is not None:
            scores = scores + (features * self.label(labels)).sum(1) / math.sqrt(features.shape[1])
        return scores


def r1gan(
    *,
    size: Literal[28, 32, 48, 64, 96, 128, 256] = 28,
    channels: int = 1,
    classes: int = 0,
    conditional: bool = True,
    latent_dim: int = 64,
    width: int = 16,
    gamma: float = 0.5,
) -> Architecture:
    """Residual GAN with R1 for images of seven sizes, grey or in colour, with labels or without."""
    used = classes if conditional else 0
    base = {28: 7, 32: 8, 48: 6, 64: 8, 96: 6, 128: 8, 256: 8}[size]
    widths = [min(width * 2**i, 6 * width) for i in range(round(math.log2(size / base)) + 1)][::-1]
    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        classes=used,
        generator=lambda: Generator(latent_dim, used, base, widths, channels),
        discriminator=lambda: Discriminator(used, base, widths, channels),
        objective=penalised(non_saturating(), r1(gamma), every=8),
        optimizers=adam(6e-4, (0.0, 0.99)),
        schedules={"ema": lambda seen, total: min(20_000, seen / 10)},
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=BATCH, ema=20_000),
    )
