"""`r3gan`: its layers against plain sums, its loss and schedules by value, and its sizes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ganzoo_plugins.r3gan import Resample, Residual, r3gan
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.train.networks import build, count_parameters

SIZES = (28, 32, 48, 64, 96, 128, 256)


def residual(width: int, group: int = 16) -> int:
    wide = 2 * width
    return (width * wide + wide) + (wide * group * 9 + wide) + wide * width


def test_layers_and_parameters_at_28_pixels() -> None:
    generator, discriminator = build(r3gan())
    both = residual(96) + 96 * 48 + residual(48) + 48 * 16 + residual(16)
    assert count_parameters(generator) == 64 * 96 + 96 * 7 * 7 + both + 16 * 1
    assert count_parameters(discriminator) == 1 * 16 + both + 96 * 7 * 7 + 96
    assert (count_parameters(generator), count_parameters(discriminator)) == (110_064, 104_016)


def test_blocks_are_repeated_at_each_size() -> None:
    once, twice = (build(r3gan(blocks=blocks)) for blocks in (1, 2))
    more = [count_parameters(b) - count_parameters(a) for a, b in zip(once, twice, strict=True)]
    assert more == [residual(96) + residual(48) + residual(16)] * 2


def test_a_label_is_64_numbers_beside_z_and_96_that_are_looked_for() -> None:
    plain, labelled = build(r3gan()), build(r3gan(classes=10))
    pairs = zip(labelled, plain, strict=True)
    more = [count_parameters(a) - count_parameters(b) for a, b in pairs]
    assert more == [10 * 64 + 64 * 96, 10 * 96 + 96 * 96 - 96]
    assert r3gan(classes=10, conditional=False).classes == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int, channels: int) -> None:
    gan = r3gan(size=size, channels=channels, width=2)  # type: ignore[arg-type]
    generator, discriminator = build(gan)  # it checks the shapes
    assert gan.image_shape == (channels, size, size)
    doublings = {28: 2, 32: 3, 48: 3, 64: 4, 96: 4, 128: 5, 256: 6}[size]
    for network in (generator, discriminator):
        resamples = [module.up for module in network.modules() if isinstance(module, Resample)]
        assert resamples == [network is generator] * doublings
        basis: Any = network.basis
        assert basis.shape[1:] == (size >> doublings, size >> doublings)


def test_channels_at_each_size() -> None:
    pair = build(r3gan(size=96, width=2))
    widths = [[branch[0].in_channels for branch in branches(network)] for network in pair]
    assert widths == [[12, 12, 12, 6, 2], [2, 6, 12, 12, 12]]
    generator: Any = pair[0]
    convs = [m for m in generator.network if isinstance(m, nn.Conv2d)]
    assert [(m.in_channels, m.out_channels) for m in convs] == [(12, 6), (6, 2), (2, 1)]


def branches(network: nn.Module) -> list[Any]:
    return [module.branch for module in network.modules() if isinstance(module, Residual)]


def test_there_is_no_norm() -> None:
    kinds = {type(module).__name__ for network in build(r3gan()) for module in network.modules()}
    assert not {kind for kind in kinds if "Norm" in kind}


# Layers.


def doubled(line: Tensor) -> Tensor:
    """Put two pixels in place of each, three quarters of it and one of its neighbour's."""
    before = torch.cat([torch.zeros(1), line[:-1]])
    after = torch.cat([line[1:], torch.zeros(1)])
    return torch.stack([0.75 * line + 0.25 * before, 0.75 * line + 0.25 * after], 1).flatten()


def halved(line: Tensor) -> Tensor:
    """Put one pixel in place of two: the sum of four, by eighths 1-3-3-1."""
    padded = [0.0, *line.tolist(), 0.0]
    at = range(0, len(line), 2)
    return torch.tensor(
        [sum(w * padded[i + k] for k, w in enumerate((1, 3, 3, 1))) / 8 for i in at]
    )


@pytest.mark.parametrize("width", [3, 8, 12, 16])
@pytest.mark.parametrize("up", [True, False])
def test_resampling_by_hand(width: int, up: bool) -> None:
    x, change = torch.randn(2, width, 6, 4), doubled if up else halved
    rows = torch.stack([change(row) for row in x.reshape(-1, 4)])
    columns = rows.reshape(2, width, 6, -1).transpose(2, 3)
    both = torch.stack([change(column) for column in columns.reshape(-1, 6)])
    expected = both.reshape(2, width, columns.shape[2], -1).transpose(2, 3)
    layer = Resample(width, up=up)
    torch.testing.assert_close(layer(x), expected)
    assert count_parameters(layer) == 0
    assert torch.equal(layer.kernel.bfloat16().float(), layer.kernel)  # bfloat16 takes nothing away


