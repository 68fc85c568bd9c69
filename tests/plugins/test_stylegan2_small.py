"""`stylegan2_small`: its layers and losses by hand, its sizes and labels, how it begins."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from ganzoo_plugins import stylegan2_small as module
from ganzoo_plugins.equalised import Conv, Dense, doubled, leaky, normalised
from ganzoo_plugins.stylegan2_small import (
    Discriminator,
    Generator,
    Modulated,
    Noise,
    Residual,
    deviation,
    path_length,
    stylegan2_small,
)
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.train.networks import build, count_parameters

SIZES = (28, 32, 48, 64, 96, 128, 256)
Array = NDArray[np.float64]


def dense(wide_in: int, wide_out: int) -> int:
    return wide_in * wide_out + wide_out


def convolution(wide_in: int, wide_out: int, kernel: int = 3) -> int:
    return wide_in * wide_out * kernel**2 + wide_out


def styled(wide_in: int, wide_out: int) -> int:
    """Style, weights, the noise's strength, and the bias."""
    return dense(64, wide_in) + wide_in * wide_out * 9 + 1 + wide_out


def to_image(wide_in: int, channels: int = 1) -> int:
    return dense(64, wide_in) + convolution(wide_in, channels, 1)


def residual(wide_in: int, wide_out: int) -> int:
    skip = wide_in * wide_out
    return convolution(wide_in, wide_in) + convolution(wide_in, wide_out) + skip


def test_layers_and_parameters_at_28_pixels() -> None:
    generator, discriminator = build(stylegan2_small())
    assert count_parameters(generator) == (
        2 * dense(64, 64) + 64 * 7 * 7 + styled(64, 64) + to_image(64)
        + styled(64, 32) + styled(32, 32) + to_image(32)
        + styled(32, 16) + styled(16, 16) + to_image(16)
    )  # fmt: skip
    assert count_parameters(discriminator) == (
        convolution(1, 16, 1) + residual(16, 32) + residual(32, 64)
        + convolution(64 + 1, 64) + dense(64 * 7 * 7, 64) + dense(64, 1)
    )  # fmt: skip
    assert list(map(count_parameters, (generator, discriminator))) == [103_960, 275_633]


def test_parameters_of_labels() -> None:
    plain, labelled = build(stylegan2_small()), build(stylegan2_small(classes=10))
    more = [count_parameters(a) - count_parameters(b) for a, b in zip(labelled, plain, strict=True)]
    assert more == [
        dense(10, 64) + 64 * 64,
        dense(10, 64) + 2 * dense(64, 64) + dense(64, 64) - dense(64, 1),
    ]
    assert stylegan2_small(classes=10, conditional=False).classes == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: int, channels: int) -> None:
    gan = stylegan2_small(size=size, channels=channels, width=2)  # type: ignore[arg-type]
    generator: Any = build(gan)[0]  # it checks the shapes
    assert gan.image_shape == (channels, size, size)
    base = {28: 7, 48: 6, 96: 6}.get(size, 4)
    assert generator.constant.shape[1:] == (base, base)
    assert base * 2 ** (len(generator.blocks) - 1) == size


def test_widths_double_three_times() -> None:
    generator: Any = build(stylegan2_small(size=128, width=2))[0]
    widths = [block.layers[-1].conv.out_channels for block in generator.blocks]
    assert widths == [16, 16, 16, 8, 4, 2]
    discriminator: Any = build(stylegan2_small(size=128, width=2))[1]
    assert [block.skip.out_channels for block in discriminator.blocks] == [4, 8, 16, 16, 16]


def filtered_by_hand(x: Array) -> Array:
    """Convolve images (..., h, w) with [1, 3, 3, 1] / 8 in both directions; all that is not 0."""
    taps = np.array([1, 3, 3, 1]) / 8
    for axis in (-1, -2):
        x = np.apply_along_axis(np.convolve, axis, x, taps)
    return x


def with_zeros(x: Array) -> Array:
    """Put a zero between any two pixels of images (..., h, w)."""
    made = np.zeros((*x.shape[:-2], 2 * x.shape[-2] - 1, 2 * x.shape[-1] - 1))
    made[..., ::2, ::2] = x
    return made


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def close(one: Tensor, other: Tensor | Array) -> None:
    torch.testing.assert_close(one.double(), torch.as_tensor(other).double(), rtol=1e-5, atol=1e-5)


