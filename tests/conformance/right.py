"""Right plugins that look like mistakes: check-plugin must find nothing in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.augment import Adaptive
from ganzoo.objectives import (
    gradient_penalty,
    hinge,
    least_squares,
    non_saturating,
    penalised,
    r1,
    wasserstein,
)
from ganzoo.optimizers import rmsprop
from ganzoo.schedules import cosine, linear, warm_up
from tests.conformance.small import SIDE, WIDE, discriminator, gan, generator, within

Plugin = Callable[[], Architecture]
RIGHT: list[str] = []


def right(plugin: Plugin) -> Plugin:
    """Enter a plugin into the table."""
    RIGHT.append(plugin.__name__)
    return plugin


class Frozen(nn.Sequential):
    """Feature layers that are not trained, and stay in evaluation mode."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1))
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> Frozen:
        return super().train(False)


def frozen() -> nn.Module:
    return nn.Sequential(Frozen(), discriminator())


@right
def frozen_features_in_the_optimizer() -> Architecture:
    """Frozen feature layers in D, with a batch norm, under a penalty; the optimizer gets all."""
    return gan(discriminator=frozen, objective=penalised(hinge(), r1(1)))


@right
def frozen_features_left_out() -> Architecture:
    """Frozen feature layers in D, which its optimizer does not get."""

    def optimizers(G: nn.Module, D: nn.Module) -> Any:
        trained = [p for p in D.parameters() if p.requires_grad]
        return torch.optim.Adam(G.parameters(), 2e-3), torch.optim.Adam(trained, 2e-3)

    return gan(discriminator=frozen, optimizers=optimizers)


@right
def spectral_norm() -> Architecture:
    """Spectral norm in D, whose estimate is a buffer."""

    def build() -> nn.Module:
        norm = nn.utils.parametrizations.spectral_norm
        return nn.Sequential(
            norm(nn.Conv2d(1, 4, 3, 2, 1)), nn.LeakyReLU(0.2), nn.Flatten(),
            norm(nn.Linear(4 * 8 * 8, 1)), nn.Flatten(0),
        )  # fmt: skip

    return gan(discriminator=build, objective=hinge())


@right
def dropout() -> Architecture:
    """Dropout in both networks."""
    return gan(
        generator=lambda: generator(nn.Dropout(0.5)),
        discriminator=lambda: discriminator(nn.Dropout2d(0.3)),
    )


@right
def noise_in_training_only() -> Architecture:
    """Noise in the generator, in training mode."""
    return within(lambda layer, x: x + 0.1 * torch.randn_like(x) if layer.training else x)


@right
def instance_norm() -> Architecture:
    """Instance norm in D, under a penalty."""
    return gan(
        discriminator=lambda: discriminator(nn.InstanceNorm2d(4, affine=True)),
        objective=penalised(non_saturating(), gradient_penalty(1)),
    )


@right
def clipped_critic() -> Architecture:
    """A critic whose weights are clipped, trained more often than the generator."""

    def clip(D: nn.Module) -> None:
        with torch.no_grad():
            for parameter in D.parameters():
                parameter.clamp_(-0.05, 0.05)

    return gan(
        objective=wasserstein(),
        optimizers=rmsprop(1e-3),
        after_discriminator_step=clip,
        defaults=TrainConfig(discriminator_steps=2),
    )


@right
def critic_of_probabilities() -> Architecture:
    """Least squares of scores from 0 to 1, which are no logits."""
    return gan(discriminator=lambda: discriminator(last=(nn.Sigmoid(),)), objective=least_squares())


@right
def schedules() -> Architecture:
    """R3GAN's: everything changes in the course of a run."""
    return gan(
        objective=penalised(non_saturating(), r1("gamma")),
        schedules={
            "learning_rate": warm_up(100, then=cosine(1, 0.1)),
            "beta2": linear(0.9, 0.99),
            "gamma": cosine(2, 0.2),
            "ema": lambda seen, total: max(seen, 64) / 2,
        },
        defaults=TrainConfig(ema=1000),
    )


@right
def lazy_penalties() -> Architecture:
    """R1 at every third update."""
    return gan(objective=penalised(non_saturating(), r1(1), every=3))


@right
def augmentation() -> Architecture:
    """ADA, whose probability is a buffer that changes."""
    return gan(augment=Adaptive)


class Excited(nn.Module):
    """Squeeze and excitation: features are weighed by a Sigmoid (Hu et al., CVPR 2018)."""

    def __init__(self, wide: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.Linear(wide, 3), nn.ReLU(), nn.Linear(3, wide), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.weigh(x)
        return y


@right
def sigmoid_inside() -> Architecture:
    """A Sigmoid in a hidden layer of the generator."""
    return gan(generator=lambda: generator(Excited(WIDE)))


@right
def from_0_to_1() -> Architecture:
    """Images from 0 to 1, and an image_range that says so."""
    return gan(
        generator=lambda: nn.Sequential(*list(generator().children())[:-1], nn.Sigmoid()),
        image_range=(0.0, 1.0),
    )


class Rounded(torch.autograd.Function):
    """Rounding with a gradient of its own (Bengio, Léonard & Courville, 2013)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return (4 * x).round() / 4

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


@right
def gradient_of_its_own() -> Architecture:
    """A custom autograd function."""
    return within(lambda layer, x: x + Rounded.apply(x))  # type: ignore[no-untyped-call]


class Learnt(nn.Module):
    """A learnt start for each image, moved by its latent."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, WIDE))

    def forward(self, x: Tensor) -> Tensor:
        return self.start.expand(x.shape[0], -1) + x


@right
def learnt_start() -> Architecture:
    """The size of the batch, as torch's functions take it."""
    return gan(generator=lambda: generator(Learnt()))


@right
def gate_that_begins_shut() -> Architecture:
    """A last layer of D and a part of the generator that begin as 0."""

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rest = generator()
            self.gate = nn.Parameter(torch.zeros(()))

        def forward(self, z: Tensor) -> Tensor:
            half = torch.cat([z[:, :4], self.gate * z[:, 4:]], 1)
            images: Tensor = self.rest(half)
            return images

    def last_at_0() -> nn.Module:
        D = discriminator()
        nn.init.zeros_(list(D.parameters())[-2])
        nn.init.zeros_(list(D.parameters())[-1])
        return D

    return gan(generator=Gated, discriminator=last_at_0)


class Spread(nn.Module):
    """The spread of a batch as one more feature (Karras et al., ICLR 2018)."""

    def forward(self, x: Tensor) -> Tensor:
        spread = (x.var(0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([x, spread.expand(x.shape[0], 1)], 1)


@right
def spread_of_the_batch() -> Architecture:
    """A score that depends on the whole batch, under R1, as ProGAN and StyleGAN2 have it."""

    def build() -> nn.Module:
        side = SIDE * SIDE
        return nn.Sequential(nn.Flatten(), Spread(), nn.Linear(side + 1, 1), nn.Flatten(0))

    return gan(discriminator=build, objective=penalised(non_saturating(), r1(1), every=2))
