"""BiGAN: an encoder is trained with the generator; D judges pairs of an image and its code.

Donahue, Krähenbühl & Darrell, "Adversarial Feature Learning", ICLR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, Objective
from ganzoo.architecture import Discriminator
from ganzoo.layers import down, up
from ganzoo.optimizers import adam


class Generator(nn.Module):
    """G from codes to images, and E from images to codes, which the generator's loss trains too."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(latent_dim, 2 * width * 4 * 4),
            nn.Unflatten(1, (2 * width, 4, 4)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            *up(2 * width, width),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )
        self.encoder = nn.Sequential(
            *down(1, width),
            *down(width, 2 * width),
            nn.Flatten(),
            nn.Linear(2 * width * 4 * 4, latent_dim),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.network(z)
        return images


class Critic(nn.Module):
    """A score of an image and its code; without a code, that of the code 0."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.features = nn.Sequential(
            *down(1, width, norm=False), *down(width, 2 * width), nn.Flatten()
        )
        self.pair = nn.Sequential(
            nn.Linear(2 * width * 4 * 4 + latent_dim, 8 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(8 * width, 1),
            nn.Flatten(0),
        )

    def forward(self, images: Tensor, codes: Tensor | None = None) -> Tensor:
        if codes is None:
            codes = images.new_zeros(len(images), self.latent_dim)
        scores: Tensor = self.pair(torch.cat([self.features(images), codes], 1))
        return scores


def objective() -> Objective:
    """Return the losses of equation 3, in the form that does not saturate."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        codes = D.generator.encoder(real).detach()
        return F.softplus(-D(real, codes)).mean() + F.softplus(D(fake, D.latents)).mean()

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        codes = D.generator.encoder(real)
        return F.softplus(D(real, codes)).mean() + F.softplus(-D(fake, D.latents)).mean()

    return Objective(discriminator_loss=discriminator_loss, generator_loss=generator_loss)


def bigan(*, latent_dim: int = 32, width: int = 8) -> Architecture:
    """BiGAN for 16x16 grey images: generator and encoder, trained jointly (Donahue et al. 2017)."""
    return Architecture(
        image_shape=(1, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width),
        discriminator=lambda: Critic(latent_dim, width),
        objective=objective(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_garments",
    )
