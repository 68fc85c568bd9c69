"""`r1gan`: its layers counted by hand, its sizes, labels, and how its weights begin."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import pytest
import torch
from ganzoo_plugins.r1gan import conv, r1gan, up
from torch import nn
from torch.nn import functional as F

from ganzoo.train.networks import build, count_parameters

SIZES = (28, 32, 48, 64, 96, 128, 256)


def numbers(network: nn.Module) -> int:
    return count_parameters(network)


def convolution(wide_in: int, wide_out: int, kernel: int = 3) -> int:
    return wide_in * wide_out * kernel**2 + wide_out


def residual(width: int) -> int:
    return 2 * convolution(width, width)


def test_layers_and_parameters_at_28_pixels() -> None:
    generator, discriminator = build(r1gan())
    assert numbers(generator) == (
        (64 * 64 * 49 + 64 * 49) + residual(64)
        + convolution(64, 32, 4) + residual(32) + convolution(32, 16, 4) + convolution(16, 1)
    )  # fmt: skip
    assert numbers(discriminator) == (
        convolution(1, 32, 4) + convolution(32, 64, 4) + residual(64)
        + convolution(64, 128) + (128 * 16 * 128 + 128) + (128 + 1)
    )  # fmt: skip
    assert (numbers(generator), numbers(discriminator)) == (337_345, 443_489)


def test_a_label_is_32_numbers_beside_z_and_a_projection() -> None:
    plain, labelled = build(r1gan()), build(r1gan(classes=10))
    more = [numbers(a) - numbers(b) for a, b in zip(labelled, plain, strict=True)]
    assert more == [10 * 32 + 32 * 64 * 49, 10 * 128]
    assert r1gan(classes=10, conditional=False).classes == 0
    discriminator: Any = labelled[1]
    images, labels = torch.randn(5, 1, 28, 28), torch.arange(5)
    with torch.no_grad():
        features = discriminator.features(images)
        scores = discriminator(images, labels)
        projected = (features * discriminator.label.weight[:5]).sum(1) / math.sqrt(128)
    torch.testing.assert_close(scores, discriminator.score(features)[:, 0] + projected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int, channels: int) -> None:
    gan = r1gan(size=size, channels=channels, width=2)  # type: ignore[arg-type]
    generator, _ = build(gan)  # it checks the shapes
    assert gan.image_shape == (channels, size, size)
    features = [module for module in generator.modules() if isinstance(module, nn.ConvTranspose2d)]
    base = next(m for m in generator.modules() if isinstance(m, nn.Unflatten)).unflattened_size[1]
    assert int(base) * 2 ** len(features) == size


def test_the_length_of_z_does_not_matter() -> None:
    generator, _ = build(r1gan(width=2))
    z = torch.randn(4, 64)
    torch.testing.assert_close(generator.eval()(z), generator(3 * z))


def test_an_up_layer_begins_as_repeated_pixels_and_a_convolution() -> None:
    torch.manual_seed(0)
    layer = up(4, 3)
    torch.manual_seed(0)
    nn.ConvTranspose2d(4, 3, 4)
    plain = conv(4, 3)
    x = torch.randn(2, 4, 7, 7)
    torch.testing.assert_close(layer(x), plain(F.interpolate(x, scale_factor=2.0)))


def test_its_weights_keep_the_variance() -> None:
    generator, _ = build(r1gan(width=32), seed=1)
    seen: list[float] = []

    def note(module: nn.Module, _: object, output: torch.Tensor) -> None:
        seen.append(output.std().item())

    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(note)
    with torch.no_grad():
        generator(torch.randn(64, 64))
    assert all(0.3 < std < 3 for std in seen), seen


@pytest.mark.parametrize(("size", "weight"), [(28, 0.5), (48, 0.5 * 48 * 48 / 28 / 28)])
def test_its_penalty_is_added_to_every_eighth_update(size: int, weight: float) -> None:
    gan = r1gan(size=size, width=2, gamma=0.5)  # type: ignore[arg-type]
    _, discriminator = build(gan)
    real, fake = torch.randn(3, 1, size, size), torch.randn(3, 1, size, size)

    class Asked:
        update = 0
        scheduled: ClassVar[dict[str, float]] = {}

        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = discriminator(images)
            return scores

    def loss(update: int) -> float:
        D: Any = Asked()
        D.update = update
        return gan.objective.discriminator_loss(D, real, fake).item()

    plain = (F.softplus(-discriminator(real)) + F.softplus(discriminator(fake))).mean().item()
    x = real.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x)
    penalty = weight / 2 * gradient.square().sum((1, 2, 3)).mean().item()
    expected = [plain + 8 * penalty * (update % 8 == 0) for update in range(17)]
    assert [loss(update) for update in range(17)] == pytest.approx(expected, rel=1e-5)


def test_its_settings() -> None:
    gan = r1gan()
    optimizers = gan.optimizers(*build(gan))
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    assert [(group["lr"], group["betas"]) for group in groups] == [(6e-4, (0.0, 0.99))] * 2
    assert (gan.defaults.batch_size, gan.defaults.ema, gan.defaults.ema_growth) == (64, 20_000, 0.1)
