"""What is known of a graph before it is run: what ganzoo exports is, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ganzoo.draw import graph
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.untrusted import inspect
from ganzoo.draw.vocabulary.cost import of_batch, of_one_image, values_of
from ganzoo.draw.vocabulary.values import Unknown
from ganzoo.errors import ModelFileError
from ganzoo.export import variants
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.export.quantize import Quantizer, rounded
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build
from ganzoo.zoo import catalogue, registry

Change = Callable[[onnx.ModelProto], None]


def info_of(content: bytes) -> ModelInfo:
    return ModelInfo.from_metadata(inspect(content, "x").metadata, "x")


def shapes_by_onnxruntime(content: bytes, info: ModelInfo, n: int) -> dict[str, tuple[int, ...]]:
    """The shapes of all values that nodes make, as they are when the graph is run."""
    model = onnx.load_from_string(content)
    names = [name for node in model.graph.node for name in node.output]
    for name in names:
        if name != "image":
            model.graph.output.append(helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    given = dict(zip(info.inputs, info.zeros(n), strict=True))
    return {name: value.shape for name, value in zip(names, session.run(names, given), strict=True)}


QUICK = ("mlp_gan", "stylegan2_small")
"""Architectures that are tried always; the others take a minute together."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(e.name, marks=() if e.name in QUICK else pytest.mark.slow)
        for e in catalogue.architectures()
        if e.package == "ganzoo"
    ],
)
def test_all_that_is_exported_is_understood_and_has_the_shapes_that_it_has(name: str) -> None:
    loaded = registry.load_architecture(name)
    classes = tuple(str(number) for number in range(loaded.value.classes))
    info = model_info(loaded, "nothing", 0, classes)
    model = to_onnx(build(loaded.value)[0].eval(), info)
    quantizer = Quantizer(model, info)
    made = {
        "float32": model,
        "float16": clean(variants.half(model)),
        "int8": clean(rounded(quantizer, lambda _: True)),
        "stored in int8": clean(rounded(quantizer, lambda _: True, compute=False)),
    }
    costs = {}
    for variant, each in made.items():
        content = with_metadata(each, info)
        found = values_of(graph.read(content, name), info, 3)
        for value, shape in shapes_by_onnxruntime(content, info, 3).items():
            assert found[value].shape == shape, (variant, value)
        costs[variant] = of_one_image(graph.read(content, name), info).products
    pixels = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    uint8 = with_metadata(clean(variants.uint8(model, info)), info)
    assert (
        of_one_image(graph.read(uint8, name), replace(info, image=pixels)).products
        > costs["float32"]
    )
    assert costs["float16"] == costs["float32"] < costs["int8"] < 2 * costs["float32"]


def appended(operator: str, inputs: list[str], **more: Any) -> Change:
    """One more node, which takes some of the graph's values, and what it makes is not used."""

    def change(model: onnx.ModelProto) -> None:
        attributes = {"outputs": ["more"], **more}
        model.graph.node.append(helper.make_node(operator, inputs, **attributes))
        for name in {*inputs} & CONSTANTS.keys():
            constant = numpy_helper.from_array(np.array(CONSTANTS[name]), name)
            model.graph.initializer.append(constant)

    return change


CONSTANTS: dict[str, object] = {
    "one": np.float32(1), "double": 1.0, "two": np.int64(2), "zero": np.int64(0),
    "axes": [0], "far": [9], "none": np.zeros(0, np.int64), "least": [-(2**63)],
    "shape": [-1, -1], "axes2": [0, 0], "wide4": [2**20, 2**21], "empty": [0, 5],
    "huge": np.array([1, 1, 1e9, 1e9], np.float32), "half": np.array([1, 1, 0.5, 0.5], np.float32),
    "weight": np.zeros((3, 3), np.float32), "kernel": np.zeros((1, 1, 99, 99), np.float32),
    "scales": np.ones(3, np.float32), "zeros": np.zeros(3, np.uint8),
}  # fmt: skip


def resized(scales: str) -> Change:
    """Pixels that are repeated so often."""
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    return appended("Resize", ["image", "", scales], **how)


