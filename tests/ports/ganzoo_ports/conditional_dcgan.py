"""Conditional DCGAN: both networks are told the class of an image.

Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, with the layers of DCGAN.
"""

import torch
from torch import Tensor, nn

from ganzoo import Architecture
from ganzoo.layers import down, up
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


class Generator(nn.Module):
    """An embedding of the label is a part of what the image is made of."""

    def __init__(self, latent_dim: int, classes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, 8)
        self.network = nn.Sequential(
            nn.Linear(latent_dim + 8, 2 * width * 4 * 4),
            nn.Unflatten(1, (2 * width, 4, 4)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            *up(2 * width, width),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.network(torch.cat([z, self.embedding(labels)], 1))
        return images


class Critic(nn.Module):
    """An embedding of the label is one more channel of the image."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Sequential(nn.Embedding(classes, 16 * 16), nn.Unflatten(1, (1, 16, 16)))
        self.network = nn.Sequential(
            *down(2, width, norm=False),
            *down(width, 2 * width),
            nn.Flatten(),
            nn.Linear(2 * width * 4 * 4, 1),
            nn.Flatten(0),
        )

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        scores: Tensor = self.network(torch.cat([images, self.embedding(labels)], 1))
        return scores


def conditional_dcgan(*, latent_dim: int = 32, classes: int = 10, width: int = 8) -> Architecture:
    """Conditional DCGAN for 16x16 grey images (Mirza & Osindero 2014)."""
    return Architecture(
        image_shape=(1, 16, 16),
        latent_dim=latent_dim,
        classes=classes,
        generator=lambda: Generator(latent_dim, classes, width),
        discriminator=lambda: Critic(classes, width),
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_garments",
    )
