"""Files that draw a fixed number of images in each call, and files of float16 numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import nn

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.activations import Activations
from ganzoo.draw.directions import principal
from ganzoo.draw.form import MAX_BATCH, Form
from ganzoo.draw.generator import Generator
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError, OutputError, UsageError
from ganzoo.export import variants
from ganzoo.export.exporting import could_be, export_onnx
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.export.shapes import with_batch, with_shapes
from ganzoo.report.words import exports
from ganzoo.train.networks import draw
from tests.conftest import Cli
from tests.export.test_graph import end, image, info_of
from tests.export.test_inputs import INFO, Styled

pytestmark = pytest.mark.usefixtures("quick_exports")


class Flat(nn.Module):
    """Six numbers as an image."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z.view(-1, 1, 2, 3)


def fixed(path: Path) -> list[list[int]]:
    """The shapes of all inputs, outputs and values of a file; a free size is 0."""
    graph = onnx.load(path).graph
    return [
        [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output, *graph.value_info)
    ]


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_a_file_of_a_fixed_batch_draws_any_number(
    trained: Path, exported: Path, tmp_path: Path, batch: int
) -> None:
    made = export_onnx(trained, tmp_path / "x.onnx", batch=batch)
    assert made.to_json()["batch"] == batch
    shapes = fixed(made.path)
    assert shapes[:2] == [[batch, 100], [batch, 1, 28, 28]]
    assert all(0 not in shape for shape in shapes)
    (rows,) = exports(made.info.weights_sha256, tmp_path)  # as the report has it
    assert dict(rows)["input"] == f"latent float32 ({batch}, 100)"
    assert dict(rows)["output"] == f"image float32 ({batch}, 1, 28, 28)"
    ours, other = ganzoo.load(made.path), ganzoo.load(exported)
    assert ours.most == batch  # it runs in this process, as its work is known
    for n in (1, 2, 3, 7, 130):
        off = ours.sample(n, seed=5).astype(int) - other.sample(n, seed=5)
        assert np.abs(off).max() <= 1
    assert np.array_equal(ours.sample(7, 2, batch_size=2), ours.sample(7, 2))
    found, expected = principal(ours, count=3), principal(other, count=3)
    np.testing.assert_allclose(found.shares, expected.shares, rtol=1e-3)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-3)


def test_every_variant_of_a_fixed_batch(tmp_path: Path) -> None:
    """Convolutions as phases, in 16 bits and as pixels, of five images in each call."""
    torch.manual_seed(0)
    network = nn.Sequential(*image(4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 8, 4, 2, 1),
                            nn.BatchNorm2d(8), nn.LeakyReLU(0.2), *end(8))  # fmt: skip
    info = info_of(network)
    whole = to_onnx(network, info)
    torchs = Generator(info, partial(draw, network))
    for model in (whole, clean(variants.half(whole))):
        made = with_shapes(with_batch(model, 5))
        ours = from_bytes(with_metadata(made, info), "m.onnx", "CPU")
        assert ours.most == 5
        assert np.abs(ours.sample(12).astype(int) - torchs.sample(12)).max() <= 1
    pixels = replace(info, image={**info.image, "layout": "NHWC", "dtype": "uint8"})
    made = with_shapes(with_batch(clean(variants.uint8(whole, info)), 5))
    ours = from_bytes(with_metadata(made, pixels), "m.onnx", "CPU")
    assert ours.run(np.zeros((7, 6))).dtype == np.uint8
    assert np.abs(ours.sample(12).astype(int) - torchs.sample(12)).max() <= 1


def test_labels_and_a_truncation_of_a_fixed_batch() -> None:
    torch.manual_seed(0)
    network = Styled().eval()
    model = with_batch(to_onnx(network, INFO), 4)
    ours = from_bytes(with_metadata(model, INFO), "m.onnx", "CPU")
    torchs = Generator(INFO, partial(draw, network))
    for label, truncation in ((None, None), ("Bag", 0.5)):
        off = ours.sample(9, 3, label=label, truncation=truncation).astype(int) - torchs.sample(
            9, 3, label=label, truncation=truncation
        )
        assert np.abs(off).max() <= 1


def test_the_command(trained: Path, exported: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("export", trained, "--batch", 8, "-o", tmp_path / "x.onnx")
    assert done.code == 0, done.err
    assert "latent float32 (8, 100) to image float32 (8, 1, 28, 28)" in done.out
    sampled = cli("sample", tmp_path / "x.onnx", "-n", 11, "-o", tmp_path / "x.png")
    usual = cli("sample", exported, "-n", 11, "-o", tmp_path / "usual.png")
    assert (sampled.code, usual.code) == (0, 0)
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "usual.png").read_bytes()
    again = cli("export", trained, "--batch", 8, "-o", tmp_path / "x.onnx", "--json")
    assert json.loads(again.out)["batch"] == 8
    other = cli("export", trained, "--batch", 9, "-o", tmp_path / "x.onnx")
    assert (other.code, "is not this model" in other.err) == (6, True)
    refused = cli("export", trained, "--batch", 0, "-o", tmp_path / "y.onnx")
    assert (refused.code, "--batch must be from 1 to 65,536, not 0" in refused.err) == (2, True)


