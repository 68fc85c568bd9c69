"""Quicker routes: the same numbers and gradients, and the networks as they were afterwards."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.draw import latents
from ganzoo.train import cpu
from ganzoo.train.cpu import Routes, one_by_one
from ganzoo.train.networks import build
from ganzoo.zoo import registry
from tests.whole.test_architectures import NAMES


def up_and_convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.conv2d(F.interpolate(x, scale_factor=2.0), weight, bias, padding=1)


def test_an_upsampled_convolution_is_a_transposed_one() -> None:
    options = {"dtype": torch.float64, "requires_grad": True}
    for wide_in, wide_out, height, width in ((3, 4, 5, 7), (1, 1, 1, 1), (2, 5, 2, 1)):
        x = torch.randn(2, wide_in, height, width, **options)  # type: ignore[call-overload]
        weight = torch.randn(wide_out, wide_in, 3, 3, **options)  # type: ignore[call-overload]
        bias = torch.randn(wide_out, **options)  # type: ignore[call-overload]
        expected = up_and_convolve(x, weight, bias)
        torch.testing.assert_close(cpu.upsampled_conv(x, weight, bias), expected)
        assert torch.autograd.gradcheck(cpu.upsampled_conv, (x, weight, bias))
        assert torch.autograd.gradgradcheck(cpu.upsampled_conv, (x, weight, bias))


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_and_its_first_and_second_gradients(bias: bool) -> None:
    def gradients(linear: Callable[..., Tensor]) -> list[Tensor]:
        generator = torch.Generator().manual_seed(0)
        x, weight, b = (
            torch.randn(*shape, generator=generator, requires_grad=True)
            for shape in ((6, 40), (30, 40), (30,))
        )
        y = linear(x, weight, b if bias else None)
        (inner,) = torch.autograd.grad(y.tanh().sum(), x, create_graph=True)
        loss = y.square().mean() + inner.square().mean()
        return [y, inner, *torch.autograd.grad(loss, (x, weight))]

    for ours, torchs in zip(gradients(cpu.linear), gradients(F.linear), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_networks_at_full_size_keep_their_numbers_and_gradients(name: str) -> None:
    gan = registry.load_architecture(name).value
    generator, discriminator = build(gan)
    z, *labels = map(torch.from_numpy, latents.inputs(4, gan.latent_dim, gan.classes))

    def run(routes: bool) -> list[Tensor]:
        G, D = copy.deepcopy(generator), copy.deepcopy(discriminator)
        torch.manual_seed(0)  # dropout
        if routes:
            with Routes(G, D):
                images = G(z, *labels)
                scores = D(images, *labels)
        else:
            images = G(z, *labels)
            scores = D(images, *labels)
        scores.sum().backward()
        gradients = [p.grad for n in (G, D) for p in n.parameters() if p.grad is not None]
        return [images, scores, torch.cat([gradient.flatten() for gradient in gradients])]

    for quick, plain in zip(run(True), run(False), strict=True):
        assert float((quick - plain).norm().detach() / plain.norm().detach()) < 1e-4


def routed(network: nn.Module) -> bool:
    return bool(Routes(network).routes)


class Added(nn.Module):
    """A convolution beside its input, which adds features of both orders in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(6, 6, 3, padding=1)
        self.last: list[bool] = []  # of the input, and of a gradient: are the channels last?

    def look(self, features: Tensor) -> None:
        self.last.append(features.is_contiguous(memory_format=torch.channels_last))

    def forward(self, x: Tensor) -> Tensor:
        self.look(x)
        active = F.leaky_relu(self.convolution(x), 0.2)
        active.register_hook(self.look)  # type: ignore[no-untyped-call]
        return x + active


