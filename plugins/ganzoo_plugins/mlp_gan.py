"""The GAN of the first lab: two multilayer perceptrons on 28x28 grey images."""

from itertools import pairwise

from torch import nn

from ganzoo import Architecture
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam

IMAGE = (1, 28, 28)


def mlp_gan(*, latent_dim: int = 100, hidden: tuple[int, ...] = (256, 512)) -> Architecture:
    """Two multilayer perceptrons, batch norm in the generator (Goodfellow et al. 2014).

    `hidden` are the generator's widths; the discriminator has them in reverse.
    """
    return Architecture(
        image_shape=IMAGE,
        latent_dim=latent_dim,
        generator=lambda: _generator(latent_dim, hidden),
        discriminator=lambda: _discriminator(hidden[::-1]),
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )


def _generator(latent_dim: int, hidden: tuple[int, ...]) -> nn.Module:
    layers: list[nn.Module] = []
    for wide_in, wide_out in pairwise((latent_dim, *hidden)):
        layers += [
            nn.Linear(wide_in, wide_out),
            nn.LeakyReLU(0.2, inplace=True),
            nn.BatchNorm1d(wide_out, eps=0.8),
        ]
    return nn.Sequential(
        *layers, nn.Linear((latent_dim, *hidden)[-1], 784), nn.Tanh(), nn.Unflatten(1, IMAGE)
    )


def _discriminator(hidden: tuple[int, ...]) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for wide_in, wide_out in pairwise((784, *hidden)):
        layers += [nn.Linear(wide_in, wide_out), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Linear((784, *hidden)[-1], 1), nn.Flatten(0))