def test_images_are_doubled_by_the_filter_with_zeros_around() -> None:
    x = random(2, 3, 5, 6)
    expected = 4 * filtered_by_hand(with_zeros(x.double().numpy()))
    close(doubled(x), expected[..., 1:-1, 1:-1])


def test_a_layer_that_doubles_is_a_transposed_convolution_and_the_filter() -> None:
    layer, x = Conv(3, 2, resize="up", bias=False), random(2, 3, 5, 5)
    weight = layer.weight.detach().double().numpy() / math.sqrt(3 * 3 * 3)
    spread = np.zeros((2, 2, 11, 11))
    for place in np.ndindex(5, 5):
        rows, columns = (slice(2 * i, 2 * i + 3) for i in place)
        pixels = x[:, :, *place].double().numpy()
        spread[:, :, rows, columns] += np.einsum("ni,oiyx->noyx", pixels, weight)
    expected = 4 * filtered_by_hand(spread)
    close(layer(x).detach(), expected[..., 2:-2, 2:-2])


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_layer_that_halves_is_the_filter_and_a_convolution(kernel: int) -> None:
    layer, x = Conv(3, 2, kernel, resize="down"), random(2, 3, 6, 6)
    nn.init.normal_(layer.bias)  # type: ignore[arg-type]
    weight = layer.weight.detach().double().numpy() / math.sqrt(3 * kernel * kernel)
    smooth = filtered_by_hand(x.double().numpy())  # 9 pixels: the first is 1 beyond the border
    smooth = np.pad(smooth, [(0, 0), (0, 0), (1, 1), (1, 1)])
    expected = np.zeros((2, 2, 3, 3))
    for row, column in np.ndindex(3, 3):
        first = [2 * i + 2 + 1 - kernel // 2 for i in (row, column)]
        patch = smooth[..., first[0] : first[0] + kernel, first[1] : first[1] + kernel]
        expected[..., row, column] = np.einsum("niyx,oiyx->no", patch, weight)
    close(layer(x).detach(), expected + layer.bias.detach().double().numpy()[:, None, None])  # type: ignore[union-attr]


def test_the_weights_begin_with_a_variance_of_1_and_are_scaled_when_used() -> None:
    torch.manual_seed(0)
    layer, x = Dense(64, 200, rate=0.01, bias=3.0), random(500, 64)
    assert layer.weight.std().item() == pytest.approx(100, rel=0.02)
    close(layer(x).detach(), x @ layer.weight.detach().T * 0.01 / 8 + 0.03)
    conv, image = Conv(20, 30), random(5, 20, 9, 9)
    assert conv.weight.std().item() == pytest.approx(1, rel=0.03)
    close(conv(image).detach(), F.conv2d(image, conv.weight.detach() / math.sqrt(180), padding=1))


def test_all_weights_as_they_begin() -> None:
    for network in build(stylegan2_small(classes=4), seed=1):
        for name, parameter in network.named_parameters():
            if name.endswith(("strength", "bias")):
                start = 1.0 if ".style." in name else 0.0
                assert bool((parameter == start).all()), name
            else:
                slow = "first" in name or "second" in name
                expected = 100.0 if slow else 1.0
                some = 5 / math.sqrt(parameter.numel())  # five standard errors and more
                assert parameter.std().item() == pytest.approx(expected, rel=some), name


def test_a_leaky_relu_keeps_the_variance_and_rows_are_scaled_to_1() -> None:
    close(leaky(torch.tensor([-1.0, 2.0])), torch.tensor([-0.2, 2.0]) * math.sqrt(2))
    rows = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    close(normalised(rows), rows / torch.tensor([[math.sqrt(12.5)], [math.sqrt(2)]]))


@pytest.mark.parametrize("demodulate", [True, False])
def test_a_modulated_convolution_is_one_with_weights_for_each_image(demodulate: bool) -> None:
    layer = Modulated(6, Conv(4, 5, bias=False), demodulate=demodulate)
    x, w = random(3, 4, 7, 7), random(3, 6)
    style = w @ layer.style.weight.T / math.sqrt(6) + 1
    expected = []
    for image, scales in zip(x, style, strict=True):
        weight = layer.conv.weight / 6 * scales[:, None, None]
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected.append(F.conv2d(image[None], weight, padding=1))
    close(layer(x, w).detach(), torch.cat(expected).detach())


def test_noise_is_the_same_in_all_channels_and_fixed_where_images_are_drawn() -> None:
    layer, x = Noise(3, 6), torch.zeros(2, 3, 6, 6)
    assert not layer(x).any()
    with torch.no_grad():
        layer.strength.fill_(0.5)
        layer.bias.copy_(torch.tensor([1.0, 2.0, -3.0])[:, None, None])
    drawn = layer.eval()(x)
    expected = leaky(0.5 * layer.fixed + torch.tensor([1.0, 2.0, -3.0])[:, None, None])
    close(drawn.detach(), expected.expand(2, -1, -1, -1).detach())
    made = layer.train()(10 + x).detach() / math.sqrt(2) - 10 - layer.bias.detach()
    close(made[:, 0], made[:, 1])
    assert made[:, 0].std().item() == pytest.approx(0.5, rel=0.3)
    assert not torch.allclose(made[0], made[1], atol=1e-2)
    assert not torch.allclose(made[0, 0], 0.5 * layer.fixed, atol=1e-2)


def test_which_style_each_layer_gets() -> None:
    generator: Any = build(stylegan2_small(width=2))[0]
    seen: list[float] = []
    for part in generator.modules():
        if isinstance(part, Modulated):
            part.style.register_forward_hook(
                lambda _, given, made: seen.append(given[0][0, 0].item())
            )
    assert generator.places == 6
    generator.synthesis(torch.arange(6.0)[None, :, None].expand(1, -1, 64))
    assert seen == [0, 1, 1, 2, 3, 3, 4, 5]


def test_an_image_is_the_sum_of_what_each_size_adds() -> None:
    generator: Any = build(stylegan2_small(width=2, channels=3))[0]
    added: list[Tensor] = []
    for block in generator.blocks:
        block.to_image.register_forward_hook(lambda _, given, made: added.append(made))
    with torch.no_grad():
        image = generator.synthesis(0.1 * random(2, 6, 64))
    assert [tuple(each.shape[1:]) for each in added] == [(3, 7, 7), (3, 14, 14), (3, 28, 28)]
    close(image, doubled(doubled(added[0]) + added[1]) + added[2])
    with torch.no_grad():
        drawn = generator.eval().synthesis(0.1 * random(2, 6, 64))
    assert image.abs().max() > 1
    close(drawn, image.clamp(-1, 1))


def test_what_is_added_to_an_image_is_not_demodulated() -> None:
    generator: Any = build(stylegan2_small(width=2))[0]
    layer, x, w = generator.blocks[-1].to_image, random(2, 2, 28, 28), random(2, 64)
    with torch.no_grad():
        once = layer(x, w)
        layer.style.weight.mul_(2)
        layer.style.bias.mul_(2)
        close(layer(x, w), 2 * once)


def test_the_mapping_by_hand() -> None:
    generator: Any = build(stylegan2_small(classes=4, width=2, latent_dim=8), seed=2)[0].eval()
    z, labels = random(5, 8), torch.tensor([0, 3, 1, 2, 3])
    mapping = generator.mapping
    with torch.no_grad():
        for layer in (mapping.embedding, mapping.first, mapping.second):
            nn.init.normal_(layer.bias)
        embedded = mapping.embedding.weight.T[labels] / 2 + mapping.embedding.bias
        w = torch.cat([row / row.square().mean(1, keepdim=True).sqrt() for row in (z, embedded)], 1)
        for layer in (mapping.first, mapping.second):
            w = w @ layer.weight.T * 0.01 / math.sqrt(w.shape[1]) + 0.01 * layer.bias
            w = torch.where(w > 0, w, 0.2 * w) * math.sqrt(2)
        close(mapping(z, labels), w)
        close(mapping(7 * z, labels), w)
        ws = generator.styles(z, labels)
        assert ws.shape == (5, 6, 8)
        close(ws, w[:, None].expand(-1, 6, -1))


def test_truncation_leads_to_the_tracked_mean() -> None:
    generator: Any = build(stylegan2_small(width=2))[0]
    z = random(4, 64)
    with torch.no_grad():
        w = generator.mapping(z, None)
        generator.styles(z, None)
        close(generator.mean, 0.005 * w.mean(0))
        generator.styles(z, None)
        close(generator.mean, (0.005 + 0.995 * 0.005) * w.mean(0))
        generator.eval().mean.copy_(random(64))
        before = generator.mean.clone()
        ws = generator.styles(z, None, torch.tensor(0.3))
        close(ws[:, 2], before + 0.3 * (w - before))
        assert torch.equal(generator.mean, before)
        images = generator(z, torch.tensor(0.3))  # without classes it comes after z
        close(images, generator.synthesis(ws))


def test_styles_are_mixed_in_nine_of_ten_batches_of_a_training() -> None:
    torch.manual_seed(0)
    generator: Any = build(stylegan2_small(width=2, classes=3))[0]
    z, labels, counts = random(4, 64), torch.tensor([0, 1, 2, 0]), np.zeros(6)
    with torch.no_grad():
        w = generator.mapping(z, labels)
        for _ in range(500):
            ws = generator.styles(z, labels)
            own = (ws - w[:, None]).abs().amax((0, 2)) < 1e-4
            first = int(own.sum())
            assert bool(own[:first].all())
            close(ws[:, first:], ws[:, -1:].expand(-1, 6 - first, -1))
            counts[first - 1] += 1
    assert counts[:5].sum() / 500 == pytest.approx(0.9, abs=0.04)
    assert counts[:5].min() > 50


def test_two_styles_have_the_same_label() -> None:
    generator: Any = build(stylegan2_small(width=2, classes=3))[0]
    asked: list[Tensor] = []
    generator.mapping.embedding.register_forward_hook(
        lambda _, given, made: asked.append(given[0].argmax(1))
    )
    generator.styles(random(3, 64), torch.tensor([2, 0, 1]))
    assert [each.tolist() for each in asked] == [[2, 0, 1, 2, 0, 1]]


def test_a_residual_block_by_hand() -> None:
    block, x = Residual(3, 4), random(2, 3, 8, 8)
    within = F.leaky_relu(block.conv(x), 0.2) * math.sqrt(2)
    within = F.leaky_relu(block.down(within), 0.2) * math.sqrt(2)
    close(block(x).detach(), ((within + block.skip(x)) * math.sqrt(0.5)).detach())


@pytest.mark.parametrize(("images", "group"), [(8, 4), (4, 4), (6, 3), (2, 2), (7, 1), (1, 1)])
def test_the_deviation_of_groups(images: int, group: int) -> None:
    x = random(images, 3, 5, 5)
    groups = images // group
    expected = [
        np.sqrt(x[i % groups :: groups].double().numpy().var(0) + 1e-8).mean()
        for i in range(images)
    ]
    close(deviation(x)[:, 0, 0, 0], np.array(expected))


def test_scores_by_hand() -> None:
    network, images, labels = (
        Discriminator(3, 4, [2, 5], 1),
        random(4, 1, 8, 8),
        torch.arange(4) % 3,
    )
    with torch.no_grad():
        assert network.label is not None
        x = network.blocks(leaky(network.from_image(images)))
        x = torch.cat([x, deviation(x).expand(-1, 1, 4, 4)], 1)
        x = network.score(leaky(network.dense(leaky(network.conv(x)).reshape(4, -1))))
        expected = (x * network.label(None, labels)).sum(1) / math.sqrt(5)
        close(network(images, labels), expected)
        one = network(images[:1], labels[:1])
        assert (one - expected[:1]).abs() > 1e-4  # an image alone has no deviation


class Asked:
    """What a loss gets: a discriminator at an update of a step."""

    scheduled: ClassVar[dict[str, float]] = {}

    def __init__(self, network: nn.Module, update: int = 0, **more: Any) -> None:
        self.network, self.update = network, update
        self.__dict__.update(more)

    def __call__(self, images: Tensor) -> Tensor:
        scores: Tensor = self.network(images)
        return scores


@pytest.mark.parametrize(("gamma", "expected"), [(None, 0.0002 * 28 * 28 / 32), (0.7, 0.7)])
def test_r1_is_added_to_every_sixteenth_update(gamma: float | None, expected: float) -> None:
    gan = stylegan2_small(width=2, gamma=gamma)
    discriminator = build(gan)[1]
    real, fake = random(4, 1, 28, 28), random(4, 1, 28, 28) / 2
    plain = (F.softplus(-discriminator(real)) + F.softplus(discriminator(fake))).mean().item()
    x = real.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x)
    penalty = 16 * expected / 2 * gradient.square().sum((1, 2, 3)).mean().item()

    def loss(update: int) -> float:
        D: Any = Asked(discriminator, update)
        return gan.objective.discriminator_loss(D, real, fake).item()

    assert penalty > 1e-4
    for update in (0, 1, 15, 16, 17, 32):
        assert loss(update) == pytest.approx(plain + penalty * (update % 16 == 0), rel=1e-5)


