"""DCGAN for 96x96 RGB drawn faces, all transposed convolutions: 1, 4, 8, 16, 32, 96 pixels."""

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


def dcgan_anime96(
    *, latent_dim: int = 100, width: int = 64, d_every: int = 1, g_every: int = 1
) -> Architecture:
    """DCGAN for 96x96 colour images such as drawn faces (Radford et al. 2016).

    `d_every`, `g_every`: train D (G) every that many batches.
    """
    return Architecture(
        image_shape=(3, 96, 96),
        latent_dim=latent_dim,
        generator=lambda: _generator(latent_dim, width),
        discriminator=lambda: _discriminator(width),
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_faces",
        defaults=TrainConfig(
            batch_size=512, discriminator_every=d_every, generator_every=g_every, log_every=10
        ),
    )


def _generator(latent_dim: int, w: int) -> nn.Module:
    layers = [nn.Unflatten(1, (latent_dim, 1, 1)), *_up(latent_dim, 8 * w, stride=1, padding=0)]
    for wide in (8, 4, 2):
        layers += _up(wide * w, wide * w // 2, stride=2, padding=1)
    return nn.Sequential(
        *layers, nn.ConvTranspose2d(w, 3, 5, stride=3, padding=1, bias=False), nn.Tanh()
    )


def _up(wide_in: int, wide_out: int, *, stride: int, padding: int) -> list[nn.Module]:
    conv = nn.ConvTranspose2d(wide_in, wide_out, 4, stride=stride, padding=padding, bias=False)
    return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]


def _discriminator(w: int) -> nn.Module:
    layers: list[nn.Module] = [
        nn.Conv2d(3, w, 5, stride=3, padding=1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for wide in (1, 2, 4):
        layers += [
            nn.Conv2d(wide * w, 2 * wide * w, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * wide * w),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, bias=False), nn.Flatten(0))
