"""R3GAN: a relativistic loss, R1 and R2, plain residual networks, and one cosine for all.

Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", NeurIPS 2024.
"""

from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.objectives import penalised, r1, r2, relativistic
from ganzoo.optimizers import adam
from ganzoo.schedules import cosine


class Residual(nn.Module):
    """x + f(x) with a grouped convolution and no norm; f is 0 at first, as Fixup wants it."""

    def __init__(self, width: int, groups: int = 4) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width, 2 * width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=groups, bias=False),
            nn.LeakyReLU(0.2),
            last := nn.Conv2d(2 * width, width, 1, bias=False),
        )
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.branch(x)
        return x + made


class Generator(nn.Module):
    """A learnt 4x4 layer, scaled by z, and residual blocks between which the size doubles."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(latent_dim, width * 4 * 4),
            nn.Unflatten(1, (width, 4, 4)),
            Residual(width),
            nn.Upsample(scale_factor=2.0, mode="bilinear"),
            Residual(width),
            nn.Upsample(scale_factor=2.0, mode="bilinear"),
            Residual(width),
            nn.Conv2d(width, 3, 1),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.network(z)
        return images if self.training else images.clamp(-1, 1)  # there is no tanh to bound it


def r3gan(*, latent_dim: int = 32, width: int = 16) -> Architecture:
    """R3GAN for 16x16 colour images, with its schedules (Huang et al. 2024)."""
    return Architecture(
        image_shape=(3, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width),
        discriminator=lambda: nn.Sequential(
            nn.Conv2d(3, width, 1),
            Residual(width),
            nn.AvgPool2d(2),
            Residual(width),
            nn.AvgPool2d(2),
            Residual(width),
            nn.Flatten(),
            nn.Linear(width * 4 * 4, 1),
            nn.Flatten(0),
        ),
        objective=penalised(relativistic(), r1("gamma"), r2("gamma")),
        optimizers=adam(2e-4, (0.0, 0.9)),
        schedules={
            "learning_rate": cosine(1, 0.25, until=0.5),
            "beta2": cosine(0.9, 0.99, until=0.5),
            "gamma": cosine(2, 0.2, until=0.5),
            "ema": lambda seen, total: min(2_000, seen / 10),
        },
        dataset="toy_faces",
        defaults=TrainConfig(ema=2_000),
    )
