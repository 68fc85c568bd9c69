"""The trained network of `classifier`, written as an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ganzoo.evaluate.features import FeatureModel, describe
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo_plugins.classifier_training import FEATURES, Classifier


def to_file(
    network: Classifier,
    classes: Sequence[str],
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    which: str,
) -> bytes:
    """Return the network as an ONNX file that knows its classes, and how often it is right.

    That is measured on the file itself, on images (n, H, W, C) that it was not trained on; `which`
    says which they are.
    """
    model = to_onnx(network)
    measured = OnnxModel(model.SerializeToString(), "the classifier")
    features = FeatureModel(describe=measured.describe, sha256="", classes=classes)
    probabilities = describe(features, pixels).probabilities
    assert probabilities is not None
    right = float(np.mean(probabilities.argmax(axis=1) == labels))
    facts = {
        "classes": json.dumps(classes),
        "note": f"{right:.1%} of {len(labels):,} {which} right",
    }
    helper.set_model_props(model, facts)
    content: bytes = model.SerializeToString()
    return content


def to_onnx(network: Classifier) -> onnx.ModelProto:
    """Return the network as an ONNX graph: uint8 images (n, H, W, C) to features, probabilities.

    Weights are stored as float16 and cast to float32 when the file is opened: half the bytes, and
    arithmetic that agrees on all machines to float32's rounding. (Sums of int8 differ between
    processors with and without VNNI.)
    """
    graph = _Graph()
    x = graph.add("Cast", "images", to=TensorProto.FLOAT)
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    if network.reduce > 1:
        size = [network.reduce] * 2
        x = graph.add("AveragePool", x, kernel_shape=size, strides=size)
    x = graph.add("Mul", x, graph.exact(np.array(1 / 255, np.float32)))
    for convolution, norm in zip(network.convolutions, network.norms, strict=True):
        assert isinstance(norm, nn.BatchNorm2d)
        scale, shift = _scale_and_shift(norm)
        weight = convolution.get_parameter("weight") * scale[:, None, None, None]
        x = graph.add("Conv", x, graph.half(weight), graph.half(shift), pads=[1, 1, 1, 1])
        x = graph.add("Relu", x)  # it and the shift come to the same before or behind the pooling
        x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    scale, shift = _scale_and_shift(network.standardise)
    x = graph.add("Flatten", x)
    weight = (network.linear.weight * scale[:, None]).T
    x = graph.add("Gemm", x, graph.half(weight), graph.half(shift))
    x = graph.add("Relu", x, name="features")
    out = network.classes
    x = graph.add("Gemm", x, graph.half(out.weight.T), graph.half(out.bias))
    graph.add("Softmax", x, name="probabilities")
    return graph.model(network.shape, out.out_features)


def _scale_and_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return a batch norm in evaluation mode as `x * scale + shift`."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var + norm.eps).rsqrt()
    shift = -norm.running_mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


class _Graph:
    """A graph that grows node by node; each node has one output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        name = name or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def exact(self, value: NDArray[Any]) -> str:
        """Add a constant as it is, and return its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def half(self, weight: Tensor) -> str:
        """Add a weight as float16 and its cast to float32, and return the name of that."""
        half = weight.detach().contiguous().numpy().astype(np.float16)
        return self.add("Cast", self.exact(half), to=TensorProto.FLOAT)

    def model(self, shape: tuple[int, int, int], classes: int) -> onnx.ModelProto:
        """Return the whole as a checked model."""
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "classifier",
            [value("images", TensorProto.UINT8, ["n", *shape])],
            [
                value("features", TensorProto.FLOAT, ["n", FEATURES]),
                value("probabilities", TensorProto.FLOAT, ["n", classes]),
            ],
            self.weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="ganzoo"
        )
        onnx.checker.check_model(model, full_check=True)
        return model
