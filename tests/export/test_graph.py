"""The graph rewriting: each rule on small networks of its kind, and on what it must leave alone."""

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import UsageError
from ganzoo.export.graph import OPSETS, to_onnx
from ganzoo.export.parity import Reference
from ganzoo.train.networks import draw

pytestmark = pytest.mark.usefixtures("quick_exports")


def info_of(network: nn.Module) -> ModelInfo:
    """What a file says of a network that takes six numbers; it evaluates from then on."""
    with torch.no_grad():
        channels, height, width = network.eval()(torch.zeros(2, 6)).shape[1:]
    return ModelInfo(
        version="0", architecture="x", plugin={"package": "x", "version": "0"}, options={},
        latent={"shape": [6], "dist": "normal", "rng": "gz-normal-v1"},
        image={"layout": "NCHW", "dtype": "float32", "range": [-1, 1], "size": [height, width],
               "channels": channels},
        dataset="x", samples_seen=0,
    )  # fmt: skip


def operators(network: nn.Module, opset: int = 20) -> Counter[str]:
    """The exported graph's operators, once its images were found to be torch's."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):  # as after training
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    info = info_of(network)
    model = to_onnx(network, info, opset)
    Reference(Generator(info, lambda z: draw(network, z))).check(model, info)
    written = onnx.load_from_string(model.SerializeToString())
    assert [(o.domain, o.version) for o in written.opset_import] == [("", opset)]
    return Counter(node.op_type for node in model.graph.node)


def image(channels: int, side: int) -> list[nn.Module]:
    """From latents to a small image of many channels, which is wider than high."""
    return [
        nn.Linear(6, channels * side * (side + 1)), nn.Unflatten(1, (channels, side, side + 1)),
    ]  # fmt: skip


def end(channels: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, 1, 1), nn.Tanh()]


def test_a_norm_behind_a_linear_layer_and_a_reshape() -> None:
    found = operators(nn.Sequential(*image(8, 3), nn.BatchNorm2d(8), nn.ReLU(), *end(8)))
    assert found == {"Gemm": 1, "Reshape": 1, "Relu": 1, "Conv": 1, "Tanh": 1}


@pytest.mark.parametrize("bias", [True, False])
def test_a_norm_before_a_linear_layer(bias: bool) -> None:
    net = nn.Sequential(
        nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.BatchNorm1d(8, eps=0.8), nn.Linear(8, 9, bias=bias),
        nn.Tanh(), nn.Unflatten(1, (1, 3, 3)),
    )  # fmt: skip
    assert operators(net)["BatchNormalization"] == (0 if bias else 1)


def test_a_norm_that_cannot_be_folded_stays() -> None:
    """Behind a ReLU and before a convolution that pads with zeros, its shift is not constant."""
    net = nn.Sequential(
        *image(8, 4), nn.ReLU(), nn.BatchNorm2d(8), nn.Conv2d(8, 1, 3, padding=1), nn.Tanh()
    )
    assert operators(net)["BatchNormalization"] == 1


@pytest.mark.parametrize(("kernel", "bias"), [(4, False), (3, True)])
def test_one_pixel_becomes_a_matrix_product(kernel: int, bias: bool) -> None:
    net = nn.Sequential(
        nn.Unflatten(1, (6, 1, 1)), nn.ConvTranspose2d(6, 8, kernel, bias=bias), nn.ReLU(), *end(8)
    )
    assert operators(net) == {"Gemm": 1, "Reshape": 1, "Relu": 1, "Conv": 1, "Tanh": 1}


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_stride_one_becomes_a_convolution(padding: int) -> None:
    net = nn.Sequential(*image(4, 5), nn.ConvTranspose2d(4, 3, 3, padding=padding), nn.Tanh())
    assert operators(net)["ConvTranspose"] == 0


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "output_padding"),
    [(4, 2, 1, 0), (6, 2, 2, 0), (3, 3, 0, 0), (5, 3, 1, 0), (6, 4, 1, 0), (4, 2, 0, 0),
     (4, 2, 2, 0), (3, 2, 1, 1), (5, 3, 2, 2)],
)  # fmt: skip
def test_transposed_convolutions_become_phases(
    kernel: int, stride: int, padding: int, output_padding: int
) -> None:
    net = nn.Sequential(
        *image(4, 3), nn.ConvTranspose2d(4, 9, kernel, stride, padding, output_padding),
        nn.BatchNorm2d(9), nn.ReLU(), *end(9),
    )  # fmt: skip
    found = operators(net)
    assert (found["ConvTranspose"], found["Conv"]) == (0, stride**2 + 1)


@pytest.mark.parametrize(
    ("factor", "kernel", "padding"), [(2, 3, 1), (2, 5, 2), (3, 5, 2), (2, 3, 0)]
)
def test_upsampling_and_convolving_become_phases(factor: int, kernel: int, padding: int) -> None:
    net = nn.Sequential(
        *image(4, 3), nn.Upsample(scale_factor=factor), nn.Conv2d(4, 8, kernel, padding=padding),
        nn.LeakyReLU(0.2), *end(8),
    )  # fmt: skip
    found = operators(net)
    assert (found["Resize"], found["ConvTranspose"], found["Conv"]) == (0, 0, factor**2 + 1)


@pytest.mark.parametrize("factor", [2, 3])
def test_the_image_is_made_of_phases(factor: int) -> None:
    net = nn.Sequential(
        *image(4, 3), nn.ConvTranspose2d(4, 8, factor, factor), nn.ReLU(),
        nn.Conv2d(8, 3, 3, padding=1), nn.Tanh(),
    )  # fmt: skip
    found = operators(net)
    assert (found["Conv"], found["DepthToSpace"], found["Unsqueeze"]) == (factor**2 + 1, 1, 0)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ConvTranspose2d(4, 8, 4, 2, 1, groups=2), *end(8)],
        [nn.ConvTranspose2d(4, 8, 2, 2, 1), *end(8)],  # phases smaller than the image
        [nn.ConvTranspose2d(4, 8, (4, 2), (2, 2), (1, 0)), *end(8)],
        [nn.ConvTranspose2d(4, 8, 3, 2, 1, dilation=2), *end(8)],
        [nn.ConvTranspose2d(4, 8, 3, 2, 0), *end(8)],  # 7 pixels: phases of unequal size
        [nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.Tanh()],  # the image itself
        [nn.ConvTranspose2d(4, 8, 1, 2, 0, output_padding=1), *end(8)],
    ],
)
def test_other_transposed_convolutions_stay(layers: list[nn.Module]) -> None:
    assert operators(nn.Sequential(*image(4, 3), *layers))["ConvTranspose"] == 1


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_other_upsampling_stays(mode: str) -> None:
    net = nn.Sequential(
        *image(4, 3), nn.Upsample(scale_factor=2, mode=mode), nn.Conv2d(4, 8, 3, padding=1), *end(8)
    )
    assert operators(net)["Resize"] == 1


def test_single_pixels_are_convolved_before_they_are_repeated() -> None:
    net = nn.Sequential(*image(4, 3), nn.Upsample(scale_factor=2), nn.Conv2d(4, 9, 1), *end(9))
    assert operators(net)["Conv"] == 2


def test_far_upsampling_stays() -> None:
    """Its weights would grow many times over."""
    net = nn.Sequential(
        *image(4, 3), nn.Upsample(scale_factor=8), nn.Conv2d(4, 9, 3, padding=1), *end(9)
    )
    assert operators(net)["Resize"] == 1


class Equalised(nn.Linear):
    """Weights that are scaled as they are used (Karras et al., 2018)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight * 0.3, self.bias)


