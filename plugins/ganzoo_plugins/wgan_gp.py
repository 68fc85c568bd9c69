"""WGAN-GP: a critic that a gradient penalty keeps Lipschitz, in place of clipped weights."""

from typing import Literal

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import down, halvings, up
from ganzoo.limits import Count, LossWeight
from ganzoo.objectives import gradient_penalty, penalised, wasserstein
from ganzoo.optimizers import adam


def wgan_gp(
    *,
    size: Literal[28, 32, 48, 64, 96] = 28,
    channels: Count = 1,
    latent_dim: Count = 128,
    width: Count = 32,
    weight: LossWeight = 10.0,
) -> Architecture:
    """Wasserstein GAN with gradient penalty, for images of five sizes, grey or in colour.

    The networks are DCGAN's, without norm in the critic, as the penalty is of each image by itself.
    `width` is the number of channels at half of `size`; `weight` is that of the penalty, lambda in
    the paper. The critic learns from five batches, the generator from the first of them. `channels`
    is what the data has. Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved Training of
    Wasserstein GANs", NeurIPS 2017.
    """
    base = size >> halvings(size)
    widths = [width * 2**place for place in range(halvings(size))]  # from size / 2 down to base

    def generator() -> nn.Module:
        top = widths[-1]
        pairs = zip(widths[::-1], widths[-2::-1], strict=False)
        return nn.Sequential(
            nn.Linear(latent_dim, top * base * base),
            nn.Unflatten(1, (top, base, base)),
            nn.BatchNorm2d(top),
            nn.ReLU(inplace=True),
            *(layer for wide_in, wide_out in pairs for layer in up(wide_in, wide_out)),
            nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def critic() -> nn.Module:
        pairs = zip([channels, *widths], widths, strict=False)
        return nn.Sequential(
            *(layer for a, b in pairs for layer in down(a, b, norm=False)),
            nn.Flatten(),
            nn.Linear(widths[-1] * base * base, 1),
            nn.Flatten(0),
        )

    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        generator=generator,
        discriminator=critic,
        objective=penalised(wasserstein(), gradient_penalty(weight)),
        optimizers=adam(1e-4, (0.0, 0.9)),
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=64, generator_every=5),
    )
