"""The first Wasserstein GAN: a critic kept Lipschitz by clipping its weights."""

import torch
from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import wasserstein
from ganzoo.optimizers import rmsprop


def wgan_clip(
    *, latent_dim: int = 100, width: int = 64, hidden: int = 1024, clip: float = 0.01
) -> Architecture:
    """Wasserstein GAN with weight clipping for 28x28 images (Arjovsky et al. 2017)."""

    @torch.no_grad()
    def clip_weights(critic: nn.Module) -> None:
        for weight in critic.parameters():
            weight.clamp_(-clip, clip)

    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=lambda: _generator(latent_dim, width, hidden),
        discriminator=lambda: _critic(width, hidden),
        objective=wasserstein(),
        optimizers=rmsprop(5e-5),
        after_discriminator_step=clip_weights,
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=25, discriminator_steps=5),
    )


def _generator(latent_dim: int, w: int, hidden: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(latent_dim, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, 2 * w * 7 * 7),
        nn.BatchNorm1d(2 * w * 7 * 7),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, (2 * w, 7, 7)),
        nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1),
        nn.BatchNorm2d(w),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )


def _critic(w: int, hidden: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, w // 2, 5),
        nn.LeakyReLU(0.1, inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(w // 2, w, 5),
        nn.LeakyReLU(0.1, inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(w * 4 * 4, hidden),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Linear(hidden, 1),
        nn.Flatten(0),
    )
