"""The small GAN that the flawed and the right plugins of these tests change in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ganzoo import Architecture
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam

LATENT, SIDE, WIDE = 8, 16, 12
SHAPE = (1, SIDE, SIDE)
Build = Callable[[], nn.Module]


def generator(*between: nn.Module) -> nn.Module:
    """From latents to images, with layers of one's own at 12 features."""
    return nn.Sequential(
        nn.Linear(LATENT, WIDE), nn.LeakyReLU(0.2), *between,
        nn.Linear(WIDE, SIDE * SIDE), nn.Unflatten(1, SHAPE), nn.Tanh(),
    )  # fmt: skip


def discriminator(*between: nn.Module, last: tuple[nn.Module, ...] = ()) -> nn.Module:
    """From images to scores, with layers of one's own at 4 x 8 x 8 and at the end."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), nn.LeakyReLU(0.2), *between,
        nn.Flatten(), nn.Linear(4 * 8 * 8, 1), nn.Flatten(0), *last,
    )  # fmt: skip


def gan(**changes: Any) -> Architecture:
    """Return the GAN with other fields."""
    usual: dict[str, Any] = {
        "image_shape": SHAPE,
        "latent_dim": LATENT,
        "generator": generator,
        "discriminator": discriminator,
        "objective": non_saturating(),
        "optimizers": adam(2e-3, (0.5, 0.99)),
        "dataset": "toy_garments",
    }
    return Architecture(**usual | changes)


class Does(nn.Module):
    """A layer of a function, which gets the layer too, and has a weight `scale` that is 1."""

    def __init__(self, function: Callable[[Does, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.scale = nn.Parameter(Tensor([1.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x * self.scale)


def within(function: Callable[[Does, Tensor], Tensor]) -> Architecture:
    """Return the GAN whose generator has that function at 12 features, as part of its forward."""
    return gan(generator=lambda: generator(Does(function)))
