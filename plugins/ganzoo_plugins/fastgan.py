"""FastGAN: for a hundred to two thousand images, a discriminator that redraws what it sees."""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Architecture, Objective, TrainConfig
from ganzoo.architecture import Discriminator as Asked
from ganzoo.augment import DiffAugment, Flips
from ganzoo.layers import halvings
from ganzoo.limits import Count, LossWeight
from ganzoo.optimizers import adam

UP = (16, 8, 4, 2, 2, 1, 0.5)  # widths of the generator's features, from the smallest on
DOWN = (0.25, 0.5, 1, 2, 4, 8)  # those of the discriminator, up to the smallest
REDRAW = (2, 1, 1, 0.5)  # those of a decoder


def conv(wide_in: int, wide_out: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    """Return a convolution with spectral norm and without a bias."""
    return spectral_norm(nn.Conv2d(wide_in, wide_out, kernel, stride, padding, bias=False))


def norm(width: int) -> nn.BatchNorm2d:
    """Return a batch norm whose weights start from N(1, 0.02²)."""
    layer = nn.BatchNorm2d(width)
    nn.init.normal_(layer.weight, 1.0, 0.02)
    return layer


class Gate(nn.Module):
    """Gated linear unit: nn.GLU(1), which takes twice as long on a CPU with channels last."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 2c, h, w) to (n, c, h, w)."""
        passed, gate = x.chunk(2, 1)
        return passed * gate.sigmoid()


class Noise(nn.Module):
    """A number for each pixel, as strong as is learned: another in training, the same in images."""

    constant: Tensor

    def __init__(self, size: int) -> None:
        """Add noise to features of `size` pixels, at first nothing of it."""
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(1, 1, size, size))

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape as x (n, c, size, size)."""
        noise = torch.randn_like(x[:, :1]) if self.training else self.constant
        return x + self.strength * noise


def gated(wide_in: int, wide_out: int, noisy: int) -> list[nn.Module]:
    """Return a convolution 3x3 and a gate, with noise if they are of `noisy` pixels."""
    noise = [Noise(noisy)] if noisy else []
    return [conv(wide_in, 2 * wide_out, 3, padding=1), *noise, norm(2 * wide_out), Gate()]


def up(wide_in: int, wide_out: int, noisy: int = 0) -> nn.Module:
    """Return a block that doubles the size; with noise, to `noisy` pixels, it convolves twice."""
    again = gated(wide_out, wide_out, noisy) if noisy else []
    return nn.Sequential(nn.Upsample(scale_factor=2.0), *gated(wide_in, wide_out, noisy), *again)


def mixed(wide_in: int, wide_out: int, *shape: int) -> list[nn.Module]:
    """Return a convolution of this kernel, stride and padding, a norm and a LeakyReLU."""
    return [conv(wide_in, wide_out, *shape), norm(wide_out), nn.LeakyReLU(0.2)]


class Down(nn.Module):
    """Half the size: the mean of two convolutions and of an average that is convolved 1x1."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        """Map (n, wide_in, 2h, 2w) to (n, wide_out, h, w)."""
        super().__init__()
        again = mixed(wide_out, wide_out, 3, 1, 1)
        self.main = nn.Sequential(*mixed(wide_in, wide_out, 4, 2, 1), *again)
        self.direct = nn.Sequential(nn.AvgPool2d(2), *mixed(wide_in, wide_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features at half the size."""
        made: Tensor = (self.main(x) + self.direct(x)) / 2
        return made


class Shrunk(nn.Module):
    """The means of parts of the features: nn.AdaptiveAvgPool2d, but exact on CUDA, too."""

    def __init__(self, size: int) -> None:
        """Return features of `size` pixels."""
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, k * size, k * size) to (n, c, size, size)."""
        return F.avg_pool2d(x, x.shape[-1] // self.size)


class Excited(nn.Module):
    """Blocks in a row; features say which channels count in those `leap` blocks later."""

    def __init__(self, blocks: list[nn.Module], widths: list[int], leap: int, base: int) -> None:
        """Take the `widths` around each block; gates see features of base * base pixels."""
        super().__init__()
        self.leap, self.blocks, self.gates = leap, nn.ModuleList(blocks), nn.ModuleList()
        for low, high in zip(widths, widths[leap:], strict=False):
            seen, mixed = conv(low, high, base), conv(high, high, 1)
            gate = [Shrunk(base), seen, nn.SiLU(), mixed, nn.Sigmoid()]
            self.gates.append(nn.Sequential(*gate))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return x and the features after each block."""
        features = [x]
        for level, block in enumerate(self.blocks, 1 - self.leap):
            x = block(x)
            x = x * self.gates[level](features[level]) if level >= 0 else x
            features.append(x)
        return features