def test_another_batch_is_another_model(trained: Path, exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "x.onnx"
    copy.write_bytes(exported.read_bytes())
    with pytest.raises(OutputError, match="is not this model"):
        export_onnx(trained, copy, batch=2)
    with pytest.raises(UsageError, match="batch must be from 1"):
        export_onnx(trained, tmp_path / "y.onnx", batch=MAX_BATCH + 1)


@pytest.mark.parametrize(
    ("latent", "made"),
    [(0, 0), (-1, -1), (MAX_BATCH + 1, MAX_BATCH + 1), (4, 5), (4, "n"), ("n", 4)],
)
def test_batches_that_cannot_be(
    exported: Path, tmp_path: Path, latent: int | str, made: int | str
) -> None:
    model = onnx.load(exported)
    for port, size in ((model.graph.input[0], latent), (model.graph.output[0], made)):
        dim = port.type.tensor_type.shape.dim[0]
        dim.Clear()
        if isinstance(size, str):
            dim.dim_param = size
        else:
            dim.dim_value = size
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="should map latent"):
        ganzoo.load(tmp_path / "x.onnx")


def test_a_call_of_too_much_work_runs_apart() -> None:
    """It would keep Ctrl-C waiting in this process."""
    network = nn.Sequential(
        nn.Linear(6, 2048), nn.Linear(2048, 2048), nn.Linear(2048, 4), nn.Unflatten(1, (1, 2, 2))
    )
    info = info_of(network)
    model = to_onnx(network, info)
    for batch, most in ((7, 7), (MAX_BATCH, 0)):
        file = with_metadata(with_batch(model, batch), info)
        assert from_bytes(file, "m.onnx", "CPU").most == most


def test_no_call_draws_more_than_may_be_at_once() -> None:
    """However many are asked for, and of whatever size a batch is to be."""
    calls: list[int] = []

    def forward(z: np.ndarray) -> np.ndarray:
        calls.append(len(z))
        return z.reshape(-1, 1, 2, 3)

    generator = Generator(info_of(Flat()), forward, most=3)
    for batch_size in (2, 3, 64):
        generator.sample(10, batch_size=batch_size)
    assert calls == [2] * 5 + [3, 3, 3, 1] * 2


@pytest.mark.parametrize("batch", [None, 3])
def test_inputs_and_outputs_of_float16(
    trained: Path, exported: Path, tmp_path: Path, batch: int | None
) -> None:
    """As the converters of other projects write them."""
    made = export_onnx(trained, tmp_path / "x.onnx", batch=batch).path
    model = convert_float_to_float16(onnx.load(made), keep_io_types=False)
    assert model.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT16
    (tmp_path / "half.onnx").write_bytes(model.SerializeToString())
    ours, other = ganzoo.load(tmp_path / "half.onnx"), ganzoo.load(exported)
    images = ours.run(latents.normal(5, 100, 1))
    assert (images.dtype.name, images.shape) == ("float32", (5, 1, 28, 28))
    assert np.abs(ours.sample(10, 1).astype(int) - other.sample(10, 1)).max() <= 2
    assert principal(ours, count=1).shares == pytest.approx(principal(other, count=1).shares, 0.01)


def test_labels_are_never_floats(tmp_path: Path) -> None:
    model = to_onnx(Styled().eval(), INFO)
    model.graph.input[1].type.tensor_type.elem_type = TensorProto.FLOAT16
    cast = helper.make_node("Cast", ["label"], ["whole"], to=TensorProto.INT64)
    for node in model.graph.node:
        node.input[:] = ["whole" if name == "label" else name for name in node.input]
    model.graph.node.insert(0, cast)
    with pytest.raises(ModelFileError, match=r"should map latent .*label int64"):
        from_bytes(with_metadata(model, INFO), "m.onnx", "CPU")


FIRST = [
    helper.make_node("MatMul", ["latent", "v"], ["h0"]),
    helper.make_node("Relu", ["h0"], ["h1"]),
]
SECOND = [
    helper.make_node("MatMul", ["h1", "w"], ["flat"]),
    helper.make_node("Reshape", ["flat", "shape"], ["rows"]),
]
IF_LARGE = [
    helper.make_node("ReduceMax", ["latent"], ["most"], keepdims=0),
    helper.make_node("Greater", ["most", "high"], ["is_large"]),
    helper.make_node("Cast", ["is_large"], ["more"], to=TensorProto.INT64),
    helper.make_node("Add", ["more", "least"], ["end"]),
]
"""Whether one of the latents is large: `end` is then 3, and else 2."""


