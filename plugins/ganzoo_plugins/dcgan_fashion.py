"""DCGANs for 28x28 grey images: convolutions from 7x7 to 28x28 and back."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import down, normal_weights, up
from ganzoo.limits import Count
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


def dcgan_fashion(
    *, latent_dim: Count = 100, width: Count = 64, slope: float = 0.2
) -> Architecture:
    """DCGAN that upsamples and convolves.

    `width` is the number of channels at 28x28 in the generator and at 14x14 in the discriminator,
    `slope` that of every LeakyReLU. Repeating pixels and then convolving leaves no checkerboard,
    unlike transposed convolution (Odena, Dumoulin & Olah, "Deconvolution and Checkerboard
    Artifacts", Distill 2016). Radford, Metz & Chintala, "Unsupervised Representation Learning with
    Deep Convolutional Generative Adversarial Networks", ICLR 2016.
    """
    w = width

    def generator() -> nn.Module:
        def convolve(wide_in: int, wide_out: int) -> list[nn.Module]:
            conv = nn.Conv2d(wide_in, wide_out, 3, padding=1)
            norm = nn.BatchNorm2d(wide_out, eps=0.8)
            return [nn.Upsample(scale_factor=2), conv, norm, nn.LeakyReLU(slope, inplace=True)]

        return nn.Sequential(
            nn.Linear(latent_dim, 2 * w * 7 * 7),
            nn.Unflatten(1, (2 * w, 7, 7)),
            nn.BatchNorm2d(2 * w),
            *convolve(2 * w, 2 * w),
            *convolve(2 * w, w),
            nn.Conv2d(w, 1, 3, padding=1),
            nn.Tanh(),
        )

    def discriminator() -> nn.Module:
        return nn.Sequential(
            *down(1, w, norm=False, slope=slope),
            *down(w, 2 * w, slope=slope),
            *down(2 * w, 4 * w, stride=1, padding=0, slope=slope),
            nn.Conv2d(4 * w, 1, 4),
            nn.Flatten(0),
        )

    return _dcgan(latent_dim, generator, discriminator)


def dcgan_fashion_transposed(
    *, latent_dim: Count = 100, width: Count = 64, slope: float = 0.01
) -> Architecture:
    """DCGAN with batch norm behind ReLU.

    `width` is the number of channels at 14x14 in both networks, `slope` that of every LeakyReLU.
    The generator has three transposed convolutions. Each of its batch norms stands behind its ReLU;
    the paper has it before. Radford, Metz & Chintala, "Unsupervised Representation Learning with
    Deep Convolutional Generative Adversarial Networks", ICLR 2016.
    """
    w = width

    def generator() -> nn.Module:
        return nn.Sequential(
            nn.Linear(latent_dim, 4 * w * 7 * 7),
            nn.ReLU(inplace=True),
            nn.BatchNorm1d(4 * w * 7 * 7),
            nn.Unflatten(1, (4 * w, 7, 7)),
            nn.ConvTranspose2d(4 * w, 2 * w, 3, stride=1, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(2 * w),
            nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(w),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def discriminator() -> nn.Module:
        return nn.Sequential(
            *down(1, w, kernel=3, bias=False, norm=False, slope=slope),
            *down(w, 2 * w, kernel=3, bias=False, slope=slope),
            nn.Flatten(),
            nn.Linear(2 * w * 7 * 7, 1),
            nn.Flatten(0),
        )

    gan = _dcgan(latent_dim, generator, discriminator)
    return replace(gan, defaults=TrainConfig(epochs=15))


def dcgan_mnist(*, latent_dim: Count = 100, width: Count = 64, slope: float = 0.2) -> Architecture:
    """DCGAN for digits, its discriminator the mirror image.

    `width` is the number of channels at 14x14, `slope` that of every LeakyReLU. Weights start as
    N(0, 0.02²), those of batch norms as N(1, 0.02²). Radford, Metz & Chintala, "Unsupervised
    Representation Learning with Deep Convolutional Generative Adversarial Networks", ICLR 2016.
    """
    w = width

    def generator() -> nn.Module:
        return nn.Sequential(
            nn.Linear(latent_dim, 2 * w * 7 * 7),
            nn.BatchNorm1d(2 * w * 7 * 7),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (2 * w, 7, 7)),
            *up(2 * w, w),
            nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def discriminator() -> nn.Module:
        return nn.Sequential(
            *down(1, w, norm=False, slope=slope),
            *down(w, 2 * w, slope=slope),
            nn.Flatten(),
            nn.Linear(2 * w * 7 * 7, 1),
            nn.Flatten(0),
        )

    gan = _dcgan(
        latent_dim,
        lambda: normal_weights(generator(), norms=True),
        lambda: normal_weights(discriminator(), norms=True),
    )
    return replace(gan, dataset="mnist", defaults=TrainConfig(epochs=50, batch_size=128))


def _dcgan(
    latent_dim: int, generator: Callable[[], nn.Module], discriminator: Callable[[], nn.Module]
) -> Architecture:
    """Return an architecture with what the members of the family have in common."""
    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        generator=generator,
        discriminator=discriminator,
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
    )