def changed(**attributes: Any) -> Change:
    """Another attribute of the last transposed convolution."""

    def change(model: onnx.ModelProto) -> None:
        node = next(n for n in model.graph.node if n.op_type == "ConvTranspose")
        kept = [a for a in node.attribute if a.name not in attributes]
        node.ClearField("attribute")
        node.attribute.extend(
            [*kept, *(helper.make_attribute(k, v) for k, v in attributes.items())]
        )

    return change


def without(operator: str, place: int) -> Change:
    """An input that is left out."""

    def change(model: onnx.ModelProto) -> None:
        node = next(n for n in model.graph.node if n.op_type == operator)
        node.input[place] = ""

    return change


def first_last(model: onnx.ModelProto) -> None:
    """The nodes in the wrong order."""
    model.graph.node.append(model.graph.node[0])
    del model.graph.node[0]


def twice(model: onnx.ModelProto) -> None:
    """Two nodes that make the same value."""
    model.graph.node.append(model.graph.node[0])


def constant_input(model: onnx.ModelProto) -> None:
    """A constant in place of the latents."""
    latents = np.zeros((2, 100), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(latents, "latent"))


def doubles(model: onnx.ModelProto) -> None:
    """A weight in float64."""
    tensor = model.graph.initializer[0]
    tensor.CopyFrom(
        numpy_helper.from_array(numpy_helper.to_array(tensor).astype(float), tensor.name)
    )


def short(model: onnx.ModelProto) -> None:
    """A weight with fewer bytes than its shape says."""
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[4:]


def declared(shape: Any, dtype: int = TensorProto.FLOAT, name: str = "Gemm_0") -> Change:
    """What the first layer makes, declared so: onnxruntime would plan its memory by it."""

    def change(model: onnx.ModelProto) -> None:
        model.graph.value_info.append(helper.make_tensor_value_info(name, dtype, shape))

    return change