class Linear(nn.Module):
    """A generator whose image is linear in its styles, so that its derivative is known."""

    path: Tensor

    def __init__(self, places: int, latent_dim: int, size: int, classes: int = 0) -> None:
        super().__init__()
        self.classes, self.asked = classes, list[tuple[Tensor, Tensor | None]]()
        self.one = nn.Parameter(torch.ones(()))
        self.matrix = nn.Parameter(random(places * latent_dim, size * size))
        self.size, self.places = size, places
        self.register_buffer("path", torch.tensor(2.0))

    def styles(self, z: Tensor, labels: Tensor | None) -> Tensor:
        self.asked.append((z, labels))
        return z[:, None].expand(-1, self.places, -1) * self.one

    def synthesis(self, ws: Tensor) -> Tensor:
        return (ws.flatten(1) @ self.matrix).reshape(-1, 1, self.size, self.size)


def test_the_path_length_by_hand() -> None:
    generator = Linear(places=3, latent_dim=2, size=4, classes=5)
    latents, labels = random(6, 2), torch.arange(6) % 5
    D: Any = SimpleNamespace(generator=generator, latents=latents, labels=labels)
    torch.manual_seed(3)
    loss = path_length()(D, latents, latents)
    torch.manual_seed(3)
    noise = torch.randn(3, 1, 4, 4).flatten(1) / 4
    lengths = (noise @ generator.matrix.T).reshape(3, 3, 2).square().sum(2).mean(1).sqrt()
    mean = 2.0 + 0.01 * (lengths.mean() - 2.0)
    expected = 2 * (lengths - mean).square().mean()
    close(loss.detach(), expected.detach())
    close(generator.path, mean.detach())
    assert not generator.path.requires_grad
    ((z, classes),) = generator.asked
    assert torch.equal(z, latents[[0, 2, 4]])
    assert classes is not None
    assert classes.tolist() == [0, 2, 4]
    close(*(torch.autograd.grad(each, generator.matrix)[0] for each in (loss, expected)))