@pytest.mark.parametrize("bfloat16", [True, False])
def test_features_have_their_channels_last_in_bfloat16(bfloat16: bool) -> None:
    """Both networks' ends: what is unflattened, and the gradient of what is flattened."""
    torch.manual_seed(0)
    unflatten, added, flatten = nn.Unflatten(1, (6, 4, 4)), Added(), nn.Flatten()
    added.convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = nn.Sequential(unflatten, added, flatten, nn.Linear(96, 1))
    z = torch.randn(5, 96)

    def run(routes: bool) -> tuple[list[Tensor], list[bool]]:
        x = z.clone().requires_grad_()
        added.last.clear()
        with Routes(network) if routes else nullcontext():
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                scores = network(x)
            (slopes,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
            orders = [*added.last]
            loss = scores.square().mean() + slopes.square().sum()
            gradients = torch.autograd.grad(loss, [*network.parameters()])
        return [scores, slopes, *gradients], orders

    (ours, quick), (torchs, usual) = run(True), run(False)
    assert (quick, usual) == ([bfloat16] * 2, [False] * 2)
    for one, other in zip(ours, torchs, strict=True):
        tolerance = {"rtol": 0.02, "atol": 0.02} if bfloat16 else {"rtol": 0, "atol": 0}
        torch.testing.assert_close(one, other, **tolerance)


@pytest.mark.parametrize("bfloat16", [True, False])
def test_a_gradient_has_the_order_of_what_was_flattened_in_bfloat16(bfloat16: bool) -> None:
    """In float32 it stays as it is, so that runs which are under way end in the same bits."""
    flatten = nn.Flatten()
    x = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last).requires_grad_()
    with Routes(flatten), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        rows = flatten(2 * x)
    (gradient,) = torch.autograd.grad((rows * torch.arange(48)).sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last) == bfloat16
    assert torch.equal(gradient[1], 2 * torch.arange(48.0).view(3, 4, 4))


def test_networks_are_themselves_again_afterwards() -> None:
    network = nn.Sequential(
        nn.Linear(4, 4), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)
    )
    with pytest.raises(KeyError), Routes(network):  # noqa: PT012
        assert "forward" in network.__dict__
        raise KeyError
    assert all("forward" not in module.__dict__ for module in network.modules())


def test_what_no_rule_is_about_is_left_alone() -> None:
    class Scaled(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 2

    up, conv = nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)
    assert routed(nn.Sequential(up, conv))
    assert not routed(Scaled(4, 4))
    for others in (
        (nn.Upsample(scale_factor=3), conv),
        (nn.Upsample(scale_factor=2, mode="bilinear"), conv),
        (up, nn.Conv2d(1, 1, 3)),
        (up, nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")),
        (up, nn.Conv2d(2, 2, 3, padding=1, groups=2)),
        (up, nn.Conv2d(1, 1, 3, padding=1, stride=2)),
        (up, nn.Identity(), conv),
    ):
        assert not routed(nn.Sequential(*others)), others


def test_who_listens_to_a_layer_still_hears_it() -> None:
    heard: list[tuple[int, ...]] = []
    up, conv = nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)
    conv.register_forward_hook(lambda module, x, y: heard.append(tuple(y.shape)))
    network = nn.Sequential(up, conv)
    with Routes(network):
        network(torch.zeros(1, 1, 4, 4))
    assert heard == [(1, 1, 8, 8)]


def test_a_layer_may_be_called_by_keyword_and_transformed() -> None:
    layer, x = nn.Linear(128, 128), torch.randn(3, 128)

    def score(image: Tensor) -> Tensor:
        y: Tensor = layer(input=image[None])
        return y.tanh().sum()

    def results() -> list[Tensor]:
        each = torch.func.grad(score)
        return [layer(input=x), each(x[0]), torch.vmap(each)(x)]

    expected = results()
    with Routes(layer):
        ours = results()
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_what_mixes_a_batch_is_not_taken_for_independent() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))
    assert one_by_one(flat)
    for mixing in (
        nn.BatchNorm1d(784),
        nn.Dropout(0.1),
        nn.Unflatten(0, (-1, 2)),  # pairs of images, as PacGAN has
        nn.Sequential(nn.Flatten(0, 1), nn.Identity()),
    ):
        assert not one_by_one(nn.Sequential(nn.Flatten(), mixing, nn.Linear(784, 1), nn.Flatten(0)))


def test_a_forward_of_somebody_elses_stays() -> None:
    layer = nn.Linear(128, 128)
    layer.__dict__["forward"] = lambda x: x * 2
    with Routes(layer):
        assert torch.equal(layer(torch.ones(3)), torch.full((3,), 2.0))
    assert torch.equal(layer(torch.ones(3)), torch.full((3,), 2.0))


def test_a_small_or_wide_or_double_linear_layer_gives_the_same() -> None:
    for x, layer in (
        (torch.randn(3, 4), nn.Linear(4, 2)),
        (torch.randn(3, 2, 128), nn.Linear(128, 128)),
        (torch.randn(3, 128, dtype=torch.float64), nn.Linear(128, 128, dtype=torch.float64)),
        (torch.randn(3, 128), nn.Linear(128, 128)),
    ):
        expected = layer(x)
        with Routes(layer):
            torch.testing.assert_close(layer(x), expected)
