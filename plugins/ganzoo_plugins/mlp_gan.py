"""GANs of two multilayer perceptrons on 28x28 grey images: the first lab's, and its variations."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Annotated

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import normal_weights
from ganzoo.limits import Count, Within
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam

IMAGE = (1, 28, 28)
Block = Callable[[int], list[nn.Module]]
"""Function from the width of a hidden layer to the modules that follow it."""


def mlp_gan(
    *, latent_dim: Count = 100, hidden: tuple[Count, ...] = (256, 512), slope: float = 0.2
) -> Architecture:
    """Two perceptrons, batch norm in the generator.

    `hidden` are the generator's widths; the discriminator has them in reverse. `slope` is that of
    every LeakyReLU. The batch norms stand behind the activation and have an epsilon of 0.8.
    Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
    """
    return _mlp_gan(
        latent_dim,
        hidden,
        lambda wide: [nn.LeakyReLU(slope, inplace=True), nn.BatchNorm1d(wide, eps=0.8)],
        lambda wide: [nn.LeakyReLU(slope, inplace=True)],
    )


def mlp_gan_shallow(
    *, latent_dim: Count = 100, hidden: tuple[Count, ...] = (128,), slope: float = 0.2
) -> Architecture:
    """The smallest GAN: one hidden layer in each network.

    `hidden` are the widths in both networks, `slope` that of every LeakyReLU. Goodfellow et al.,
    "Generative Adversarial Nets", NeurIPS 2014.
    """

    def after(wide: int) -> list[nn.Module]:
        return [nn.LeakyReLU(slope, inplace=True)]

    gan = _mlp_gan(latent_dim, hidden, after, after)
    return replace(gan, defaults=TrainConfig(epochs=3))


def mlp_gan_relu(
    *, latent_dim: Count = 100, hidden: tuple[Count, ...] = (256, 256), slope: float = 0.1
) -> Architecture:
    """Two perceptrons without batch norm.

    `hidden` are the generator's widths, each followed by a ReLU. The discriminator has them in
    reverse, each followed by a LeakyReLU with `slope`. Adam's first beta is 0.9 here; the others
    have 0.5. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
    """
    gan = _mlp_gan(
        latent_dim,
        hidden,
        lambda wide: [nn.ReLU(inplace=True)],
        lambda wide: [nn.LeakyReLU(slope, inplace=True)],
    )
    return replace(gan, optimizers=adam(2e-4, (0.9, 0.999)))


def mlp_gan_dropout(
    *,
    latent_dim: Count = 100,
    hidden: tuple[Count, ...] = (256, 512, 1024),
    dropout: Annotated[float, Within(0, 1)] = 0.3,
) -> Architecture:
    """Three hidden layers, dropout in the discriminator.

    `hidden` are the generator's widths; the discriminator has them in reverse, each followed by
    ReLU and `dropout`. Weights start as N(0, 0.02²). The generator's step uses the same fakes as
    the discriminator's, so the generator runs once for each batch. Goodfellow et al.,
    "Generative Adversarial Nets", NeurIPS 2014.
    """
    gan = _mlp_gan(
        latent_dim,
        hidden,
        lambda wide: [nn.ReLU(inplace=True)],
        lambda wide: [nn.ReLU(inplace=True), nn.Dropout(dropout)],
    )
    return replace(
        gan,
        generator=lambda: normal_weights(gan.generator()),
        discriminator=lambda: normal_weights(gan.discriminator()),
        dataset="mnist",
        defaults=TrainConfig(epochs=100, batch_size=128, shared_fakes=True),
    )


def _mlp_gan(
    latent_dim: int, hidden: tuple[int, ...], after_g: Block, after_d: Block
) -> Architecture:
    return Architecture(
        image_shape=IMAGE,
        latent_dim=latent_dim,
        generator=lambda: nn.Sequential(
            *_layers((latent_dim, *hidden), 784, after_g), nn.Tanh(), nn.Unflatten(1, IMAGE)
        ),
        discriminator=lambda: nn.Sequential(
            nn.Flatten(), *_layers((784, *hidden[::-1]), 1, after_d), nn.Flatten(0)
        ),
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )


def _layers(widths: tuple[int, ...], last: int, after: Block) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for wide_in, wide_out in pairwise(widths):
        layers += [nn.Linear(wide_in, wide_out), *after(wide_out)]
    return [*layers, nn.Linear(widths[-1], last)]