STRANGE: dict[str, tuple[Change, str]] = {
    # What has crashed onnxruntime.
    "mean without": (appended("Mean", ["latent", ""]), "the operator Mean"),
    "min without": (appended("Min", ["", "latent"]), "the operator Min"),
    "max without": (appended("Max", ["latent", ""]), "the operator Max"),
    "sum without": (appended("Sum", ["", "latent"]), "the operator Sum"),
    "layer norm without": (
        appended("LayerNormalization", ["latent", ""]),
        "the operator LayerNormalization",
    ),
    "gather nd": (appended("GatherND", ["weight", "shape"], batch_dims=1), "the operator GatherND"),
    "one hot": (appended("OneHot", ["axes", "least", "scales"]), "the operator OneHot"),
    "split": (
        appended("Split", ["latent", "far"], axis=1, outputs=["a", "b"]),
        "Split of 2 inputs",
    ),
    "least by -1": (appended("Div", ["least", "shape"]), "the operator Div"),
    "mod": (appended("Mod", ["least", "zero"]), "the operator Mod"),
    # What onnxruntime may bear, and no export of ganzoo's is.
    "no first input": (without("Gemm", 0), "Gemm without an input"),
    "no weight": (without("Gemm", 1), "Gemm without an input"),
    "no kernel": (without("ConvTranspose", 1), "ConvTranspose without an input"),
    "far pads": (changed(pads=[9, 9, 9, 9]), "pads larger than the kernel"),
    "pads below 0": (changed(pads=[-1, 0, 0, 0]), "a window"),
    "no pads": (changed(pads=[0]), "a window"),
    "stride 0": (changed(strides=[0, 1]), "a window"),
    "many groups": (changed(group=3), "groups"),
    "no group": (changed(group=0), "a window"),
    "dilations": (changed(dilations=[2**40, 1]), "dilations"),
    "another kernel": (changed(kernel_shape=[3, 4]), "another kernel"),
    "automatic": (changed(auto_pad="SAME_UPPER"), "automatic pads"),
    "an attribute more": (changed(output_shape=[1, 1]), "attributes of ConvTranspose"),
    "text for a number": (changed(group="1"), "group of ConvTranspose"),
    "two inputs": (appended("Relu", ["latent", "latent"]), "Relu of 2 inputs"),
    "two outputs": (appended("Relu", ["latent"], outputs=["a", "b"]), "Relu with 2 outputs"),
    "doubles": (appended("Add", ["double", "double"]), "a constant of another type"),
    "whole numbers": (appended("Mul", ["least", "least"]), "numbers that are not float32"),
    "matrices": (appended("MatMul", ["latent", "weight"]), "a product"),
    "a vector": (appended("Gemm", ["axes", "weight"]), "numbers that are not float32"),
    "two unknown sizes": (appended("Reshape", ["latent", "shape"]), "a reshape"),
    "no numbers": (appended("Reshape", ["latent", "empty"]), "a reshape"),
    "a far axis": (appended("Squeeze", ["latent", "far"]), "an axis that is not there"),
    "the same axis": (appended("Unsqueeze", ["latent", "axes2"]), "an unsqueeze"),
    "a computed list": (appended("Reshape", ["latent", "latent"]), "a list that is not known"),
    "backwards": (
        appended("Slice", ["latent", "axes", "far", "axes", "least"]),
        "a slice backwards",
    ),
    "wide": (appended("Expand", ["one", "wide4"]), "a value of such a shape"),
    "a resize to 10**20": (resized("huge"), "a value of such a shape"),
    "a half": (resized("half"), "a resize"),
    "blocks of 0": (appended("DepthToSpace", ["image"], blocksize=0), "blocks"),
    "an embedding elsewhere": (appended("Gather", ["weight", "axes"], axis=1), "an embedding"),
    "to float16": (appended("Cast", ["latent"], to=TensorProto.FLOAT16), "a cast"),
    "three scales": (appended("QuantizeLinear", ["latent", "scales", "zeros"]), "a scale"),
    "a larger kernel": (appended("Conv", ["image", "kernel"]), "a kernel larger than the image"),
    "unequal ranks": (appended("Concat", ["latent", "image"], axis=0), "a concat"),
    "the wrong order": (first_last, "a value that is not made before"),
    "made twice": (twice, "a value that is made twice"),
    "a constant input": (constant_input, "an input with a value"),
    "a double weight": (doubles, "a constant of another type"),
    "declared as another shape": (declared([1]), "a value that is not as declared"),
    "declared as another type": (declared(["n", 196], 10), "a value that is not as declared"),
    "declared without a shape": (declared(None), "a value that is not as declared"),
    "a value that is not there": (declared([], name="more"), "a value that is not as declared"),
    "a short weight": (short, "a constant has not as many numbers as its shape says"),
}  # fmt: skip


@pytest.fixture(scope="module")
def convolutional(exported: Path) -> bytes:
    """An untrained dcgan_mnist of a narrow width: linear layers, and transposed convolutions."""
    info = replace(info_of(exported.read_bytes()), architecture="dcgan_mnist")
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(100, 4 * 7 * 7), nn.Unflatten(1, (4, 7, 7)), nn.ConvTranspose2d(4, 4, 4, 2, 1),
        nn.ReLU(), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    return with_metadata(to_onnx(network, info), info)


@pytest.mark.parametrize(("change", "why"), STRANGE.values(), ids=STRANGE)
def test_what_no_export_writes_is_not_run_in_this_process(
    convolutional: bytes, change: Change, why: str
) -> None:
    model = onnx.load_from_string(convolutional)
    change(model)
    with pytest.raises((Unknown, ModelFileError), match=f"{re.escape(why)}$") as raised:
        of_one_image(graph.read(model.SerializeToString(), "x"), info_of(convolutional))
    assert isinstance(raised.value, ModelFileError) == (change is short)


def test_the_work_and_the_memory_are_counted(convolutional: bytes) -> None:
    info, found = info_of(convolutional), graph.read(convolutional, "x")
    one = of_one_image(found, info)
    layers = 100 * 196 + 49 * 4 * 4 * 16 + 196 * 4 * 16
    assert layers < one.products < 1.5 * layers
    assert of_batch(found, info, 64).products == pytest.approx(64 * one.products, rel=0.01)
    weights = sum(np.prod(t.dims) for t in onnx.load_from_string(convolutional).graph.initializer)
    assert one.nbytes > 4 * (weights + 2 * 784)
