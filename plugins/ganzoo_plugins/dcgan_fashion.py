"""DCGAN for 28x28 grey images, its generator built of upsampling and convolution."""

from torch import nn

from ganzoo import Architecture
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


def dcgan_fashion(*, latent_dim: int = 100, width: int = 64) -> Architecture:
    """DCGAN for 28x28 images with an upsample-and-convolve generator (Radford et al. 2016)."""
    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=lambda: _generator(latent_dim, width),
        discriminator=lambda: _discriminator(width),
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )


def _generator(latent_dim: int, w: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(latent_dim, 2 * w * 7 * 7),
        nn.Unflatten(1, (2 * w, 7, 7)),
        nn.BatchNorm2d(2 * w),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(2 * w, 2 * w, 3, padding=1),
        nn.BatchNorm2d(2 * w, eps=0.8),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(2 * w, w, 3, padding=1),
        nn.BatchNorm2d(w, eps=0.8),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(w, 1, 3, padding=1),
        nn.Tanh(),
    )


def _discriminator(w: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, w, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(w, 2 * w, 4, stride=2, padding=1),
        nn.BatchNorm2d(2 * w),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * w, 4 * w, 4),
        nn.BatchNorm2d(4 * w),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4 * w, 1, 4),
        nn.Flatten(0),
    )
