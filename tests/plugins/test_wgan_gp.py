"""`wgan_gp`: its layers counted by hand, its sizes, its penalty and its settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ganzoo_plugins.wgan_gp import wgan_gp
from torch import nn

from ganzoo.train.networks import build, count_parameters

SIZES = {28: 7, 32: 4, 48: 6, 64: 4, 96: 6}


def test_layers_and_parameters_at_28_pixels() -> None:
    generator, critic = build(wgan_gp())
    assert count_parameters(generator) == (
        (128 * 64 * 49 + 64 * 49) + 2 * 64 + (64 * 32 * 16 + 32) + 2 * 32 + (32 * 16 + 1)
    )
    assert count_parameters(critic) == ((32 * 16 + 32) + (32 * 64 * 16 + 64) + (64 * 49 + 1))
    assert (count_parameters(generator), count_parameters(critic)) == (438_049, 36_513)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int, channels: int) -> None:
    gan = wgan_gp(size=size, channels=channels, width=2)  # type: ignore[arg-type]
    generator, critic = build(gan)  # it checks the shapes
    begins = next(m for m in generator.modules() if isinstance(m, nn.Unflatten)).unflattened_size
    assert gan.image_shape == (channels, size, size)
    assert begins[1] == SIZES[size]
    assert not [m for m in critic.modules() if isinstance(m, nn.BatchNorm2d)]


def test_the_critic_pays_for_a_slope_other_than_1() -> None:
    """D(x) = 3x has the slope 3 in a picture of one pixel: 10 (3 - 1)² = 40."""
    loss = wgan_gp(width=2).objective.discriminator_loss

    def critic(images: torch.Tensor) -> torch.Tensor:
        return 3 * images.flatten()

    real, fake = torch.ones(4, 1, 1, 1), torch.zeros(4, 1, 1, 1)
    D: Any = critic
    assert loss(D, real, fake).item() == pytest.approx(-3 + 40)
    lighter = wgan_gp(width=2, weight=1).objective.discriminator_loss
    assert lighter(D, real, fake).item() == pytest.approx(-3 + 4)


def test_settings_of_the_paper() -> None:
    gan = wgan_gp(width=2)
    for optimizer in gan.optimizers(*build(gan)):
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (1e-4, (0.0, 0.9))
    assert (gan.defaults.generator_every, gan.objective.scores) == (5, "wasserstein")
