"""`fastgan`: its layers counted and computed by hand, its gates, decoders, losses and settings."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch
from ganzoo_plugins.fastgan import Down, Excited, Gate, Noise, fastgan, up
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.architecture import Objective
from ganzoo.train.networks import build, count_parameters

SIZES = {48: (3, 4), 64: (4, 4), 96: (3, 5), 128: (4, 5), 256: (4, 6)}
"""By size, the pixels of the smallest features, and how often they are doubled."""


def gated(wide_in: int, wide_out: int) -> int:
    return wide_in * 2 * wide_out * 9 + 2 * 2 * wide_out


def doubled(wide_in: int, wide_out: int, noisy: bool = False) -> int:
    more = gated(wide_out, wide_out) + 2 if noisy else 0
    return gated(wide_in, wide_out) + more


def gate(wide_low: int, wide_high: int, base: int) -> int:
    return wide_low * wide_high * base**2 + wide_high**2


def halved(wide_in: int, wide_out: int) -> int:
    return (16 * wide_in + 9 * wide_out + wide_in) * wide_out + 3 * 2 * wide_out


def decoder(*widths: int) -> int:
    return sum(map(doubled, widths, widths[1:])) + widths[-1] * 3 * 9


def test_layers_and_parameters_at_96_pixels() -> None:
    generator, discriminator = build(fastgan())
    assert count_parameters(generator) == (
        256 * 512 * 9 + 2 * 512  # 3 pixels, 256 channels behind the gate
        + doubled(256, 128, noisy=True) + doubled(128, 64) + doubled(64, 32, noisy=True)
        + doubled(32, 32) + doubled(32, 16, noisy=True)
        + gate(256, 32, 3) + gate(128, 16, 3) + 16 * 3 * 9
    )  # fmt: skip
    assert count_parameters(discriminator) == (
        3 * 8 * 9 + halved(8, 16) + halved(16, 32) + halved(32, 64) + halved(64, 128)
        + gate(8, 64, 3) + gate(16, 128, 3)
        + (128 * 256 + 2 * 256) + 256 * 9
        + decoder(128, 32, 16, 16) + decoder(64, 32, 16, 16)
    )  # fmt: skip
    assert (count_parameters(generator), count_parameters(discriminator)) == (2_396_086, 601_176)


def test_at_256_pixels_it_is_as_wide_as_the_authors_make_it() -> None:
    generator, discriminator = build(fastgan(size=256, width=64, latent_dim=100))
    ups = [1024, 512, 256, 128, 128, 64, 32]
    assert count_parameters(generator) == (
        100 * 2048 * 16 + 2 * 2048
        + sum(doubled(ups[n], ups[n + 1], noisy=n % 2 == 0) for n in range(6))
        + gate(1024, 128, 4) + gate(512, 64, 4) + gate(256, 32, 4) + 32 * 3 * 9
    )  # fmt: skip
    assert count_parameters(discriminator) == (
        3 * 16 * 9 + sum(map(halved, (16, 32, 64, 128, 256), (32, 64, 128, 256, 512)))
        + gate(16, 128, 4) + gate(32, 256, 4) + gate(64, 512, 4)
        + (512 * 1024 + 2 * 1024) + 1024 * 16
        + decoder(512, 128, 64, 64, 32) + decoder(256, 128, 64, 64, 32)
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int, channels: int) -> None:
    gan = fastgan(size=size, channels=channels, width=2, latent_dim=8)  # type: ignore[arg-type]
    generator, discriminator = build(gan)  # it checks the shapes
    networks: tuple[Any, Any] = generator.eval(), discriminator.eval()
    assert gan.image_shape == (channels, size, size)
    base, doublings = SIZES[size]
    with torch.no_grad():
        grown = networks[0].features(networks[0].first(torch.randn(2, 8)))
        images = torch.randn(2, channels, size, size)
        shrunk = networks[1].features(networks[1].first(images))
        parts = networks[1](images, torch.zeros(0))
        half = networks[1].whole(shrunk[-1]), networks[1].quarter(shrunk[-2][:, :, ::2, ::2])
    sizes = [base * 2**level for level in range(doublings + 1)]
    assert [features.shape[2] for features in grown] == sizes
    assert [features.shape[2] for features in shrunk] == sizes[:0:-1]
    assert parts.shape == (2, (base + 1) ** 2)
    assert [drawn.shape for drawn in half] == [(2, channels, size // 2, size // 2)] * 2
    gates = [[g[1].in_channels for g in network.features.gates] for network in networks]
    spans = [[g[1].out_channels for g in network.features.gates] for network in networks]
    assert gates == [[16 * 2, 8 * 2, 4 * 2][: doublings - 3], [*map(wide, shrunk)][: doublings - 3]]
    assert spans == [[*map(wide, grown)][4:], [*map(wide, shrunk)][3:]]
    assert all(g[0].size == base for n in networks for g in n.features.gates)


def wide(features: Tensor) -> int:
    return features.shape[1]


def test_noise_is_in_every_second_block_from_the_first_on() -> None:
    generator: Any = build(fastgan(size=256, width=2))[0]
    sizes = [
        [m.constant.shape[2] for m in b if type(m) is Noise] for b in generator.features.blocks
    ]
    assert sizes == [[8, 8], [], [32, 32], [], [128, 128], []]


def test_a_gate_is_a_gated_linear_unit() -> None:
    x = torch.randn(3, 10, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(Gate()(x), F.glu(x, 1))


def test_noise_is_new_in_training_and_the_same_in_images() -> None:
    torch.manual_seed(0)
    layer, x = Noise(6), torch.randn(4, 3, 6, 6)
    torch.testing.assert_close(layer(x), x)  # at first there is none
    with torch.no_grad():
        layer.strength.fill_(0.5)
        added, again = layer(x) - x, layer(x) - x
        assert (added - again).abs().max() > 0.1
        torch.testing.assert_close(added, added[:, :1].expand_as(x))  # one number for all channels
        assert (added[0] - added[1]).abs().max() > 0.1  # and another for each image
        large = Noise(200)
        large.strength.fill_(0.5)
        assert (large(torch.zeros(1, 1, 200, 200)).std() - 0.5).abs() < 0.01
        layer.eval()
        torch.testing.assert_close(layer(x), x + 0.5 * layer.constant)
    assert layer(x.bfloat16()).isfinite().all()


def test_what_noise_adds_in_training_keeps_bfloat16() -> None:
    assert Noise(6)(torch.randn(2, 3, 6, 6).bfloat16()).dtype == torch.bfloat16


def test_images_are_the_same_each_time_and_change_with_the_constant_noise() -> None:
    generator, _ = build(fastgan(size=48, width=2, latent_dim=8))
    generator.eval()
    z = torch.randn(3, 8)
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, Noise):
                module.strength.fill_(1.0)
        images = generator(z)
        torch.testing.assert_close(generator(z), images, rtol=0, atol=0)
        for module in generator.modules():
            if isinstance(module, Noise):
                module.constant.zero_()
        assert not torch.equal(generator(z), images)


def weights(module: nn.Module) -> list[Tensor]:
    """The weights (o, i, k, k) of the convolutions, as they are used."""
    return [conv.weight for conv in module.modules() if isinstance(conv, nn.Conv2d)]


def scaled(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    """A batch norm in training, by hand."""
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    scale = layer.weight / (variance + 1e-5).sqrt()
    return (x - mean[:, None, None]) * scale[:, None, None] + layer.bias[:, None, None]


def norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]


def still(module: nn.Module) -> nn.Module:
    """The module with spectral norms that do not move, but batch norms in training."""
    module.eval()
    for layer in norms(module):
        layer.train()
    return module


@pytest.mark.parametrize("noisy", [0, 8])
def test_a_block_up_by_hand(noisy: int) -> None:
    torch.manual_seed(0)
    block, x = still(up(5, 3, noisy)), torch.randn(2, 5, 4, 4)
    noises = [module for module in block.modules() if isinstance(module, Noise)]
    expected = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    with torch.no_grad():
        for noise in noises:
            noise.strength.fill_(0.3)
        found = block(x)
        assert len(weights(block)) == (2 if noisy else 1)
        for number, weight in enumerate(weights(block)):
            expected = F.conv2d(expected, weight, padding=1)
            if noisy:
                expected = expected + 0.3 * noises[number].constant
            expected = scaled(expected, norms(block)[number])
            expected = expected[:, :3] / (1 + (-expected[:, 3:]).exp())
    torch.testing.assert_close(found, expected)


def test_a_block_down_by_hand() -> None:
    torch.manual_seed(0)
    block, x = still(Down(3, 4)), torch.randn(2, 3, 8, 8)

    def leaky(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
        x = scaled(x, layer)
        return torch.where(x > 0, x, 0.2 * x)

    with torch.no_grad():
        found = block(x)
        (one, two, three), (first, second, third) = weights(block), norms(block)
        main = leaky(F.conv2d(leaky(F.conv2d(x, one, None, 2, 1), first), two, padding=1), second)
        mean = (
            x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
        ) / 4
        direct = leaky(torch.einsum("nihw,oi->nohw", mean, three[:, :, 0, 0]), third)
    torch.testing.assert_close(found, (main + direct) / 2)


def test_features_gate_those_some_blocks_later() -> None:
    torch.manual_seed(0)
    blocks: list[nn.Module] = [nn.Conv2d(w, w + 1, 1) for w in (2, 3, 4)]
    network, x = Excited(blocks, [2, 3, 4, 5], 2, base=3).eval(), torch.randn(2, 2, 6, 6)
    with torch.no_grad():
        found = network(x)
        expected, factors = [x], list[Tensor]()
        for number, block in enumerate(blocks):
            expected.append(block(expected[-1]))
            if number:
                first, second = weights(network.gates[number - 1])
                small = expected[number - 1].reshape(2, -1, 3, 2, 3, 2).mean((3, 5))
                hidden = torch.einsum("nihw,oihw->no", small, first)
                hidden = hidden / (1 + (-hidden).exp()) @ second[:, :, 0, 0].T
                factors.append(1 / (1 + (-hidden).exp()))
                expected[-1] = expected[-1] * factors[-1][:, :, None, None]
    assert len(factors) == len(network.gates) == 2
    assert all(factor.std() > 1e-3 for factor in factors)
    torch.testing.assert_close(found, expected)


def test_a_score_is_the_mean_over_the_parts() -> None:
    _, discriminator = build(fastgan(size=64, width=2))
    images = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        scores, parts = discriminator(images), discriminator(images, torch.zeros(0))
    torch.testing.assert_close(scores, parts.mean(1))
    assert parts.std(1).min() > 0


def test_decoders_wait_where_no_error_is_asked_for() -> None:
    discriminator: Any = build(fastgan(size=48, width=2))[1].train()
    images = torch.randn(3, 3, 48, 48)
    for error, batches in ((None, 0), (torch.zeros(0), 0), (torch.zeros(1), 1)):
        discriminator(images, error)
        for decoder in (discriminator.whole, discriminator.quarter):
            assert all(layer.num_batches_tracked == batches for layer in norms(decoder))


def test_no_layer_is_without_a_channel() -> None:
    generator, discriminator = build(fastgan(size=256, width=1, latent_dim=1))
    networks: tuple[Any, Any] = generator, discriminator
    assert (networks[0].image[0].in_channels, networks[1].first[0].out_channels) == (1, 1)


def test_the_decoders_redraw_the_image_at_half_its_size_and_a_quarter_of_it() -> None:
    discriminator: Any = build(fastgan(size=64, width=2))[1].eval()
    images, found, expected = torch.randn(3, 3, 64, 64), set[float](), dict[float, str]()
    with torch.no_grad():
        *_, before, last = discriminator.features(discriminator.first(images))
        small = images.reshape(3, 3, 32, 2, 32, 2).mean((3, 5))
        whole = (discriminator.whole(last) - small).abs().mean().item()
        for name, (y, x) in {"a": (0, 0), "b": (0, 1), "c": (1, 0), "d": (1, 1)}.items():
            seen = before[:, :, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
            part = images[:, :, 32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
            more = (discriminator.quarter(seen) - part).abs().mean().item()
            expected[round(1 + whole + more, 5)] = name
        for seed in range(30):
            torch.manual_seed(seed)
            error = torch.ones(1)
            discriminator(images, error)
            found.add(round(error.item(), 5))
    assert len(expected) == 4
    assert found == set(expected)


def test_gradients_of_the_error_reach_both_decoders_and_what_they_see() -> None:
    discriminator: Any = build(fastgan(size=48, width=2))[1]
    error = torch.zeros(1)
    discriminator(torch.randn(4, 3, 48, 48), error)
    error.sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in discriminator.named_parameters():
        assert (parameter.grad is None) == name.startswith("score."), name


class Told:
    """A discriminator that says what it was told to, and is wrong by 3 in what it redraws."""

    def __init__(self, real: Tensor, fake: Tensor) -> None:
        self.real, self.fake = real, fake
        self.asked = list[str]()

    def __call__(self, images: Tensor, error: Tensor | None = None) -> Tensor:
        which = "real" if images.mean() > 0 else "fake"
        self.asked.append(f"{which} {None if error is None else len(error)}")
        if error is not None and len(error):
            error.add_(3.0)
        scores: Tensor = getattr(self, which)
        return scores.mean(1) if error is None else scores


def of(objective: Objective, real: list[list[float]], fake: list[list[float]]) -> Any:
    D: Any = Told(torch.tensor(real), torch.tensor(fake))
    images = torch.ones(2, 3, 4, 4)
    loss = objective.discriminator_loss(D, images, -images).item()
    assert D.asked == ["real 1", "fake 0"]  # only real images are redrawn
    return loss


def test_losses() -> None:
    objective = fastgan(redraw=8.0).objective
    sure, wrong = [[1.0, 5.0], [2.0, 1.0]], [[-1.0, -4.0], [-1.0, -9.0]]
    assert of(objective, sure, wrong) == pytest.approx(8 * 3)  # beyond the margins
    plain = fastgan(redraw=0.0).objective
    # Each part counts for itself: one that is beyond its margin does not make up for another.
    torch.manual_seed(1)
    margins = 0.8 + 0.2 * torch.rand(2, 2)
    expected = (margins[0, 0] + margins[0, 1] + 2 + margins[1, 0]) / 4
    torch.manual_seed(1)
    assert of(plain, [[0.0, -2.0], [0.0, 9.0]], wrong) == pytest.approx(expected.item())
    torch.manual_seed(2)
    _, margins = torch.rand(2, 2), 0.8 + 0.2 * torch.rand(2, 2)
    expected = (margins[0, 0] + 0.5 + margins[1, 1] - 0.25) / 4
    torch.manual_seed(2)
    assert of(plain, sure, [[0.5, -3.0], [-7.0, -0.25]]) == pytest.approx(expected.item())
    D: Any = Told(torch.zeros(2, 2), torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    images = torch.ones(2, 3, 4, 4)
    assert plain.generator_loss(D, images, -images).item() == -3
    assert D.asked == ["fake None"]


def test_margins_are_between_four_fifths_and_one() -> None:
    plain, zeros = fastgan(redraw=0.0).objective, [[0.0] * 50] * 2
    found = [of(plain, [[x] * 50] * 2, [[-9.0] * 50] * 2) for x in (0.75, 0.85, 0.95, 1.0)]
    assert all(before > after for before, after in pairwise(found))
    assert found[0] > 0.05
    assert found[3] == 0
    sums = [of(plain, zeros, zeros) for _ in range(20)]
    assert 1.75 < min(sums) < max(sums) < 1.85
    assert len(set(sums)) == 20


def test_weights_begin_with_norms_near_one_and_layers_that_keep_lengths() -> None:
    networks = build(fastgan(width=16), seed=1)
    scales = torch.cat([layer.weight.detach() for n in networks for layer in norms(n)])
    assert abs(scales.mean() - 1) < 0.003
    assert abs(scales.std() - 0.02) < 0.002
    assert not any(layer.bias.any() for n in networks for layer in norms(n))
    assert not any(m.strength for m in networks[0].modules() if isinstance(m, Noise))
    layers = [m for n in networks for m in n.modules() if hasattr(m, "parametrizations")]
    convolutions = (nn.Conv2d, nn.ConvTranspose2d)
    assert len(layers) == sum(isinstance(m, convolutions) for n in networks for m in n.modules())
    for layer in layers:
        assert layer.bias is None
        turned = layer.weight if isinstance(layer, nn.Conv2d) else layer.weight.transpose(0, 1)
        assert torch.linalg.matrix_norm(turned.flatten(1), 2).item() == pytest.approx(1, abs=0.1)


def test_half_of_the_real_images_are_mirrored_and_nothing_is_cut_out() -> None:
    gan = fastgan()
    assert gan.augment is not None
    torch.manual_seed(0)
    augment: Any = gan.augment()
    images = torch.rand(64, 3, 8, 8) + 1
    shown = augment.of_real(images)
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(shown, images, strict=True)]
    assert 20 < sum(mirrored) < 44
    assert all(m or torch.equal(*pair) for m, *pair in zip(mirrored, shown, images, strict=True))
    assert (augment(images) == 0).float().mean() < 0.25  # what moves in, and no hole of a quarter
    assert not torch.equal(augment(images), augment(images))
    plain = fastgan(mirror=False)
    assert plain.augment is not None
    assert not hasattr(plain.augment(), "of_real")
    assert (plain.augment()(images) == 0).float().mean() < 0.25


def test_it_is_the_same_in_bfloat16_but_for_rounding() -> None:
    generator, discriminator = build(fastgan(size=48, width=8))
    z, found = torch.randn(8, 256), list[list[Tensor]]()
    for rounded in (False, True):
        networks, error = copy.deepcopy((generator, discriminator)), torch.zeros(1)
        for network in networks:
            network.train()
        torch.manual_seed(0)
        with torch.autocast("cpu", torch.bfloat16, enabled=rounded):
            images = networks[0](z).float()
            scores = networks[1](10 * images, error)
        (scores.float().mean() + error.sum()).backward()
        found.append([10 * images, scores.float(), error])
        assert all(p.grad is None or p.grad.isfinite().all() for p in networks[0].parameters())
    for exact, rounded_ in zip(*found, strict=True):
        spread = max(exact.std().item(), 0.1) if exact.numel() > 1 else 1.0
        assert (exact - rounded_).abs().mean() < 0.05 * spread


def test_its_settings() -> None:
    gan = fastgan()
    networks = build(gan)
    groups = [optimizer.param_groups[0] for optimizer in gan.optimizers(*networks)]
    assert [(group["lr"], group["betas"]) for group in groups] == [(2e-4, (0.5, 0.999))] * 2
    defaults = gan.defaults
    assert (defaults.batch_size, defaults.ema, defaults.shared_fakes) == (8, 5_545, True)
    assert pytest.approx(0.999, abs=1e-6) == 0.5 ** (8 / 5_545)  # that of a step, as the authors'