def test_a_residual_block_by_hand() -> None:
    block = Residual(16, blocks=3)
    x = torch.randn(2, 16, 5, 5)
    with torch.no_grad():
        assert torch.equal(block(x), x)  # f begins as 0
        for parameter in block.parameters():
            nn.init.normal_(parameter, 0.0, 0.2)
        branch: Any = block.branch
        a, leaky_a, b, leaky_b, c = branch
        assert leaky_a(torch.tensor([-1.0, 2.0])).tolist() == pytest.approx([-0.2, 2.0])
        assert leaky_b is leaky_a or leaky_b(torch.tensor(-1.0)) == pytest.approx(-0.2)
        wide = torch.einsum("oi,nihw->nohw", a.weight[:, :, 0, 0], x) + a.bias[:, None, None]
        wide = torch.where(wide > 0, wide, 0.2 * wide)
        halves = zip(wide.chunk(2, 1), b.weight.chunk(2), b.bias.chunk(2), strict=True)
        mixed = torch.cat([F.conv2d(h, weight, bias, padding=1) for h, weight, bias in halves], 1)
        mixed = torch.where(mixed > 0, mixed, 0.2 * mixed)
        expected = x + torch.einsum("oi,nihw->nohw", c.weight[:, :, 0, 0], mixed)
        torch.testing.assert_close(block(x), expected)


def test_how_weights_begin() -> None:
    generator, discriminator = build(r3gan(width=32, classes=50, blocks=2), seed=1)
    gain = math.sqrt(2 / 1.04) * 6**-0.25  # of two blocks at three sizes
    for network in (generator, discriminator):
        for a, _, b, _, c in branches(network):
            assert a.weight.std().item() == pytest.approx(gain / math.sqrt(a.in_channels), rel=0.05)
            assert b.weight.std().item() == pytest.approx(gain / math.sqrt(16 * 9), rel=0.03)
            assert not a.bias.any()
            assert not b.bias.any()
            assert not c.weight.any()
            assert c.bias is None
    G: Any = generator
    D: Any = discriminator
    expected = {
        G.strength.weight: 1 / math.sqrt(128),  # of 64 numbers of z and 64 of the label
        G.basis: 1.0,
        G.label.weight: 1 / math.sqrt(50),
        D.basis: 1 / 7,
        D.weight: 1 / math.sqrt(192),
        D.label.weight: 1 / math.sqrt(50 * 192),
    }
    for weight, std in expected.items():
        assert weight.std().item() == pytest.approx(std, rel=0.05)
        assert abs(weight.mean().item()) < 0.1 * std
    changes = [m for m in G.network if isinstance(m, nn.Conv2d)]
    for conv in [*changes[:-1], *(m for m in D.network[1:] if isinstance(m, nn.Conv2d))]:
        assert conv.bias is None
        expected_std = 1 / math.sqrt(conv.in_channels)
        assert conv.weight.std().item() == pytest.approx(expected_std, rel=0.1)
    plain: Any = build(r3gan(width=32), seed=1)[1]
    assert plain.weight.std().item() == pytest.approx(1 / math.sqrt(192), rel=0.15)


def test_the_images_are_of_a_scaled_basis_and_bounded_outside_of_training() -> None:
    network: Any = build(r3gan(width=4, classes=3), seed=2)[0]
    z, labels = torch.randn(5, 64), torch.tensor([0, 1, 2, 2, 0])
    with torch.no_grad():
        network.network[-1].weight.mul_(20)
        taken = torch.cat([z, network.label.weight[labels]], 1)
        strength = taken @ network.strength.weight.T
        expected = network.network(torch.einsum("nc,chw->nchw", strength, network.basis))
        assert expected.abs().max() > 1
        torch.testing.assert_close(network.train()(z, labels), expected)
        torch.testing.assert_close(network.eval()(z, labels), expected.clamp(-1, 1))


@pytest.mark.parametrize("classes", [0, 10])
def test_a_score_is_a_weighted_sum_in_full_precision(classes: int) -> None:
    network: Any = build(r3gan(width=4, classes=classes))[1]
    images, labels = torch.randn(5, 1, 28, 28), torch.arange(5)
    given = (images, labels) if classes else (images,)
    with torch.no_grad():
        features = torch.einsum("nchw,chw->nc", network.network(images), network.basis)
        if classes:  # the product with the label comes last, as in the paper
            expected = ((features @ network.weight.T) * network.label.weight[:5]).sum(1)
        else:
            expected = features @ network.weight
        torch.testing.assert_close(network(*given), expected)
        network.basis.fill_(3.0)  # scores that bfloat16 could not tell apart
        network.weight.fill_(100.0)
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(*given)
            plain = network.network(images).float().sum((1, 2, 3))
    assert scores.dtype == torch.float32
    if not classes:
        torch.testing.assert_close(scores, 300 * plain)