class Generator(nn.Module):
    """From z to an image; features gate those of 16 times their size."""

    def __init__(self, latent_dim: int, base: int, widths: list[int], channels: int) -> None:
        """Begin with `widths[0]` channels at `base` pixels; with each width the size doubles."""
        super().__init__()
        first = spectral_norm(nn.ConvTranspose2d(latent_dim, 2 * widths[0], base, bias=False))
        steps = [nn.Unflatten(1, (latent_dim, 1, 1)), first, norm(2 * widths[0]), Gate()]
        ups = [
            up(*pair, noisy=base * 2**level * (level % 2))
            for level, pair in enumerate(pairwise(widths), 1)
        ]
        self.first, self.features = nn.Sequential(*steps), Excited(ups, widths, 4, base)
        self.image = nn.Sequential(conv(widths[-1], channels, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """Return the images of z (n, latent_dim)."""
        images: Tensor = self.image(self.features(self.first(z))[-1])
        return images


class Discriminator(nn.Module):
    """Scores of the parts of an image, and decoders that draw it again from what was seen."""

    def __init__(self, base: int, widths: list[int], redraw: list[int], channels: int) -> None:
        """Begin with `widths[0]` channels; with each further one halve the size, to 2 * base."""
        super().__init__()
        self.first = nn.Sequential(conv(channels, widths[0], 3, padding=1), nn.LeakyReLU(0.2))
        self.features = Excited([Down(*pair) for pair in pairwise(widths)], widths, 3, base)
        last, wide = widths[-1], 2 * widths[-1]
        self.score = nn.Sequential(*mixed(last, wide, 1), conv(wide, 1, base), nn.Flatten())
        self.whole, self.quarter = (
            nn.Sequential(
                *(up(*pair) for pair in pairwise([seen, *redraw])),
                *(conv(redraw[-1], channels, 3, padding=1), nn.Tanh()),
            )
            for seen in (last, widths[-2])
        )

    def forward(self, images: Tensor, error: Tensor | None = None) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W), each the mean over the image's parts.

        With `error` return the scores of the parts, (n, parts). If it is (1,), and not empty, the
        decoders redraw the images, and what they get wrong is added to it in place.
        """
        features = self.features(self.first(images))
        scores: Tensor = self.score(features[-1])
        if error is None:
            return scores.mean(1)
        if len(error):
            row, column = torch.randint(2, (2,)).tolist()
            part, seen = (x.chunk(2, 2)[row].chunk(2, 3)[column] for x in (images, features[-2]))
            error.add_(F.l1_loss(self.whole(features[-1]), F.avg_pool2d(images, 2)))
            error.add_(F.l1_loss(self.quarter(seen), part))
        return scores


def soft_hinge_and_redrawing(weight: float) -> Objective:
    """Return hinge losses of each part, with margins from 0.8 to 1, and what redrawing costs D."""

    def hinge(scores: Tensor) -> Tensor:
        return F.relu(0.8 + 0.2 * torch.rand_like(scores) - scores).mean()

    def discriminator_loss(D: Asked, real: Tensor, fake: Tensor) -> Tensor:
        error = real.new_zeros(1)
        loss = hinge(D(real, error)) + hinge(-D(fake, error[:0]))
        return loss + weight * error.sum()

    def generator_loss(D: Asked, real: Tensor, fake: Tensor) -> Tensor:
        return -D(fake).mean()

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
        scores="critic",
        words="hinge with margins m from 0.8 to 1, and redrawing of real images",
        formulas=(
            f"E[max(0, m - D(x))] + E[max(0, m + D(G(z)))] + {weight:g}·E|redrawn x - x|",
            "-E[D(G(z))]",
        ),
    )


class Mirrored(DiffAugment, Flips):
    """DiffAugment, which also mirrors every second real image."""


def fastgan(
    *,
    size: Literal[48, 64, 96, 128, 256] = 96,
    channels: Count = 3,
    latent_dim: Count = 256,
    width: Count = 16,
    redraw: LossWeight = 8.0,
    mirror: bool = True,
) -> Architecture:
    """FastGAN for a folder of 100 to 2,000 images: its discriminator redraws what it sees.

    `width` is a sixteenth of the channels of the generator's smallest features, and an eighth of
    the discriminator's. `redraw` weighs how wrong D's decoders are, about the whole image at half
    its size and about a quarter of it. With `mirror` half of the real images are mirrored: turn it
    off for letters and the like. `channels` is what the data has.

    Where it is not the authors' code: that has width 64, which takes seven times as long (one core
    of an AMD EPYC, bf16, torch 2.13), and sizes from 256 on. Smaller images have fewer blocks here.
    A gate spans 16 times the size in G, 8 times in D; below 48 pixels there would be none. Decoders
    are judged by the absolute difference, as LPIPS needs a network of 500 MB and more time than all
    the rest; 8 is the code's sum over its batch. As in the paper, no second discriminator sees the
    images smaller. Drawn images have the noise of one draw. The average grows to the code's 0.999 a
    step. Liu, Zhu, Song & Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity
    Few-shot Image Synthesis", ICLR 2021.
    """
    doublings = halvings(size, 3)
    base = size >> doublings
    ups, downs, redrawn = (
        [max(1, int(width * multiple)) for multiple in multiples]
        for multiples in (UP[: doublings + 1], DOWN[-doublings:], REDRAW[: doublings - 2])
    )
    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, base, ups, channels),
        discriminator=lambda: Discriminator(base, downs, redrawn, channels),
        objective=soft_hinge_and_redrawing(redraw),
        optimizers=adam(2e-4, (0.5, 0.999)),
        augment=lambda: (Mirrored if mirror else DiffAugment)(cutout=False),
        dataset="toy_faces",
        defaults=TrainConfig(epochs=100, batch_size=8, shared_fakes=True, ema=5_545),
    )
