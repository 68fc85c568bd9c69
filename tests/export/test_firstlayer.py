"""The first layer is found once, in the ONNX graph: of runs, of files, of layers of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

import ganzoo
from ganzoo.draw import firstlayer, latents
from ganzoo.draw.directions import principal
from ganzoo.draw.generator import Generator
from ganzoo.draw.graph import read
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.session import from_bytes
from ganzoo.errors import FirstLayerError, UsageError
from ganzoo.explore.facts import facts
from ganzoo.export import variants
from ganzoo.export.firstlayer import with_first_layer
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.export.quantize import Quantizer, rounded
from ganzoo.runs.weights import load_generator, model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests.cli.commands.test_sweep import generator as by_hand
from tests.conftest import Cli, install, process
from tests.whole.test_architectures import NAMES, tiny_options

Array = NDArray[Any]
MODULES = {
    "mlp_gan": 2,
    "mlp_gan_shallow": 2,
    "mlp_gan_relu": 2,
    "mlp_gan_dropout": 2,
    "dcgan_fashion": 3,
    "dcgan_fashion_transposed": 2,
    "dcgan_fashion_maxpool": 3,
    "dcgan_mnist": 3,
    "dcgan_anime96": 4,
    "wgan_clip": 3,
}
"""Of our generators, how many modules are the first layer, read from plugins/ganzoo_plugins."""


def relative(made: Array) -> Array:
    """How far the activations of each two images are from each other, whatever their order.

    Equal numbers have equal principal components, however near two variances are.
    """
    centred = (made - made.mean(axis=0)).reshape(len(made), -1)
    gram = centred @ centred.T
    return np.asarray(gram / np.trace(gram))


def first_layer(generator: Generator, z: Array) -> Array:
    assert generator.first_layer is not None
    found = generator.first_layer(z)
    assert (found.dtype.name, found.ndim, len(found)) == ("float32", 2, len(z))
    return found


def opened(network: nn.Module, info: ModelInfo | None = None) -> Generator:
    """A network as the commands open a run of it."""
    info = info or by_hand(np.tanh, 8).info
    return with_first_layer(Generator(info, lambda z: draw(network, z)), network.eval())


def unsettle(network: nn.Module) -> None:
    """Give batch norms what training would: each channel another scale and shift."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for shift in (module.running_mean, module.bias):
                assert shift is not None
                nn.init.normal_(shift)
            for scale in (module.running_var, module.weight):
                assert scale is not None
                nn.init.uniform_(scale, 0.2, 3)


@pytest.mark.parametrize(
    "name",
    [
        name if name == "ganzoo:dcgan_fashion" else pytest.param(name, marks=pytest.mark.slow)
        for name in NAMES
        if name.removeprefix("ganzoo:") in MODULES
    ],
)  # fmt: skip
def test_it_is_that_of_the_network_for_each_of_ours(name: str) -> None:
    """As a run, and as a file in float32, with pixels, in 16 bits and in 8."""
    loaded = registry.load_architecture(name, tiny_options(name))
    network, _ = build(loaded.value, seed=1)
    unsettle(network)
    info = model_info(loaded, "none", 0)
    assert isinstance(network, nn.Sequential)
    z = latents.normal(50, info.latent_dim)
    expected = relative(draw(network[: MODULES[loaded.entry.name]], z))
    run = opened(network, info)
    floats = to_onnx(network, info)
    image = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    files = {
        "float32": (floats, info, 1e-5),
        "uint8": (clean(variants.uint8(floats, info)), replace(info, image=image), 1e-5),
        "float16": (clean(variants.half(floats)), replace(info, precision="float16"), 1e-3),
        "int8": (
            clean(rounded(Quantizer(floats, info), lambda model: True)),
            replace(info, precision="int8"),
            0.1,
        ),
    }
    by_file = {
        precision: (from_bytes(with_metadata(model, said), "x.onnx"), tolerance)
        for precision, (model, said, tolerance) in files.items()
    }
    for precision, (model, tolerance) in {"run": (run, 1e-5), **by_file}.items():
        found = relative(first_layer(model, z))
        assert np.abs(found - expected).max() < tolerance * expected.max(), precision
    by_torch, by_onnx = principal(run, 3), principal(by_file["float32"][0], 3)
    assert (by_torch.vectors * by_onnx.vectors).sum(axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert by_torch.shares == pytest.approx(by_onnx.shares, rel=1e-6)


def random(*shape: int) -> nn.Parameter:
    rng = np.random.default_rng(shape)
    return nn.Parameter(torch.from_numpy(rng.normal(size=shape).astype(np.float32)))


class EqualizedLinear(nn.Module):
    """Weights of variance 1, scaled when they are used, as ProGAN and StyleGAN have them."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.weight, self.bias = random(wide_out, wide_in), random(wide_out)
        self.scale = wide_in**-0.5

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias)


class EqualizedConv(nn.Module):
    def __init__(self, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.weight, self.bias = random(wide_out, wide_in, 3, 3), random(wide_out)
        self.scale = (9 * wide_in) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=1)


class OnTheLeft(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = random(12, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight @ x.T


class Transposed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.T


class Einsum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = random(12, 8)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("oi,ni->no", self.weight, x)


class Bilinear(nn.Module):
    """Of z and z: their product is no layer, as it has no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Bilinear(8, 8, 12)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.layer(x, x))


