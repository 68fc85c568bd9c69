"""Features from an ONNX file: what a plugin gets, and what it is told of a wrong file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ganzoo.errors import ModelFileError
from ganzoo.evaluate.onnx_model import OnnxModel

value = helper.make_tensor_value_info
IMAGES = [value("images", TensorProto.UINT8, ["n", 2, 2, 1])]
FEATURES = value("features", TensorProto.FLOAT, ["n", 4])
PROBABILITIES = value("probabilities", TensorProto.FLOAT, ["n", 4])
MORE = value("more", TensorProto.FLOAT, ["n", 4])
PIXELS = np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1)


def file(
    inputs: Sequence[Any] = IMAGES,
    outputs: Sequence[Any] = (MORE, PROBABILITIES, FEATURES),
    last: str = "Flatten",
) -> bytes:
    """Return a file whose features are the pixels, and whose probabilities are their softmax."""
    nodes = [
        helper.make_node("Cast", [inputs[0].name], ["floats"], to=TensorProto.FLOAT),
        helper.make_node(last, ["floats"], ["features"]),
        helper.make_node("Softmax", ["features"], ["probabilities"]),
        helper.make_node("Neg", ["features"], ["more"]),
    ]
    graph = helper.make_graph(nodes, "test", inputs, outputs)
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    helper.set_model_props(model, {"note": "a test"})
    content: bytes = model.SerializeToString()
    return content


def test_images_become_features_and_probabilities() -> None:
    content = file()
    model = OnnxModel(content, "x.onnx", threads=1)
    features, probabilities = model.describe(PIXELS)
    np.testing.assert_array_equal(features, PIXELS.reshape(3, 4))
    assert probabilities is not None
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert model.sha256 == hashlib.sha256(content).hexdigest()
    assert model.metadata == {"note": "a test"}


def test_probabilities_may_be_missing_and_images_may_be_floats() -> None:
    floats = [value("x", TensorProto.FLOAT, ["n", 2, 2, 1])]
    model = OnnxModel(file(inputs=floats, outputs=[FEATURES]), "x.onnx")
    features, probabilities = model.describe(PIXELS.astype(np.float32))
    assert features.dtype == np.float32
    assert probabilities is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.onnx is not an ONNX file, or is damaged"),
        (file()[:100], "x.onnx is not an ONNX file, or is damaged"),
        (file(outputs=[MORE]), "computes more; it needs an output named 'features'"),
        (file(inputs=[*IMAGES, value("b", TensorProto.FLOAT, [1])]), "has 2 inputs"),
        (file(inputs=[value("x", TensorProto.INT64, ["n", 4])]), "takes int64"),
        (file(inputs=[value("x", TensorProto.UINT8, [1, 4])]), "the batch, has no fixed size"),
        (
            file(outputs=[value("features", TensorProto.FLOAT, ["n", 2, 2, 1])], last="Identity"),
            "output 'features' that is not float32 of two axes",
        ),
    ],
)
def test_a_wrong_file_gets_one_clear_line(content: bytes, message: str) -> None:
    with pytest.raises(ModelFileError, match=message) as raised:
        OnnxModel(content, "x.onnx")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("images", [PIXELS[:, :1], PIXELS[..., 0], PIXELS.astype(np.float32)])
def test_images_that_it_does_not_take(images: Any) -> None:
    with pytest.raises(ModelFileError, match=r"x\.onnx takes images uint8 \(n, 2, 2, 1\), not"):
        OnnxModel(file(), "x.onnx").describe(images)


def test_a_file_that_cannot_be_run() -> None:
    whole = onnx.load_from_string(file())
    whole.graph.node[1].op_type = "Reshape"  # to a shape that these images do not have
    whole.graph.node[1].input.append("shape")
    whole.graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 5]))
    model = OnnxModel(whole.SerializeToString(), "x.onnx")
    with pytest.raises(ModelFileError, match=r"x\.onnx cannot be run: "):
        model.describe(PIXELS)
