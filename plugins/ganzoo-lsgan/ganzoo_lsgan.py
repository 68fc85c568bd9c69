"""LSGAN as a ganzoo plugin: this file and a pyproject.toml are the whole package."""

from torch import Tensor, nn

from ganzoo import Architecture, Objective
from ganzoo.architecture import Discriminator
from ganzoo.optimizers import adam


def lsgan(*, latent_dim: int = 100, width: int = 32) -> Architecture:
    """Least-squares GAN for 28x28 grey images (Mao et al. 2017)."""
    w = width
    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=lambda: nn.Sequential(
            nn.Linear(latent_dim, 2 * w * 7 * 7), nn.Unflatten(1, (2 * w, 7, 7)),
            nn.BatchNorm2d(2 * w), nn.ReLU(),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1), nn.BatchNorm2d(w), nn.ReLU(),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1), nn.Tanh(),
        ),
        discriminator=lambda: nn.Sequential(
            nn.Conv2d(1, w, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(2 * w * 7 * 7, 1), nn.Flatten(0),
        ),
        objective=Objective(discriminator_loss=_d_loss, generator_loss=_g_loss, scores="critic"),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )  # fmt: skip


def _d_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return ((D(real) - 1) ** 2).mean() / 2 + (D(fake) ** 2).mean() / 2


def _g_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return ((D(fake) - 1) ** 2).mean() / 2
