"""One pair of networks, two objectives: the first Wasserstein GAN, and a GAN to compare it to."""

from dataclasses import replace
from typing import Annotated

import torch
from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import up
from ganzoo.limits import Count, Within
from ganzoo.objectives import non_saturating, wasserstein
from ganzoo.optimizers import adam, rmsprop

Width = Annotated[int, Within(2)]
"""A number of channels of which half are used, too."""


def wgan_clip(
    *,
    latent_dim: Count = 100,
    width: Width = 64,
    hidden: Count = 1024,
    slope: float = 0.1,
    clip: Annotated[float, Within(0, above=True)] = 0.01,
) -> Architecture:
    """Wasserstein GAN with weight clipping.

    `width` is the number of channels at 14x14 in the generator, `hidden` that of the fully
    connected layers, `slope` that of every LeakyReLU. The critic takes five steps on each batch,
    then the generator takes one. After each of the critic's steps, its weights are clipped to
    ±`clip`. Arjovsky, Chintala & Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017.
    """

    @torch.no_grad()
    def clip_weights(critic: nn.Module) -> None:
        for weight in critic.parameters():
            weight.clamp_(-clip, clip)

    gan = _dcgan_maxpool(latent_dim, width, hidden, slope, nn.Tanh())
    return replace(
        gan,
        objective=wasserstein(),
        optimizers=rmsprop(5e-5),
        after_discriminator_step=clip_weights,
        defaults=TrainConfig(epochs=25, discriminator_steps=5),
    )


def dcgan_fashion_maxpool(
    *, latent_dim: Count = 100, width: Width = 64, hidden: Count = 1024, slope: float = 0.1
) -> Architecture:
    """DCGAN with max pooling, images in [0, 1].

    `width` is the number of channels at 14x14 in the generator, `hidden` that of the fully
    connected layers, `slope` that of every LeakyReLU. The generator ends in a sigmoid, so its
    images are in [0, 1]. Adam's first beta is 0.9 here; the other DCGANs have 0.5. Radford, Metz &
    Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks", ICLR 2016.
    """
    gan = _dcgan_maxpool(latent_dim, width, hidden, slope, nn.Sigmoid())
    return replace(gan, image_range=(0.0, 1.0))


def _dcgan_maxpool(
    latent_dim: int, w: int, hidden: int, slope: float, squash: nn.Module
) -> Architecture:
    def generator() -> nn.Module:
        return nn.Sequential(
            nn.Linear(latent_dim, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 2 * w * 7 * 7),
            nn.BatchNorm1d(2 * w * 7 * 7),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (2 * w, 7, 7)),
            *up(2 * w, w),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
            squash,
        )

    def discriminator() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, w // 2, 5),
            nn.LeakyReLU(slope, inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(w // 2, w, 5),
            nn.LeakyReLU(slope, inplace=True),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(w * 4 * 4, hidden),
            nn.LeakyReLU(slope, inplace=True),
            nn.Linear(hidden, 1),
            nn.Flatten(0),
        )

    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=generator,
        discriminator=discriminator,
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.9, 0.999)),
        dataset="fashion_mnist",
    )