def of_ours(*nodes: onnx.NodeProto, batch: int | str = 4, dim: int = 6) -> bytes:
    """A file with the least metadata: latents (batch, dim) to images (batch, 3, 4, 5)."""
    rng = np.random.default_rng(0)
    values = {
        "v": rng.normal(size=(dim, 6)).astype(np.float32),
        "w": rng.normal(size=(6, 60)).astype(np.float32),
        "k": rng.normal(size=(5, 1, 1)).astype(np.float32),
        "shape": np.array([-1, 3, 4, 5]),
        "high": np.float32(2.5),
        "least": np.array([2]),
        "zero": np.array([0]),
        "one": np.array([1]),
    }
    graph = helper.make_graph(
        nodes,
        "of_ours",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, [batch, dim])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 4, 5])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    latent = f'{{"shape": [{dim}], "dist": "normal", "rng": "gz-normal-v1"}}'
    image = {"layout": "NCHW", "dtype": "float32", "range": [-9, 9], "size": [4, 5], "channels": 3}
    said = {"schema": "1", "latent": latent, "image": json.dumps(image)}
    helper.set_model_props(model, {f"ganzoo.{name}": value for name, value in said.items()})
    return bytes(model.SerializeToString())


LIES = {
    "one number": [helper.make_node("ReduceMean", ["rows"], ["image"], keepdims=0)],
    "another batch": [helper.make_node("Concat", ["rows", "rows"], ["image"], axis=0)],
    "another width for large latents": [
        *IF_LARGE,
        helper.make_node("Add", ["end", "least"], ["width"]),
        helper.make_node("Slice", ["rows", "zero", "width", "three"], ["image"]),
    ],
}


@pytest.mark.parametrize("batch", [1, 4, "n"])
@pytest.mark.parametrize("lie", LIES)
def test_images_that_are_not_as_declared(lie: str, batch: int | str) -> None:
    three = helper.make_node("Constant", [], ["three"], value_ints=[3])
    ours = from_bytes(of_ours(*FIRST, *SECOND, three, *LIES[lie], batch=batch), "m.onnx", "CPU")
    with pytest.raises(ModelFileError, match=r"m.onnx draws float32 .*, not what it declares"):
        ours.sample(3)


@pytest.mark.parametrize("batch", [1, 4, 64, "n"])
def test_a_first_layer_whose_size_depends_on_z(batch: int | str) -> None:
    file = of_ours(
        *FIRST,
        *IF_LARGE,
        helper.make_node("Slice", ["h1", "zero", "end", "one"], ["some"]),
        helper.make_node("Relu", ["some"], ["again"]),
        helper.make_node("Unsqueeze", ["again", "one"], ["line"]),
        helper.make_node("Conv", ["line", "k"], ["convolved"], kernel_shape=[1]),
        *SECOND,
        helper.make_node("ReduceMean", ["convolved"], ["mean"], keepdims=0),
        helper.make_node("Add", ["rows", "mean"], ["image"]),
        batch=batch,
    )
    ours = from_bytes(file, "m.onnx", "CPU")
    assert ours.sample(3).shape == (3, 4, 5, 3)
    with pytest.raises(ModelFileError, match="does not keep the images of a batch apart"):
        principal(ours, count=1)


def test_a_graph_of_float16_runs_apart_whatever_it_is() -> None:
    """Its work is counted as if it were float32, so it is not run in this process."""
    info, shape = info_of(Flat()), numpy_helper.from_array(np.array([-1, 1, 2, 3]), "shape")
    for dtype, apart in ((TensorProto.FLOAT, False), (TensorProto.FLOAT16, True)):
        ports = [
            helper.make_tensor_value_info(name, dtype, ["n", *sizes])
            for name, sizes in (("latent", [6]), ("image", [1, 2, 3]))
        ]
        nodes = [helper.make_node("Reshape", ["latent", "shape"], ["image"])]
        graph = helper.make_graph(nodes, "g", ports[:1], ports[1:], [shape])
        opsets = [helper.make_opsetid("", 20)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        generator = from_bytes(with_metadata(model, info), "m.onnx", "CPU")
        assert (generator.most == 0) == apart
        assert generator.sample(3).shape == (3, 2, 3, 1)


@pytest.mark.parametrize("batch", [None, 3])
def test_activations_whose_images_lie_in_columns(batch: int | None) -> None:
    """Three features, as many as the images of a call: which axis is which cannot be counted."""
    weights = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    how = Form(batch, {"latent": "float32"})
    layer = Activations(
        lambda given, n: [weights @ given["latent"].T], info_of(Flat()), how, "m.onnx"
    )
    z = latents.normal(7, 6)
    np.testing.assert_allclose(layer(z), z @ weights.T, rtol=1e-5)


def test_a_file_of_another_batch_is_known_before_the_work(exported: Path) -> None:
    content, info = exported.read_bytes(), ganzoo.load(exported).info
    assert could_be(info, content, exported)
    assert not could_be(info, content, exported, batch=2)
