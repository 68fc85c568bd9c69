"""InfoGAN: some coordinates of z get a meaning, because a second head of D must read them.

Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
Adversarial Nets", NeurIPS 2016.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, Objective
from ganzoo.architecture import Discriminator
from ganzoo.layers import down, up
from ganzoo.optimizers import adam


class Generator(nn.Module):
    """The largest of the first `kinds` coordinates is a category; the next `codes` are codes."""

    def __init__(self, latent_dim: int, width: int, kinds: int, codes: int) -> None:
        super().__init__()
        self.kinds, self.codes = kinds, codes
        self.network = nn.Sequential(
            nn.Linear(latent_dim, 2 * width * 4 * 4),
            nn.Unflatten(1, (2 * width, 4, 4)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            *up(2 * width, width),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def meaning(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the category (n,) and the continuous codes (n, codes) of z."""
        return z[:, : self.kinds].argmax(1), z[:, self.kinds : self.kinds + self.codes]

    def forward(self, z: Tensor) -> Tensor:
        category = F.one_hot(self.meaning(z)[0], self.kinds).to(z.dtype)
        images: Tensor = self.network(torch.cat([category, z[:, self.kinds :]], 1))
        return images


class Critic(nn.Module):
    """D, and on the same features Q, which reads the category and the codes from an image."""

    def __init__(self, width: int, kinds: int, codes: int) -> None:
        super().__init__()
        self.kinds = kinds
        self.features = nn.Sequential(
            *down(1, width, norm=False), *down(width, 2 * width), nn.Flatten()
        )
        self.score = nn.Linear(2 * width * 4 * 4, 1)
        self.q = nn.Linear(2 * width * 4 * 4, kinds + codes)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.score(self.features(images))
        return scores.flatten(0)

    def read(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits (n, kinds) of the category and the mean (n, codes) of the codes."""
        found: Tensor = self.q(self.features(images))
        return found[:, : self.kinds], found[:, self.kinds :]


def information(D: Discriminator, fake: Tensor) -> Tensor:
    """Return the negative of the variational bound on mutual information, equation 5."""
    category, codes = D.generator.meaning(D.latents)
    logits, means = D.network.read(fake)
    return F.cross_entropy(logits, category) + F.mse_loss(means, codes)


def objective(weight: float) -> Objective:
    """Return the usual losses and the information, which G, D's features and Q have in common."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        usual = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
        return usual + weight * information(D, fake)

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-D(fake)).mean() + weight * information(D, fake)

    return Objective(discriminator_loss=discriminator_loss, generator_loss=generator_loss)


def infogan(
    *, latent_dim: int = 32, width: int = 8, kinds: int = 10, codes: int = 2, weight: float = 1.0
) -> Architecture:
    """InfoGAN for 16x16 grey images: categories and codes without labels (Chen et al. 2016)."""
    return Architecture(
        image_shape=(1, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width, kinds, codes),
        discriminator=lambda: Critic(width, kinds, codes),
        objective=objective(weight),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_garments",
    )
