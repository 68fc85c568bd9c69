"""VAE-GAN: an autoencoder whose pictures are compared by the features of the discriminator.

Larsen et al., "Autoencoding beyond pixels using a learned similarity metric", ICML 2016.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, Objective
from ganzoo.architecture import Discriminator
from ganzoo.layers import down, up
from ganzoo.optimizers import adam


class Generator(nn.Module):
    """The decoder, which draws; and the encoder, which only training needs."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.decoder = nn.Sequential(
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
            nn.Linear(2 * width * 4 * 4, 2 * latent_dim),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.decoder(z)
        return images

    def encoded(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return a z (n, latent_dim) drawn from q(z|x), and KL(q(z|x) || N(0, 1)) per image."""
        mean, log_variance = self.encoder(images).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        divergence = (mean.square() + log_variance.exp() - log_variance - 1).sum(1) / 2
        return z, divergence


class Critic(nn.Module):
    """A score, and the features that say how alike two images are."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(*down(1, width, norm=False), *down(width, 2 * width))
        self.score = nn.Sequential(nn.Flatten(), nn.Linear(2 * width * 4 * 4, 1), nn.Flatten(0))

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.score(self.features(images))
        return scores


def objective(gamma: float) -> Objective:
    """Return the losses of algorithm 1; drawn and decoded images count as generated ones."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        with torch.no_grad():
            decoded = D.generator(D.generator.encoded(real)[0])
        generated = F.softplus(D(fake)).mean() + F.softplus(D(decoded)).mean()
        return F.softplus(-D(real)).mean() + generated

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        z, divergence = D.generator.encoded(real)
        decoded = D.generator(z)
        like = F.mse_loss(D.network.features(decoded), D.network.features(real))
        fooled = F.softplus(-D(fake)).mean() + F.softplus(-D(D.generator(z.detach()))).mean()
        loss: Tensor = divergence.mean() / real[0].numel() + like + gamma * fooled
        return loss

    return Objective(discriminator_loss=discriminator_loss, generator_loss=generator_loss)


def vae_gan(*, latent_dim: int = 32, width: int = 8, gamma: float = 0.1) -> Architecture:
    """VAE-GAN for 16x16 grey images: a decoder and an encoder (Larsen et al. 2016)."""
    return Architecture(
        image_shape=(1, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width),
        discriminator=lambda: Critic(width),
        objective=objective(gamma),
        optimizers=adam(3e-4, (0.5, 0.999)),
        dataset="toy_garments",
    )