class Repeated(nn.Module):
    """Weights that depend on how many z there are, but on none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = random(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.bmm(x.reshape(-1, 3, 4), self.weight.expand(x.shape[0], 4, 2))


class WithLatent(nn.Module):
    """What a layer gives, and z again for the next one."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.layer(x), x], dim=1)


def grid(channels: int) -> nn.Module:
    return nn.Unflatten(1, (channels, 8 // channels // 2, 2))


LAYERS: dict[str, tuple[list[nn.Module], list[nn.Module]]] = {
    "equalized linear": ([EqualizedLinear(8, 12), nn.LeakyReLU(0.2)], []),
    "equalized conv": ([grid(2), EqualizedConv(2, 12), nn.LeakyReLU(0.2)], []),
    "no activation": ([EqualizedLinear(8, 12)], []),
    "weight norm": ([parametrizations.weight_norm(nn.Linear(8, 12)), nn.Tanh()], []),
    "spectral norm": ([parametrizations.spectral_norm(nn.Linear(8, 12)), nn.SiLU()], []),
    "weights on the left": ([OnTheLeft(), nn.ReLU(), Transposed()], []),
    "einsum": ([Einsum(), nn.ReLU()], []),
    "bilinear": ([Bilinear()], []),
    "gated": ([nn.Linear(8, 24), nn.GLU()], []),
    "weights repeated for each image": ([nn.Linear(8, 12), nn.ReLU()], [Repeated()]),
    "of each token": ([nn.Unflatten(1, (4, 2)), nn.Linear(2, 6), nn.ReLU()], []),
    "transposed conv of a pixel": (
        [nn.Unflatten(1, (8, 1, 1)), nn.ConvTranspose2d(8, 12, 4), nn.BatchNorm2d(12), nn.ReLU()],
        [nn.Upsample(scale_factor=2)],
    ),
    "transposed conv in phases": (
        [grid(2), nn.ConvTranspose2d(2, 12, 4, 2, 1), nn.BatchNorm2d(12), nn.ReLU()],
        [],
    ),
    "batch norm behind phases": (
        [grid(2), nn.ConvTranspose2d(2, 12, 4, 2, 1), nn.ReLU()],
        [nn.BatchNorm2d(12)],
    ),
    "phases without activation": (
        [grid(2), nn.ConvTranspose2d(2, 12, 4, 2, 1), nn.BatchNorm2d(12)],
        [],
    ),
    "upsampled": (
        [grid(2), nn.Upsample(scale_factor=2), nn.Conv2d(2, 12, 3, padding=1), nn.ReLU()],
        [nn.BatchNorm2d(12), nn.PixelShuffle(2)],
    ),
}
"""Layers of many kinds: what makes the activations, and what adds nothing to them."""
FAST = {"equalized linear", "equalized conv", "batch norm behind phases"}


def completed(*layers: nn.Module) -> nn.Module:
    """A generator of 1x5x5 images of 8 latents that begins with these."""
    torch.manual_seed(0)
    made = nn.Sequential(
        *layers, nn.Flatten(), nn.LazyLinear(25), nn.Tanh(), nn.Unflatten(1, (1, 5, 5))
    )
    made(torch.zeros(2, 8))
    unsettle(made)
    return made.eval()


@pytest.mark.parametrize(
    "kind",
    [kind if kind in FAST else pytest.param(kind, marks=pytest.mark.slow) for kind in LAYERS],
)
def test_layers_of_any_class_are_found(kind: str) -> None:
    first, between = LAYERS[kind]
    model = opened(completed(*first, *between))
    z = latents.normal(50, 8)
    expected = relative(draw(nn.Sequential(*first), z))
    assert relative(first_layer(model, z)) == pytest.approx(expected, abs=1e-5)
    picture = relative(model.run(z))
    assert picture != pytest.approx(expected, abs=1e-3)  # or any layer would do


@pytest.mark.slow
def test_z_that_every_layer_gets_is_not_of_the_first() -> None:
    layer = nn.Sequential(EqualizedLinear(8, 12), nn.ReLU())
    z = latents.normal(50, 8)
    found = first_layer(opened(completed(WithLatent(layer))), z)
    np.testing.assert_allclose(found, draw(layer, z), atol=1e-5)


@pytest.mark.slow
def test_attention_is_what_its_layers_make_of_z() -> None:
    """Its two products are no layers: behind the first layer is that which mixes the heads."""

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.of = nn.MultiheadAttention(2, 1, batch_first=True)

        def forward(self, z: Tensor) -> Tensor:
            x = z.reshape(-1, 4, 2)
            mixed: Tensor = self.of(x, x, x, need_weights=False)[0]
            return mixed

    attention = Attention()
    model = opened(completed(attention))
    z = latents.normal(50, 8)
    found = first_layer(model, z).reshape(50, 4, 2)
    out = attention.of.out_proj
    mixed = found @ out.weight.detach().numpy().T + out.bias.detach().numpy()
    np.testing.assert_allclose(mixed, draw(attention, z), atol=1e-5)


def test_without_a_second_layer_it_is_the_picture() -> None:
    network = nn.Sequential(EqualizedLinear(8, 25), nn.Tanh(), nn.Unflatten(1, (1, 5, 5)))
    z = latents.normal(3, 8)
    found = first_layer(opened(network), z)
    np.testing.assert_allclose(found, draw(network, z).reshape(3, 25), atol=1e-5)


def test_a_run_and_its_file_have_the_same_directions(
    trained: Path, exported: Path, tmp_path: Path, cli: Cli
) -> None:
    run, file = ganzoo.load(trained), ganzoo.load(exported)
    by_torch, by_onnx = principal(run), principal(file)
    assert by_torch.vectors.shape == (10, 100)
    assert np.abs(by_torch.vectors - by_onnx.vectors).max() < 1e-6
    assert by_torch.shares == pytest.approx(by_onnx.shares, rel=1e-6)
    assert (np.diff(by_torch.shares) < 0).all()
    done = [cli("directions", model, "--rows", 1, "-o", tmp_path / "x.gif")
            for model in (trained, exported)]  # fmt: skip
    assert [result.code for result in done] == [0, 0], done[0].err
    assert done[0].out == done[1].out


class Noting(nn.Module):
    """Calls `note` whenever it draws; where it `fails`, it cannot be written as ONNX."""

    def __init__(self, note: Callable[[], object], fails: bool = False) -> None:
        super().__init__()
        self.network = completed(nn.Linear(8, 12), nn.ReLU())
        self.note, self.fails = note, fails

    def forward(self, z: Tensor) -> Tensor:
        self.note()
        if self.fails and z.sum() > 0:
            z = -z
        images: Tensor = self.network(z)
        return images


def test_the_graph_is_made_once_and_only_when_it_is_asked_for() -> None:
    calls = list[str]()
    model = opened(Noting(lambda: calls.append("")))
    model.sample(4)
    assert len(calls) == 1
    found = first_layer(model, latents.normal(2, 8))
    traced = len(calls)
    assert traced > 1
    np.testing.assert_array_equal(first_layer(model, latents.normal(2, 8)), found)
    assert len(calls) == traced


def test_what_cannot_be_written_as_onnx_can_be_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    model = opened(Noting(lambda: None, fails=True))
    assert model.sample(4).shape == (4, 5, 5, 1)
    with pytest.raises(FirstLayerError) as caught:
        principal(model)
    assert "found in ONNX graphs, and x cannot be written as ONNX: test_firstlayer.py, line" in str(
        caught.value
    )
    page = facts(model, "x")
    assert (len(page["ranking"]), page["directions"]) == (8, [])
    assert capfd.readouterr() == ("", "")


def test_nothing_takes_the_picture_because_nobody_looked(trained: Path) -> None:
    with pytest.raises(UsageError, match="with_first_layer"):
        principal(load_generator(trained)[0])


def test_what_a_hostile_file_concatenates_is_followed_once() -> None:
    names = [f"v{i}" for i in range(61)]
    nodes = [helper.make_node("Gemm", ["latent", "w"], ["v0"])]
    nodes += [
        helper.make_node("Concat", [value, value], [twice], axis=1)
        for value, twice in pairwise(names)
    ]
    nodes += [helper.make_node("Gemm", ["v60", "u"], ["image"])]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("z", "y")]
    graph = helper.make_graph(nodes, "x", ports[:1], ports[1:])
    assert firstlayer.find(read(helper.make_model(graph).SerializeToString(), "x").nodes) == ["v60"]


OWN = '''
"""An MLP of equalized layers."""
from dataclasses import replace

import torch
from torch import nn
from torch.nn.functional import linear

from ganzoo_plugins.mlp_gan import mlp_gan


class Equalized(nn.Module):
    def __init__(self, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(wide_out, wide_in))

    def forward(self, x):
        return linear(x, self.weight * self.weight.shape[1] ** -0.5)


def own():
    """Layers of a class of its own."""
    return replace(mlp_gan(hidden=(8,), latent_dim=8), generator=lambda: nn.Sequential(
        Equalized(8, 16), nn.LeakyReLU(0.2), Equalized(16, 784), nn.Tanh(),
        nn.Unflatten(1, (1, 28, 28)),
    ))
'''


@pytest.mark.slow
def test_the_commands_agree_about_layers_of_a_plugins_own(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "own-gan", OWN, {"own": "own"})

    def run(*arguments: object) -> str:
        done = process("-m", "ganzoo", *arguments, cwd=tmp_path, env={"PYTHONPATH": str(site)})
        assert done.code == 0, done.err
        return done.out

    run("train", "own", "--data", "toy_garments", "--set-data", "count=64", "--max-steps", 20)
    run("export", "--onnx", "-o", "own.onnx")
    options = ("--count", 3, "--rows", 1, "-o", "x.gif")
    of_run = run("directions", "runs/own-toy_garments-001", *options)
    assert of_run == run("directions", "own.onnx", *options)
    assert of_run.count("direction ") == 3


@pytest.mark.slow
def test_drawing_a_run_imports_no_onnx(trained: Path, tmp_path: Path) -> None:
    code = "import sys; from ganzoo.cli import main\ntry: main(sys.argv[1:])\n"
    code += "finally: print({'onnx', 'onnxruntime', 'onnxscript'} & set(sys.modules))"
    done = process("-c", code, "sample", trained, "-n", 1, cwd=tmp_path)
    assert done.out.splitlines()[-1] == "set()", done.err