# The training.


class Asked:
    """A D as a loss gets it."""

    def __init__(self, network: nn.Module, update: int, gamma: float) -> None:
        self.network, self.update, self.scheduled = network, update, {"gamma": gamma}

    def __call__(self, images: Tensor) -> Tensor:
        scores: Tensor = self.network(images)
        return scores


def squared_gradients(network: nn.Module, images: Tensor) -> float:
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    return gradient.square().sum((1, 2, 3)).mean().item()


@pytest.mark.parametrize("every", [1, 4])
def test_its_losses(every: int) -> None:
    gan = r3gan(width=2, penalty_every=every)
    _, network = build(gan)
    with torch.no_grad():  # it begins as a linear function, of the same gradient everywhere
        for branch in branches(network):
            nn.init.normal_(branch[-1].weight)
    real, fake = torch.randn(3, 1, 28, 28), 3 + torch.randn(3, 1, 28, 28)
    apart = (network(real) - network(fake)).detach()
    penalty = 500 / 2 * (squared_gradients(network, real) + squared_gradients(network, fake))
    assert penalty > 0.1

    def losses(update: int) -> tuple[float, float]:
        D: Any = Asked(network, update, 500.0)
        objective = gan.objective
        ours = objective.discriminator_loss(D, real, fake), objective.generator_loss(D, real, fake)
        return ours[0].item(), ours[1].item()

    for update in range(9):
        weight = every * (update % every == 0)
        of_d = torch.log1p(torch.exp(-apart)).mean().item() + weight * penalty
        of_g = torch.log1p(torch.exp(apart)).mean().item()
        assert losses(update) == pytest.approx((of_d, of_g), rel=1e-4)
    assert gan.objective.scores == "critic"


def test_it_penalises_every_fourth_update_unless_told_otherwise() -> None:
    gan = r3gan(width=2)
    _, network = build(gan)
    real, fake = torch.randn(2, 1, 28, 28), torch.randn(2, 1, 28, 28)
    losses = []
    for update in range(9):
        D: Any = Asked(network, update, 500.0)
        losses.append(gan.objective.discriminator_loss(D, real, fake).item())
    assert [loss > losses[1] + 0.1 for loss in losses] == [u % 4 == 0 for u in range(9)]


def test_its_schedules_are_one_cosine() -> None:
    schedules, total = r3gan(gamma=3.0, burn_in=0.4).schedules, 10**6
    assert set(schedules) == {"learning_rate", "beta2", "gamma", "ema"}
    at = {"start": 0, "middle": 200_000, "end": 400_000, "later": 900_000}
    values = {
        name: [schedules[name](seen, total) for seen in at.values()]
        for name in ("learning_rate", "beta2", "gamma")
    }
    assert values["learning_rate"] == pytest.approx([1, 0.625, 0.25, 0.25])
    assert values["beta2"] == pytest.approx([0.9, 0.945, 0.99, 0.99])
    assert values["gamma"] == pytest.approx([3, 1.65, 0.3, 0.3])
    average = schedules["ema"]
    assert [average(seen, total) for seen in at.values()] == pytest.approx([0, 1e4, 2e4, 2e4])
    # In a short run, and in the beginning of a long one, it is shorter.
    assert average(50_000, 50_000) == pytest.approx(5_000)
    assert average(10, 100_000) == pytest.approx(10_000 * (1 - math.cos(math.pi * 10 / 40_000)))


def test_its_penalties_grow_with_the_number_of_pixels() -> None:
    begins = [r3gan(size=size).schedules["gamma"](0, 100) for size in (28, 64, 256)]
    assert begins == pytest.approx([2, 2 * (64 / 28) ** 2, 2 * (256 / 28) ** 2])


def test_its_settings() -> None:
    gan = r3gan()
    groups = [optimizer.param_groups[0] for optimizer in gan.optimizers(*build(gan))]
    assert [(group["lr"], group["betas"]) for group in groups] == [(2.5e-3, (0.0, 0.9))] * 2
    assert (gan.defaults.batch_size, gan.defaults.ema) == (64, 20_000)
    assert gan.schedules["gamma"](0, 100) == pytest.approx(2)
    assert gan.schedules["gamma"](49, 100) > gan.schedules["gamma"](50, 100) == pytest.approx(0.2)
