"""The architecture lsgan, for ganzoo: this file and a pyproject.toml are the whole package."""

from torch import nn

from ganzoo import Architecture
from ganzoo.layers import down, up
from ganzoo.limits import Count
from ganzoo.objectives import least_squares
from ganzoo.optimizers import adam


def lsgan(*, latent_dim: Count = 100, width: Count = 32) -> Architecture:
    """Least-squares GAN for 28x28 grey images (Mao et al. 2017)."""
    w = width
    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=lambda: nn.Sequential(
            nn.Linear(latent_dim, 2 * w * 7 * 7),
            nn.Unflatten(1, (2 * w, 7, 7)),
            nn.BatchNorm2d(2 * w),
            nn.ReLU(),
            *up(2 * w, w),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        ),
        discriminator=lambda: nn.Sequential(
            *down(1, w, norm=False),
            *down(w, 2 * w, norm=False),
            nn.Flatten(),
            nn.Linear(2 * w * 7 * 7, 1),
            nn.Flatten(0),
        ),
        objective=least_squares(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )
