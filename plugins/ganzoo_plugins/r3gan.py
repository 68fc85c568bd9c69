"""R3GAN: a relativistic loss with R1 and R2, and plain residual networks, for many sizes."""

import math
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import halvings
from ganzoo.limits import Count, LossWeight, Within
from ganzoo.objectives import penalised, r1, r2, relativistic
from ganzoo.optimizers import adam
from ganzoo.schedules import cosine

SLOPE = 0.2  # of every LeakyReLU
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # of weights, to keep the variance behind a LeakyReLU
GROUP = 16  # channels that a grouped convolution mixes
Layer = TypeVar("Layer", nn.Conv2d, nn.Embedding, nn.Linear)


def drawn(layer: Layer, fan_in: int, gain: float = 1.0) -> Layer:
    """Draw the weights from N(0, gain² / fan_in); biases are 0."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in))
    if isinstance(bias := getattr(layer, "bias", None), Tensor):
        nn.init.zeros_(bias)
    return layer


def conv(wide_in: int, wide_out: int) -> nn.Conv2d:
    """Return a convolution 1x1 without bias."""
    return drawn(nn.Conv2d(wide_in, wide_out, 1, bias=False), wide_in)


class Residual(nn.Module):
    """x + f(x), where f widens twice, mixes neighbours in groups, narrows, and begins as 0.

    Without norms, the weights inside begin smaller the more `blocks` a network has (Zhang, Dauphin
    & Ma, "Fixup Initialization", ICLR 2019).
    """

    def __init__(self, width: int, blocks: int) -> None:
        """Keep `width` channels."""
        super().__init__()
        wide, group, gain = 2 * width, math.gcd(2 * width, GROUP), GAIN * blocks**-0.25
        widen = drawn(nn.Conv2d(width, wide, 1), width, gain)
        mix = drawn(nn.Conv2d(wide, wide, 3, padding=1, groups=wide // group), 9 * group, gain)
        narrow = drawn(nn.Conv2d(wide, width, 1, bias=False), wide, gain=0.0)
        leaky = nn.LeakyReLU(SLOPE, inplace=True)
        self.branch = nn.Sequential(widen, leaky, mix, leaky, narrow)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape as x (n, width, h, w)."""
        made: Tensor = x + self.branch(x)
        return made


class Resample(nn.Module):
    """Twice or half the size, by the filter 1-3-3-1 in both directions, with zeros outside."""

    kernel: Tensor

    def __init__(self, width: int, *, up: bool) -> None:
        """Keep `width` channels."""
        super().__init__()
        # A kernel for eight channels, of which it mixes none: in bfloat16 on a CPU that is ten
        # times as fast as one for each.
        self.up, group = up, math.gcd(width, 8)
        line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / (4 if up else 8)
        kernel = torch.eye(group)[:, :, None, None] * torch.outer(line, line)
        kernel = kernel.repeat(width // group, 1, 1, 1)
        self.register_buffer("kernel", kernel.contiguous(memory_format=torch.channels_last))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, 2h, 2w) or (n, width, h/2, w/2) of x (n, width, h, w)."""
        convolve = F.conv_transpose2d if self.up else F.conv2d
        groups = self.kernel.shape[0] // self.kernel.shape[1]
        return convolve(x, self.kernel, stride=2, padding=1, groups=groups)


class Generator(nn.Module):
    """From z, and the label where there are classes, to an image."""

    def __init__(
        self,
        latent_dim: int,
        classes: int,
        base: int,
        widths: list[int],
        blocks: int,
        channels: int,
    ) -> None:
        """Begin with `widths[0]` channels at `base` pixels; with each width the size doubles."""
        super().__init__()
        taken, total = latent_dim * (1 + bool(classes)), blocks * len(widths)
        self.label = drawn(nn.Embedding(classes, latent_dim), classes) if classes else None
        self.strength = drawn(nn.Linear(taken, widths[0], bias=False), taken)
        self.basis = nn.Parameter(torch.randn(widths[0], base, base))
        layers: list[nn.Module] = [Residual(widths[0], total) for _ in range(blocks)]
        for wide_in, wide_out in pairwise(widths):
            layers += [conv(wide_in, wide_out)] * (wide_in != wide_out)
            layers += [Resample(wide_out, up=True)]
            layers += [Residual(wide_out, total) for _ in range(blocks)]
        self.network = nn.Sequential(*layers, conv(widths[-1], channels))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the images of z (n, latent_dim): as they are in training, else within -1 and 1."""
        if self.label is not None:
            z = torch.cat([z, self.label(labels)], 1)
        images: Tensor = self.network(self.strength(z)[:, :, None, None] * self.basis)
        return images if self.training else images.clamp(-1, 1)  # there is no tanh to bound it


