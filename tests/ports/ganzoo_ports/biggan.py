"""BigGAN: class-conditional norms, a projection discriminator, orthogonal regularisation.

Brock, Donahue & Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
ICLR 2019. Without self-attention and without a part of z for each block.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator, Loss
from ganzoo.objectives import hinge, penalised
from ganzoo.optimizers import adam


def conv(wide_in: int, wide_out: int, kernel: int = 3) -> nn.Module:
    """Return a convolution with spectral norm that keeps the size."""
    return spectral_norm(nn.Conv2d(wide_in, wide_out, kernel, padding=kernel // 2))


class Conditional(nn.Module):
    """Batch norm whose gain and bias come from the class and z."""

    def __init__(self, width: int, wide_condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.scales = spectral_norm(nn.Linear(wide_condition, 2 * width, bias=False))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.scales(condition)[:, :, None, None].chunk(2, 1)
        normed: Tensor = self.norm(x)
        return F.relu(normed * (1 + gain) + bias)


class Up(nn.Module):
    """A residual block that doubles the size."""

    def __init__(self, width: int, wide_condition: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = (Conditional(width, wide_condition) for i in range(2))
        self.conv_1, self.conv_2 = conv(width, width), conv(width, width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        larger = self.conv_1(F.interpolate(self.norm_1(x, condition), scale_factor=2.0))
        branch: Tensor = self.conv_2(self.norm_2(larger, condition))
        return F.interpolate(x, scale_factor=2.0) + branch


class Generator(nn.Module):
    """All blocks share one embedding of the class."""

    def __init__(self, latent_dim: int, classes: int, width: int) -> None:
        super().__init__()
        self.shared = nn.Embedding(classes, 16)
        self.first = spectral_norm(nn.Linear(latent_dim, width * 4 * 4))
        self.blocks = nn.ModuleList(Up(width, latent_dim + 16) for i in range(2))
        self.last = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), conv(width, 3), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        condition = torch.cat([z, self.shared(labels)], 1)
        x = self.first(z).unflatten(1, (-1, 4, 4))
        for block in self.blocks:
            x = block(x, condition)
        images: Tensor = self.last(x)
        return images


class Critic(nn.Module):
    """A score, and how well the features fit the class (Miyato & Koyama, ICLR 2018)."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv(3, width),
            nn.ReLU(),
            conv(width, width),
            nn.AvgPool2d(2),
            nn.ReLU(),
            conv(width, width),
            nn.AvgPool2d(2),
            nn.ReLU(),
        )
        self.score = spectral_norm(nn.Linear(width, 1))
        self.embedding = spectral_norm(nn.Embedding(classes, width))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = self.features(images).sum((2, 3))
        scores: Tensor = self.score(found).flatten(0)
        fit: Tensor = (self.embedding(labels) * found).sum(1)
        return scores + fit


def orthogonal(weight: float) -> Loss:
    """Return the penalty on filters that point the same way, equation 3; lengths are free."""

    def penalty(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        total = fake.new_zeros(())
        for name, parameter in D.generator.named_parameters():
            if parameter.dim() > 1 and not name.startswith("shared"):
                rows = parameter.flatten(1)
                products = rows @ rows.T
                total = total + (products - torch.diag(products.diag())).square().sum()
        return weight * total

    return penalty


def biggan(
    *, latent_dim: int = 32, classes: int = 10, width: int = 16, orthogonality: float = 1e-4
) -> Architecture:
    """BigGAN, small, for 16x16 colour images of classes (Brock et al. 2019)."""
    return Architecture(
        image_shape=(3, 16, 16),
        latent_dim=latent_dim,
        classes=classes,
        generator=lambda: Generator(latent_dim, classes, width),
        discriminator=lambda: Critic(classes, width),
        objective=penalised(hinge(), orthogonal(orthogonality), of="generator"),
        optimizers=adam(2e-4, (0.0, 0.999)),
        dataset="toy_faces",
        defaults=TrainConfig(generator_every=2, ema=0.999),
    )
