"""`sngan`: its layers counted by hand, its sizes, and the norms of its critic's layers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ganzoo_plugins.sngan import Down, Score, conv, sngan
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.train.networks import build, count_parameters, describe_networks


def c3(wide_in: int, wide_out: int) -> int:
    return wide_in * wide_out * 9 + wide_out


def c1(wide_in: int, wide_out: int) -> int:
    return wide_in * wide_out + wide_out


def test_layers_and_parameters_at_28_pixels() -> None:
    generator, critic = build(sngan())
    up = 2 * 64 + c3(64, 64) + 2 * 64 + c3(64, 64) + c1(64, 64)
    first, middle = c3(1, 64) + c3(64, 64) + c1(1, 64), 2 * c3(64, 64) + c1(64, 64)
    assert count_parameters(generator) == (
        (128 * 64 * 49 + 64 * 49) + 2 * up + 2 * 64 + c3(64, 1)
    )  # 7, 14, 28 pixels
    assert count_parameters(critic) == first + middle + 2 * (2 * c3(64, 64)) + 64
    assert (count_parameters(generator), count_parameters(critic)) == (561_793, 263_488)


def test_from_48_pixels_on_channels_double() -> None:
    """The paper's networks for ImageNet: the size halves, and the channels double."""
    generator, critic = build(sngan(size=64, channels=3, width=4))

    def up(a: int, b: int) -> int:
        return 2 * a + c3(a, b) + 2 * b + c3(b, b) + c1(a, b)

    def middle(a: int, b: int) -> int:
        return c3(a, a) + c3(a, b) + c1(a, b)

    assert count_parameters(generator) == (
        (128 * 64 * 16 + 64 * 16) + up(64, 32) + up(32, 16) + up(16, 8) + up(8, 4) + 2 * 4
        + c3(4, 3)
    )  # fmt: skip
    assert count_parameters(critic) == (
        c3(3, 4) + c3(4, 4) + c1(3, 4) + middle(4, 8) + middle(8, 16) + middle(16, 32)
        + middle(32, 64) + 2 * c3(64, 64) + 64
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 48, 64, 96])
def test_sizes(size: int, channels: int) -> None:
    gan = sngan(size=size, channels=channels, width=2)  # type: ignore[arg-type]
    build(gan)  # it checks the shapes
    assert gan.image_shape == (channels, size, size)


def test_every_layer_of_the_critic_gets_the_norm_1() -> None:
    """Of the weights as a matrix (out, in · kernel), as the paper has it."""
    _, critic = build(sngan(width=4))
    images = torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        for _ in range(100):  # each call is a step of the power method
            critic(images)
    layers = [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3 + 3 + 2 + 2 + 1
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=0.02)


def test_a_block_of_the_critic_is_its_branch_and_its_shortcut() -> None:
    x = torch.randn(3, 4, 8, 8)
    first, middle, last = Down(4, 6, "first"), Down(4, 6, "middle"), Down(4, 4, "last")
    blocks = [block.eval() for block in (first, middle, last)]  # no step of the power method

    def layers(block: nn.Module) -> Any:
        return [m for m in block.modules() if isinstance(m, nn.Conv2d)]

    with torch.no_grad():
        a, b, s = layers(first)
        expected: list[Tensor] = [F.avg_pool2d(b(F.relu(a(x))), 2) + s(F.avg_pool2d(x, 2))]
        a, b, s = layers(middle)
        expected += [F.avg_pool2d(b(F.relu(a(F.relu(x)))), 2) + F.avg_pool2d(s(x), 2)]
        a, b = layers(last)
        expected += [b(F.relu(a(F.relu(x)))) + x]
        for block, wanted in zip(blocks, expected, strict=True):
            torch.testing.assert_close(block(x), wanted)


def test_a_score_is_of_the_sum_over_all_pixels() -> None:
    score: Any = Score(4).eval()
    x = torch.randn(3, 4, 5, 5)
    with torch.no_grad():
        expected = (x.clamp(min=0).sum((2, 3)) * score.linear.weight).sum(1)
        torch.testing.assert_close(score(x), expected)


def test_weights_begin_as_the_authors_draw_them() -> None:
    """Glorot's uniform bounds: sqrt(6 / (fan in + fan out)), times sqrt(2) in a branch."""
    weight = conv(32, 32).weight
    assert weight.abs().max().item() == pytest.approx(
        math.sqrt(2) * math.sqrt(6 / (2 * 32 * 9)), rel=0.01
    )


def test_a_layer_with_a_spectral_norm_is_described_as_the_layer_that_it_is() -> None:
    critic, layers = describe_networks(sngan(width=4))["discriminator"]
    assert sum(layer.parameters for layer in layers) == count_parameters(critic)
    assert {"Conv2d", "Linear", "ReLU"} < {layer.kind for layer in layers}
    described = "Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)) with SpectralNorm"
    assert (layers[0].described, layers[0].output_shape) == (described, (4, 28, 28))


def test_settings_of_the_paper() -> None:
    gan = sngan(width=2)
    generator, critic = build(gan)
    for optimizer in gan.optimizers(generator, critic):
        assert optimizer.defaults["lr"] == 2e-4
        assert optimizer.defaults["betas"] == (0.0, 0.9)
    assert (gan.defaults.generator_every, gan.defaults.batch_size) == (5, 64)
    D: Any = lambda images: images  # noqa: E731 - a critic
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.5])
    assert gan.objective.discriminator_loss(D, real, fake).item() == (0 + 0.5) / 2 + (0 + 1.5) / 2
    assert gan.objective.generator_loss(D, real, fake).item() == (3 - 0.5) / 2
