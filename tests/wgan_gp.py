"""WGAN-GP as an author would write it: the classic example of a loss that needs the critic."""

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import down, up
from ganzoo.objectives import gradient_penalty, penalised, wasserstein
from ganzoo.optimizers import adam


def wgan_gp(*, latent_dim: int = 100, width: int = 32, penalty: float = 10.0) -> Architecture:
    """Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)."""
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
        objective=penalised(wasserstein(), gradient_penalty(penalty)),
        optimizers=adam(1e-4, (0.0, 0.9)),
        dataset="fashion_mnist",
        defaults=TrainConfig(generator_every=5),
    )
