"""What programs other than onnxruntime need of a file: plain operators, shapes, and names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from ganzoo.draw import graph
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.session import from_bytes
from ganzoo.draw.vocabulary.cost import of_one_image
from ganzoo.export import variants
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import Reference, with_metadata
from ganzoo.export.quantize import Quantizer, rounded
from ganzoo.export.shapes import with_shapes
from ganzoo.train.networks import draw
from tests.draw.test_vocabulary import shapes_by_onnxruntime
from tests.export.test_graph import Equalised, Skip, Styled, end, image, info_of

pytestmark = pytest.mark.usefixtures("quick_exports")


class Viewed(nn.Module):
    """Shapes that are computed of the batch, and a constant of its own that is stretched."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 48), nn.Conv2d(7, 1, 3, padding=1)
        self.start = nn.Parameter(torch.randn(4, 3, 4))
        self.shade = nn.Buffer(torch.rand(1))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        n = z.shape[0]
        x = self.first(z).view(n, 4, 3, 4) + self.start.expand(n, 4, 3, 4) * self.shade
        y = torch.cat([x, x.reshape(n, 2, 2, 12).mean(2).reshape(n, 2, 3, 4), x[:, :1]], 1)
        made: torch.Tensor = self.last(y).tanh()
        return made


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "perceptron": lambda: nn.Sequential(
        nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 12), nn.Tanh(),
        nn.Unflatten(1, (1, 3, 4)),
    ),
    "transposed": lambda: nn.Sequential(
        nn.Unflatten(1, (6, 1, 1)), nn.ConvTranspose2d(6, 8, 3), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), *end(8),
    ),
    "phases to a colour image": lambda: nn.Sequential(
        *image(4, 3), nn.BatchNorm2d(4), nn.Upsample(scale_factor=2), nn.Conv2d(4, 8, 3, padding=1),
        nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Conv2d(8, 3, 3, padding=1), nn.Tanh(),
    ),
    "phases of three": lambda: nn.Sequential(
        *image(4, 3), nn.ConvTranspose2d(4, 8, 3, 3), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1),
    ),
    "pixel shuffle": lambda: nn.Sequential(*image(12, 3), nn.PixelShuffle(2), nn.Tanh()),
    "equalised": lambda: nn.Sequential(Equalised(6, 12), nn.Unflatten(1, (1, 3, 4))),
    "two outputs": Styled,
    "used twice": Skip,
    "views": Viewed,
}  # fmt: skip
LAYERS = ("Conv", "ConvTranspose", "Gemm")


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_every_variant_is_plain_has_shapes_and_the_names_of_modules(
    network: Callable[[], nn.Module],
) -> None:
    torch.manual_seed(0)
    made = network().eval()
    info = info_of(made)
    model = to_onnx(made, info)
    Reference(Generator(info, lambda z: draw(made, z))).check(model, info)
    quantizer = Quantizer(model, info)
    pixels = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    files = {
        "float32": (model, info),
        "float16": (clean(variants.half(model)), info),
        "int8": (clean(rounded(quantizer, lambda _: True)), info),
        "stored": (clean(rounded(quantizer, lambda _: True, compute=False)), info),
        "uint8": (clean(variants.uint8(model, info)), replace(info, image=pixels)),
    }
    for name, (each, said) in files.items():
        content = with_metadata(with_shapes(each), said)
        check_plain(onnx.load_from_string(content), name)
        check_shapes(content, said, name)
        check_names(onnx.load_from_string(content), made, name)
        assert from_bytes(content, name, ours=True).sample(3).shape[0] == 3


def check_plain(model: onnx.ModelProto, name: str) -> None:
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        assert "allowzero" not in attributes, name
        if node.op_type == "Reshape":
            assert node.input[1] in {t.name for t in model.graph.initializer}, name
        if node.op_type == "DepthToSpace":
            assert attributes["mode"] == b"CRD", name


def check_shapes(content: bytes, info: ModelInfo, name: str) -> None:
    """All that nodes make is declared, and is what onnxruntime makes."""
    declared = {
        value.name: [d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim]
        for value in onnx.load_from_string(content).graph.value_info
    }
    for n in (3, 5):
        made = shapes_by_onnxruntime(content, info, n)
        found = {k: tuple(n if s == "batch" else s for s in v) for k, v in declared.items()}
        assert found == {k: v for k, v in made.items() if k != "image"}, name


def check_names(model: onnx.ModelProto, network: nn.Module, name: str) -> None:
    """What a layer multiplies by is called as in the checkpoint, and so is each own constant."""
    stored = [tensor.name for tensor in model.graph.initializer]
    assert len(set(stored)) == len(stored)
    modules = {f"generator.{key}": module for key, module in network.named_modules()}
    large = [t.name for t in model.graph.initializer if len(t.dims) > 1 and "scale" not in t.name]
    parameters = {f"generator.{key}" for key in network.state_dict()}
    for weight in large:
        own = re.sub(r"(\.\d+)?(_quantized|_rest)?$", "", weight)
        assert own in parameters, (name, weight)
        module = modules.get(own.removesuffix(".weight"))
        if own.endswith(".weight"):
            assert isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d), (name, weight)
    weights = [key for key, value in network.state_dict().items() if value.ndim in (2, 4)]
    assert {f"generator.{key}" for key in weights} <= {
        re.sub(r"(_quantized|_rest)$", "", weight) for weight in large
    }, name


@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_phases_in_the_order_of_an_older_export_are_still_drawn_here(
    stride: int, channels: int
) -> None:
    """DCR, and a Reshape with allowzero."""
    torch.manual_seed(0)
    network = nn.Sequential(
        *image(4, 3), nn.ConvTranspose2d(4, 8, stride, stride), nn.ReLU(),
        nn.Conv2d(8, channels, 3, padding=1), nn.Tanh(),
    ).eval()  # fmt: skip
    info = info_of(network)
    new = to_onnx(network, info)
    old = onnx.ModelProto()
    old.CopyFrom(new)
    (shuffle,) = [node for node in old.graph.node if node.op_type == "DepthToSpace"]
    (conv,) = [node for node in old.graph.node if shuffle.input[0] in node.output]
    for tensor in old.graph.initializer:
        if tensor.name in conv.input:
            array = onnx.numpy_helper.to_array(tensor)
            parts = array.reshape(channels, stride**2, *array.shape[1:]).swapaxes(0, 1)
            changed = np.ascontiguousarray(parts.reshape(array.shape))
            tensor.CopyFrom(onnx.numpy_helper.from_array(changed, tensor.name))
    (mode,) = [a for a in shuffle.attribute if a.name == "mode"]
    mode.s = b"DCR"
    for node in old.graph.node:
        if node.op_type == "Reshape":
            node.attribute.append(onnx.helper.make_attribute("allowzero", 1))
    files = [with_metadata(model, info) for model in (new, old)]
    assert all(of_one_image(graph.read(content, "x"), info).products for content in files)
    drawn = [from_bytes(content, "x").sample(5) for content in files]
    np.testing.assert_array_equal(drawn[0], drawn[1])
