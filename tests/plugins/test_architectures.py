"""The ten architectures of the reports, layer by layer: written down by hand, not from the code."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganzoo.architecture import Architecture
from ganzoo.train.networks import count_parameters
from ganzoo.zoo import catalogue, registry

# A convolution is `kind in>out kernel stride padding > size of its output`; a `-` has no bias.
MAXPOOL_GENERATOR = """linear 100>1024, norm, relu; linear 1024>6272, norm, relu; unflatten;
    convT 128>64 k4 s2 p1 > 14, norm, relu; convT 64>1 k4 s2 p1 > 28"""
MAXPOOL_DISCRIMINATOR = """conv 1>32 k5 s1 p0 > 24, leaky .1, pool 2;
    conv 32>64 k5 s1 p0 > 8, leaky .1, pool 2; flatten; linear 1024>1024, leaky .1;
    linear 1024>1; flatten"""
LAYERS: dict[str, tuple[str, str]] = {
    "mlp_gan": (
        """linear 100>256, leaky .2, norm .8; linear 256>512, leaky .2, norm .8; linear 512>784,
        tanh; unflatten""",
        "flatten; linear 784>512, leaky .2; linear 512>256, leaky .2; linear 256>1; flatten",
    ),
    "mlp_gan_shallow": (
        "linear 100>128, leaky .2; linear 128>784, tanh; unflatten",
        "flatten; linear 784>128, leaky .2; linear 128>1; flatten",
    ),
    "mlp_gan_relu": (
        "linear 100>256, relu; linear 256>256, relu; linear 256>784, tanh; unflatten",
        "flatten; linear 784>256, leaky .1; linear 256>256, leaky .1; linear 256>1; flatten",
    ),
    "mlp_gan_dropout": (
        """linear 100>256, relu; linear 256>512, relu; linear 512>1024, relu; linear 1024>784,
        tanh; unflatten""",
        """flatten; linear 784>1024, relu, dropout .3; linear 1024>512, relu, dropout .3;
        linear 512>256, relu, dropout .3; linear 256>1; flatten""",
    ),
    "dcgan_fashion": (
        """linear 100>6272; unflatten; norm; upsample 2; conv 128>128 k3 s1 p1 > 14, norm .8,
        leaky .2; upsample 2; conv 128>64 k3 s1 p1 > 28, norm .8, leaky .2;
        conv 64>1 k3 s1 p1 > 28; tanh""",
        """conv 1>64 k4 s2 p1 > 14, leaky .2; conv 64>128 k4 s2 p1 > 7, norm, leaky .2;
        conv 128>256 k4 s1 p0 > 4, norm, leaky .2; conv 256>1 k4 s1 p0 > 1; flatten""",
    ),
    "dcgan_fashion_transposed": (
        """linear 100>12544, relu, norm; unflatten; convT 256>128 k3 s1 p1 > 7, relu, norm;
        convT 128>64 k4 s2 p1 > 14, relu, norm; convT 64>1 k4 s2 p1 > 28; tanh""",
        """conv- 1>64 k3 s2 p1 > 14, leaky .01; conv- 64>128 k3 s2 p1 > 7, norm, leaky .01;
        flatten; linear 6272>1; flatten""",
    ),
    "dcgan_fashion_maxpool": (f"{MAXPOOL_GENERATOR}; sigmoid", MAXPOOL_DISCRIMINATOR),
    "dcgan_mnist": (
        """linear 100>6272, norm, relu; unflatten; convT 128>64 k4 s2 p1 > 14, norm, relu;
        convT 64>1 k4 s2 p1 > 28; tanh""",
        """conv 1>64 k4 s2 p1 > 14, leaky .2; conv 64>128 k4 s2 p1 > 7, norm, leaky .2; flatten;
        linear 6272>1; flatten""",
    ),
    "dcgan_anime96": (
        """unflatten; convT- 100>512 k4 s1 p0 > 4, norm, relu; convT- 512>256 k4 s2 p1 > 8, norm,
        relu; convT- 256>128 k4 s2 p1 > 16, norm, relu; convT- 128>64 k4 s2 p1 > 32, norm, relu;
        convT- 64>3 k5 s3 p1 > 96; tanh""",
        """conv- 3>64 k5 s3 p1 > 32, leaky .2; conv- 64>128 k4 s2 p1 > 16, norm, leaky .2;
        conv- 128>256 k4 s2 p1 > 8, norm, leaky .2; conv- 256>512 k4 s2 p1 > 4, norm, leaky .2;
        conv- 512>1 k4 s1 p0 > 1; flatten""",
    ),
    "wgan_clip": (f"{MAXPOOL_GENERATOR}; tanh", MAXPOOL_DISCRIMINATOR),
}

# Weights and biases of each layer, two a channel in a batch norm: (generator, discriminator).
MAXPOOL = (
    (100 * 1024 + 1024) + 2 * 1024 + (1024 * 6272 + 6272) + 2 * 6272
    + (128 * 64 * 16 + 64) + 2 * 64 + (64 * 16 + 1),
    (32 * 25 + 32) + (32 * 64 * 25 + 64) + (1024 * 1024 + 1024) + (1024 + 1),
)  # fmt: skip
PARAMETERS = {
    "mlp_gan": (
        (100 * 256 + 256) + 2 * 256 + (256 * 512 + 512) + 2 * 512 + (512 * 784 + 784),
        (784 * 512 + 512) + (512 * 256 + 256) + (256 + 1),
    ),
    "mlp_gan_shallow": (
        (100 * 128 + 128) + (128 * 784 + 784),
        (784 * 128 + 128) + (128 + 1),
    ),
    "mlp_gan_relu": (
        (100 * 256 + 256) + (256 * 256 + 256) + (256 * 784 + 784),
        (784 * 256 + 256) + (256 * 256 + 256) + (256 + 1),
    ),
    "mlp_gan_dropout": (
        (100 * 256 + 256) + (256 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 784 + 784),
        (784 * 1024 + 1024) + (1024 * 512 + 512) + (512 * 256 + 256) + (256 + 1),
    ),
    "dcgan_fashion": (
        (100 * 6272 + 6272) + 2 * 128 + (128 * 128 * 9 + 128) + 2 * 128
        + (128 * 64 * 9 + 64) + 2 * 64 + (64 * 9 + 1),
        (64 * 16 + 64) + (64 * 128 * 16 + 128) + 2 * 128 + (128 * 256 * 16 + 256) + 2 * 256
        + (256 * 16 + 1),
    ),
    "dcgan_fashion_transposed": (
        (100 * 12544 + 12544) + 2 * 12544 + (256 * 128 * 9 + 128) + 2 * 128
        + (128 * 64 * 16 + 64) + 2 * 64 + (64 * 16 + 1),
        64 * 9 + 64 * 128 * 9 + 2 * 128 + (6272 + 1),
    ),
    "dcgan_fashion_maxpool": MAXPOOL,
    "dcgan_mnist": (
        (100 * 6272 + 6272) + 2 * 6272 + (128 * 64 * 16 + 64) + 2 * 64 + (64 * 16 + 1),
        (64 * 16 + 64) + (64 * 128 * 16 + 128) + 2 * 128 + (6272 + 1),
    ),
    "dcgan_anime96": (
        3_576_512 + 2 * (512 + 256 + 128 + 64),
        3 * 64 * 25 + 16 * (64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512),
    ),
    "wgan_clip": MAXPOOL,
}  # fmt: skip

MODERN = {
    "acgan_fashion", "cgan_fashion", "fastgan", "r1gan", "r3gan", "sngan", "stylegan2_small",
    "wgan_gp",
}  # fmt: skip
"""What came after the reports: each has a file of tests of its own."""

ADAM = (torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)})
SLOW_ADAM = (torch.optim.Adam, {"lr": 2e-4, "betas": (0.9, 0.999)})
RMSPROP = (torch.optim.RMSprop, {"lr": 5e-5})
# data, batch, epochs, discriminator steps, optimizer
SETTINGS: dict[str, tuple[str, int, int, int, tuple[type, dict[str, Any]]]] = {
    "mlp_gan": ("fashion_mnist", 64, 20, 1, ADAM),
    "mlp_gan_shallow": ("fashion_mnist", 64, 3, 1, ADAM),
    "mlp_gan_relu": ("fashion_mnist", 64, 20, 1, SLOW_ADAM),
    "mlp_gan_dropout": ("mnist", 128, 100, 1, ADAM),
    "dcgan_fashion": ("fashion_mnist", 64, 20, 1, ADAM),
    "dcgan_fashion_transposed": ("fashion_mnist", 64, 15, 1, ADAM),
    "dcgan_fashion_maxpool": ("fashion_mnist", 64, 20, 1, SLOW_ADAM),
    "dcgan_mnist": ("mnist", 128, 50, 1, ADAM),
    "dcgan_anime96": ("toy_faces", 512, 20, 1, ADAM),
    "wgan_clip": ("fashion_mnist", 64, 25, 5, RMSPROP),
}
NAMES = list(SETTINGS)


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def gan(name: str) -> Architecture:
    return registry.load_architecture(name).value


@pytest.fixture(scope="module")
def networks(gan: Architecture) -> tuple[nn.Module, nn.Module]:
    return gan.generator(), gan.discriminator()


def test_the_ten_are_registered_and_nothing_else_of_ours() -> None:
    ours = {entry.name for entry in catalogue.architectures() if entry.package == "ganzoo"}
    assert ours == {*NAMES, *MODERN}
    data = {entry.name for entry in catalogue.datasets() if entry.package == "ganzoo"}
    assert data == {"fashion_mnist", "mnist", "toy_faces", "toy_garments"}


def test_layers(name: str, gan: Architecture, networks: tuple[nn.Module, nn.Module]) -> None:
    examples = torch.zeros(2, gan.latent_dim), torch.zeros(2, *gan.image_shape)
    for network, example, expected in zip(networks, examples, LAYERS[name], strict=True):
        words = [w.strip() for w in " ".join(expected.split()).replace(";", ",").split(",")]
        assert _spell(network, example) == words


def _spell(network: nn.Module, x: torch.Tensor) -> list[str]:
    """A sequential network in the notation above."""
    assert isinstance(network, nn.Sequential)
    words = []
    for layer in network:
        x = layer(x)
        words.append(_word(layer, x))
    return words


def _word(layer: nn.Module, output: torch.Tensor) -> str:
    match layer:
        case nn.Linear(in_features=a, out_features=b, bias=torch.Tensor()):
            return f"linear {a}>{b}"
        case nn.Conv2d() | nn.ConvTranspose2d():
            kind = "convT" if isinstance(layer, nn.ConvTranspose2d) else "conv"
            kind += "-" if layer.bias is None else ""
            ends = f"{layer.in_channels}>{layer.out_channels}"
            k, s, p = layer.kernel_size[0], layer.stride[0], layer.padding[0]
            return f"{kind} {ends} k{k} s{s} p{p} > {output.shape[-1]}"
        case nn.BatchNorm1d(eps=eps) | nn.BatchNorm2d(eps=eps):
            return "norm" if eps == 1e-5 else f"norm {_short(eps)}"
        case nn.LeakyReLU(negative_slope=slope):
            return f"leaky {_short(slope)}"
        case nn.Dropout(p=p):
            return f"dropout {_short(p)}"
        case nn.MaxPool2d(kernel_size=size):
            return f"pool {size}"
        case nn.Upsample(scale_factor=factor, mode="nearest"):
            return f"upsample {factor:.0f}"
        case _:
            return type(layer).__name__.lower()


def _short(number: float) -> str:
    return f"{number:g}".removeprefix("0")


def test_parameters(name: str, networks: tuple[nn.Module, nn.Module]) -> None:
    assert tuple(map(count_parameters, networks)) == PARAMETERS[name]


def test_anime96_has_3_576_512_weights_in_its_transposed_convolutions() -> None:
    generator = registry.load_architecture("dcgan_anime96").value.generator()
    convolutions = (m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d))
    assert sum(m.weight.numel() for m in convolutions) == 3_576_512


def test_settings(name: str, gan: Architecture, networks: tuple[nn.Module, nn.Module]) -> None:
    dataset, batch, epochs, d_steps, (kind, options) = SETTINGS[name]
    defaults = gan.defaults
    found = (gan.dataset, defaults.batch_size, defaults.epochs, defaults.discriminator_steps)
    assert found == (dataset, batch, epochs, d_steps)
    assert gan.latent_dim == 100
    assert gan.image_range == ((0, 1) if name == "dcgan_fashion_maxpool" else (-1, 1))
    assert defaults.shared_fakes == (name == "mlp_gan_dropout")
    assert gan.objective.scores == ("wasserstein" if name == "wgan_clip" else "logits")
    for optimizer in gan.optimizers(*networks):
        assert isinstance(optimizer, kind)
        assert options.items() <= optimizer.param_groups[0].items()


def test_initial_weights(name: str, networks: tuple[nn.Module, nn.Module]) -> None:
    """N(0, .02) where the reports say so, else torch's own, uniform in ±1/sqrt(fan in)."""
    layers = [
        layer
        for network in networks
        for layer in network.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
        and layer.weight.numel() > 1000
    ]
    assert len(layers) >= 3
    for layer in layers:
        weight = layer.weight.detach()
        fan_in = weight[0].numel()
        normal = weight.abs().max() > 2.5 * weight.std()  # a uniform's reaches sqrt(3)
        assert bool(normal) == (name in {"mlp_gan_dropout", "dcgan_mnist"})
        expected = 0.02 if normal else (3 * fan_in) ** -0.5
        assert float(weight.std()) == pytest.approx(expected, rel=0.1)


def test_batch_norms_begin_at_one_or_around_it(
    name: str, networks: tuple[nn.Module, nn.Module]
) -> None:
    """N(1, .02) in `dcgan_mnist`, as its report has it; 1 elsewhere."""
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                weight = layer.weight.detach()
                spread = 0.02 if name == "dcgan_mnist" else 0.0
                assert float(weight.mean()) == pytest.approx(1, abs=spread / 2)
                assert float(weight.std()) == pytest.approx(spread, rel=0.3)


def test_clipping_clips_every_weight_of_the_critic() -> None:
    gan = registry.load_architecture("wgan_clip", {"width": 4, "hidden": 16}).value
    critic = gan.discriminator()
    assert gan.after_discriminator_step is not None
    gan.after_discriminator_step(critic)
    assert max(float(p.detach().abs().max()) for p in critic.parameters()) == pytest.approx(0.01)


def test_anime96_trains_each_network_as_often_as_it_is_told() -> None:
    options = {"width": 4, "d_every": 3, "g_every": 2}
    defaults = registry.load_architecture("dcgan_anime96", options).value.defaults
    assert (defaults.discriminator_every, defaults.generator_every) == (3, 2)