class Discriminator(nn.Module):
    """From an image to a score, by the generator's layers the other way round."""

    def __init__(
        self, classes: int, base: int, widths: list[int], blocks: int, channels: int
    ) -> None:
        """Begin with `widths[0]` channels at full size; with each further width it halves."""
        super().__init__()
        wide, total = widths[-1], blocks * len(widths)
        layers: list[nn.Module] = [conv(channels, widths[0])]
        for wide_in, wide_out in pairwise(widths):
            layers += [Residual(wide_in, total) for _ in range(blocks)]
            layers += [Resample(wide_in, up=False)]
            layers += [conv(wide_in, wide_out)] * (wide_in != wide_out)
        self.network = nn.Sequential(*layers, *(Residual(wide, total) for _ in range(blocks)))
        self.basis = nn.Parameter(torch.randn(wide, base, base) / base)
        self.weight = nn.Parameter(torch.randn(*[wide] * (1 + bool(classes))) / math.sqrt(wide))
        label = nn.Embedding(classes, wide) if classes else None
        self.label = drawn(label, classes, 1 / math.sqrt(wide)) if label else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        # Only differences of scores count, which bfloat16 would round away. These sums are float32,
        # as self.basis is.
        features = (self.network(images) * self.basis).sum((2, 3))
        weight = self.weight if self.label is None else self.label(labels) @ self.weight
        scores: Tensor = (features * weight).sum(1)
        return scores


def r3gan(
    *,
    size: Literal[28, 32, 48, 64, 96, 128, 256] = 28,
    channels: Count = 1,
    classes: Annotated[int, Within(0)] = 0,
    conditional: bool = True,
    latent_dim: Count = 64,
    width: Count = 16,
    blocks: Count = 1,
    gamma: LossWeight = 2.0,
    penalty_every: Count = 4,
    burn_in: Annotated[float, Within(0, 1, above=True)] = 0.5,
) -> Architecture:
    """Relativistic GAN with R1 and R2 and no norm, for seven sizes, with or without labels.

    `width` is the number of channels at the full size; there are three times as many at half of it
    and six times below. From 96 pixels on, a `width` of 8 keeps a CPU quick. Each size has `blocks`
    residual blocks. `gamma` is the weight of R1 and R2, the squared gradients of the scores of real
    and of generated images, at 28x28 pixels; it grows with the number of pixels. One of
    `penalty_every` updates of the discriminator has both penalties, `penalty_every` times as heavy.
    Over the share `burn_in` of a run, one cosine takes gamma to a tenth, the learning rate to a
    quarter, Adam's beta2 from 0.9 to 0.99, and the half-life of the average from 0 to 20,000
    images, but to no more than a tenth of those seen. `channels` and `classes` are what the data
    has; with `conditional=False` labels are left alone. With classes, an embedding of the label
    stands beside z, and another one weighs the discriminator's features.

    The paper has 768 channels or more up to 32 pixels, two blocks, a learning rate of 2e-4 (here
    2.5e-3, for narrow networks), a gamma of its own for each data set (2 at 64 pixels, 150 at 256),
    batches of 256 and more, and augmentation (`--augment`). It begins with 4x4 features, here with
    4 to 7 pixels. It adds the penalties to every update: then a CPU makes 0.6 times as many images,
    and after 155 core-seconds of Fashion-MNIST the Fréchet distance was 10.6 and not 7.5 (one seed,
    5,000 pictures). Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A
    Modern GAN Baseline", NeurIPS 2024.
    """
    used, doublings = classes * conditional, halvings(size)
    base = size >> doublings
    widths = [width * min(3 * place or 1, 6) for place in range(doublings + 1)]
    weight, half_life = gamma * (size / 28) ** 2, cosine(0, 20_000, burn_in)
    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        classes=used,
        generator=lambda: Generator(latent_dim, used, base, widths[::-1], blocks, channels),
        discriminator=lambda: Discriminator(used, base, widths, blocks, channels),
        objective=penalised(relativistic(), r1("gamma"), r2("gamma"), every=penalty_every),
        optimizers=adam(2.5e-3, (0.0, 0.9)),
        schedules={
            "learning_rate": cosine(1, 0.25, burn_in),
            "beta2": cosine(0.9, 0.99, burn_in),
            "gamma": cosine(weight, weight / 10, burn_in),
            "ema": lambda seen, total: min(half_life(seen, total), seen / 10),
        },
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=64, ema=20_000),
    )