def test_the_path_length_is_added_to_every_fourth_update_of_the_generator() -> None:
    gan = stylegan2_small(width=2)
    generator, discriminator = build(gan)
    fake = random(4, 1, 28, 28)
    plain = F.softplus(-discriminator(fake)).mean().item()
    for update in range(9):
        generator.path.fill_(50.0)  # type: ignore[operator]
        D: Any = Asked(discriminator, update, generator=generator, latents=random(4, 64))
        loss = gan.objective.generator_loss(D, fake, fake).item()
        if update % 4:
            assert loss == pytest.approx(plain, rel=1e-5)
        else:
            assert loss == pytest.approx(4 * 2 * 49**2, rel=0.1)


def test_both_networks_in_bfloat16() -> None:
    generator, discriminator = build(stylegan2_small(classes=3), seed=4)
    z, labels = random(16, 64), torch.arange(16) % 3
    with torch.no_grad():
        images = generator.eval()(z, labels)
        scores = discriminator(images, labels)
        with torch.autocast("cpu", torch.bfloat16):
            coarse = generator(z, labels)
            coarse_scores = discriminator(images, labels)
    assert coarse.dtype == torch.float32
    assert (coarse - images).square().mean().sqrt() < 0.02
    assert (coarse_scores - scores).square().mean().sqrt() < 0.02 * scores.std() + 0.02


def test_its_settings() -> None:
    gan = stylegan2_small()
    optimizers = gan.optimizers(*build(gan))
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    assert [(group["lr"], group["betas"]) for group in groups] == [(0.0025, (0.0, 0.99))] * 2
    assert (gan.defaults.ema, gan.defaults.ema_growth) == (10_000, 0.05)
    assert (gan.defaults.batch_size, gan.truncation) == (32, True)
    assert (module.GROUP, module.MIXED) == (4, 0.9)


def test_the_generator_has_a_mean_and_a_path_to_save() -> None:
    generator = Generator(8, 0, 4, [4, 2], 1)
    kept = set(generator.state_dict())
    assert {"mean", "path", "blocks.1.noises.0.fixed"} <= kept