def test_what_depends_on_weights_alone_is_computed_at_export() -> None:
    net = nn.Sequential(
        Equalised(6, 512), nn.ReLU(), Equalised(512, 12), nn.Unflatten(1, (1, 3, 4))
    )
    assert operators(net) == {"Gemm": 2, "Relu": 1, "Reshape": 1}


class Styled(nn.Module):
    """Instance norm whose scale and shift come from the latent: a node with two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.start, self.style = nn.Sequential(*image(8, 3)), nn.Linear(6, 16)
        self.end = nn.Sequential(*end(8))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        scale, shift = self.style(z)[:, :, None, None].chunk(2, 1)
        x = nn.functional.instance_norm(self.start(z)) * scale + shift
        image: torch.Tensor = self.end(x)
        return image


def test_nodes_with_two_outputs() -> None:
    assert operators(Styled())["Split"] == 1


def test_a_reshape_that_mixes_images_is_left_alone() -> None:
    """Two rows of a batch norm's input out of each row of the linear layer."""
    net = nn.Sequential(
        nn.Linear(6, 16), Rows(), nn.BatchNorm1d(8), nn.Tanh(), nn.Unflatten(1, (1, 2, 4)), Pairs()
    )
    assert operators(net)["BatchNormalization"] == 1


class Rows(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(-1, 8)


class Pairs(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(-1, 1, 4, 4)


def test_padding_wider_than_the_kernel() -> None:
    net = nn.Sequential(
        *image(4, 3), nn.Upsample(scale_factor=2), nn.Conv2d(4, 8, 1, padding=1), *end(8)
    )
    assert operators(net)["Resize"] == 1


class Skip(nn.Module):
    """A value that two layers use must not be taken apart for one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Sequential(*image(8, 3), nn.BatchNorm2d(8))
        self.up = nn.Upsample(scale_factor=2)
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.wide = nn.ConvTranspose2d(8, 8, 4, 2, 1)
        self.end = nn.Sequential(*end(8))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        start = self.start(z)
        large, wide = self.up(start), self.wide(start)
        image: torch.Tensor = self.end(self.conv(large) + large + wide.relu() + wide)
        return image


def test_values_that_are_used_twice() -> None:
    found = operators(Skip())
    assert found["Resize"] == 1
    assert found["BatchNormalization"] == 0


@pytest.mark.parametrize("opset", OPSETS)
def test_every_opset_is_what_was_asked_for(opset: int) -> None:
    net = nn.Sequential(
        *image(4, 3), nn.BatchNorm2d(4), nn.Upsample(scale_factor=2),
        nn.Conv2d(4, 8, 3, padding=1), nn.LeakyReLU(0.2), *end(8),
    )  # fmt: skip
    assert operators(net, opset)["Conv"] == 5


@pytest.mark.parametrize(("opset", "ir_version"), [(13, None), (23, None), (20, 8), (20, 999)])
def test_what_cannot_be_written_is_refused(opset: int, ir_version: int | None) -> None:
    info = ModelInfo(
        version="0", architecture="x", plugin={}, options={}, latent={"shape": [6]}, image={},
        dataset="x", samples_seen=0,
    )  # fmt: skip
    option = "opset must be from 18 to 22" if ir_version is None else "ir_version must be from"
    with pytest.raises(UsageError, match=option):
        to_onnx(nn.Linear(6, 6), info, opset, ir_version)


def test_weights_are_float32_and_named_as_in_the_checkpoint() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*image(4, 3), nn.ConvTranspose2d(4, 9, 4, 2, 1), nn.ReLU(), *end(9))
    info = ModelInfo(
        version="0", architecture="x", plugin={}, options={}, latent={"shape": [6]}, image={},
        dataset="x", samples_seen=0,
    )  # fmt: skip
    model = to_onnx(net, info)
    floats = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    assert {t.data_type for t in model.graph.initializer} <= {
        onnx.TensorProto.FLOAT, onnx.TensorProto.INT64,
    }  # fmt: skip
    weights = sum(int(np.prod(t.dims)) for t in floats)
    assert weights == sum(p.numel() for p in net.parameters())  # phases share out the kernel
    assert [t.name for t in floats] == [
        "generator.0.weight", "generator.0.bias", "generator.2.weight", "generator.2.bias",
        "generator.2.weight.1", "generator.2.weight.2", "generator.2.weight.3",
        "generator.4.weight", "generator.4.bias",
    ]  # fmt: skip
