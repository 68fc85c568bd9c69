"""The trained network of `classifier`, written as an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor, nn

from ganzoo.evaluate.features import FeatureModel, describe
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo_plugins.classifier_training import FEATURES, Classifier
from ganzoo_plugins.onnx_graph import Graph


def to_file(
    network: Classifier,
    classes: Sequence[str],
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    which: str,
) -> bytes:
    """Return the network as an ONNX file that knows its classes, and how often it is right.

    That is measured on the file itself, on images (n, H, W, C) that it was not trained on; `which`
    says which they are. Where its error is more than half of that of always guessing the most
    frequent class, the file says that it cannot be trusted.
    """
    model = to_onnx(network)
    measured = OnnxModel(model.SerializeToString(), "the classifier")
    features = FeatureModel(describe=measured.describe, sha256="", classes=classes)
    probabilities = describe(features, pixels).probabilities
    assert probabilities is not None
    right = float(np.mean(probabilities.argmax(axis=1) == labels))
    guessed = float(np.bincount(labels).max() / len(labels))
    facts = {
        "classes": json.dumps(classes),
        "note": f"{right:.1%} of {len(labels):,} {which} right",
    }
    if right < (1 + guessed) / 2:
        facts["remark"] = (
            f"The classifier cannot be trusted: it is right about {right:.1%} of {len(labels):,} "
            f"{which}, and a guess, always the most frequent class, about {guessed:.1%}. The "
            "labels may not fit the images, or be too few; the features 'patches' need none."
        )
    helper.set_model_props(model, facts)
    content: bytes = model.SerializeToString()
    return content


def to_onnx(network: Classifier) -> onnx.ModelProto:
    """Return the network as an ONNX graph: uint8 images (n, H, W, C) to features, probabilities.

    Weights are stored as float16 and cast to float32 when the file is opened: half the bytes, and
    arithmetic that agrees on all machines to float32's rounding. (Sums of int8 differ between
    processors with and without VNNI.)
    """
    graph = Graph()
    x = graph.add("Cast", "images", to=TensorProto.FLOAT)
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    if network.reduce > 1:
        size = [network.reduce] * 2
        x = graph.add("AveragePool", x, kernel_shape=size, strides=size)
    x = graph.add("Mul", x, graph.constant(np.array(1 / 255, np.float32)))
    for convolution, norm in zip(network.convolutions, network.norms, strict=True):
        assert isinstance(norm, nn.BatchNorm2d)
        scale, shift = _scale_and_shift(norm)
        weight = convolution.get_parameter("weight") * scale[:, None, None, None]
        x = graph.add("Conv", x, _half(graph, weight), _half(graph, shift), pads=[1, 1, 1, 1])
        x = graph.add("Relu", x)  # it and the shift come to the same before or behind the pooling
        x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    scale, shift = _scale_and_shift(network.standardise)
    x = graph.add("Flatten", x)
    weight = (network.linear.weight * scale[:, None]).T
    x = graph.add("Gemm", x, _half(graph, weight), _half(graph, shift))
    x = graph.add("Relu", x, name="features")
    out = network.classes
    x = graph.add("Gemm", x, _half(graph, out.weight.T), _half(graph, out.bias))
    graph.add("Softmax", x, name="probabilities")
    return graph.model(
        "classifier",
        {"images": (np.uint8, ["n", *network.shape])},
        {
            "features": (np.float32, ["n", FEATURES]),
            "probabilities": (np.float32, ["n", out.out_features]),
        },
    )


def _scale_and_shift(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return a batch norm in evaluation mode as `x * scale + shift`."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var + norm.eps).rsqrt()
    shift = -norm.running_mean * scale
    return scale, shift if norm.bias is None else shift + norm.bias


def _half(graph: Graph, weight: Tensor) -> str:
    """Add a weight as float16 and its cast to float32, and return the name of that."""
    half = weight.detach().contiguous().numpy().astype(np.float16)
    return graph.add("Cast", graph.constant(half), to=TensorProto.FLOAT)
