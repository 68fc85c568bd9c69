"""Make a generator's file smaller, or let it give pixels instead of floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from ganzoo.draw.info import ModelInfo

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def half(model: ModelProto) -> ModelProto:
    """Return the model with weights in float16, which are converted once, when the file is opened.

    All else stays float32. So the file has half the bytes, and the speed of float32 everywhere.
    """
    return stored_in_bits(model, {})


def stored_in_bits(model: ModelProto, in_8_bits: Mapping[str, float]) -> ModelProto:
    """Return `model` with weights stored in 8 bits and in 16 bits.

    `in_8_bits` tells by node which share of its output channels is in 8 bits, the first ones.

    onnxruntime makes float32 weights of them once, when it opens the file: it computes all that
    depends on no input. This does not use DequantizeLinear, which it computes in every run.
    """
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    layers = {node.input[1]: node for node in graph.node if node.op_type in LAYERS}
    nodes: list[NodeProto] = []
    wide: dict[str, str] = {}  # the float32 value of each weight that is stored in fewer bits
    for tensor in list(graph.initializer):
        layer = layers.get(tensor.name)
        if layer is None or tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        graph.initializer.remove(tensor)
        name, weight = tensor.name, numpy_helper.to_array(tensor)
        wide[name] = f"{name}_float32"
        axis, _ = axes = _channels(weight, layer)
        coarse, fine = np.split(
            weight, [round(in_8_bits.get(layer.name, 0) * weight.shape[axis])], axis
        )
        split = coarse.size and fine.size
        in_8, in_16 = (f"{name}_8", f"{name}_16") if split else (wide[name], wide[name])
        if coarse.size:
            whole, scale = _in_8_bits(coarse, axes)
            graph.initializer.extend([_tensor(name, whole), _tensor(f"{name}_scale", scale)])
            nodes.append(_to_float(name, f"{name}_whole"))
            nodes.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [in_8]))
        if fine.size:
            stored = f"{name}_rest" if split else name
            graph.initializer.append(_tensor(stored, fine.astype(np.float16)))
            nodes.append(_to_float(stored, in_16))
        if split:
            nodes.append(helper.make_node("Concat", [in_8, in_16], [wide[name]], axis=axis))
    for node in graph.node:
        node.input[:] = [wide.get(value, value) for value in node.input]
    nodes += graph.node
    graph.ClearField("node")
    graph.node.extend(nodes)
    return made


def uint8(model: ModelProto, info: ModelInfo) -> ModelProto:
    """Return the model with images as uint8 (batch, H, W, C), rounded as `to_pixels` does it."""
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["floats" if name == "image" else name for name in names]
    low, high = info.image_range
    constants = {"low": low, "scale": 255 / (high - low), "black": 0.0, "white": 255.0}
    graph.initializer.extend(
        _tensor(f"pixels.{k}", np.array(v, np.float32)) for k, v in constants.items()
    )
    steps: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Sub", ["pixels.low"], {}),
        ("Mul", ["pixels.scale"], {}),
        ("Clip", ["pixels.black", "pixels.white"], {}),
        ("Round", [], {}),
        ("Cast", [], {"to": TensorProto.UINT8}),
        ("Transpose", [], {"perm": [0, 2, 3, 1]}),
    ]
    value = "floats"
    for operator, others, attributes in steps:
        output = "image" if operator == "Transpose" else f"pixels_{operator}"
        graph.node.append(
            helper.make_node(operator, [value, *others], [output], f"{operator}_out", **attributes)
        )
        value = output
    height, width = info.image["size"]
    shape = ["batch", height, width, info.image["channels"]]
    graph.output[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, shape))
    return made


def _channels(weight: NDArray[np.float32], layer: NodeProto) -> tuple[int, int]:
    """Return which axes of a layer's weight are its output channels and its input channels."""
    if layer.op_type == "MatMul":
        return weight.ndim - 1, weight.ndim - 2
    transposed = any(a.name == "transB" and a.i for a in layer.attribute)
    return (0, 1) if layer.op_type == "Conv" or transposed else (1, 0)


def _in_8_bits(
    weight: NDArray[np.float32], axes: tuple[int, int]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return whole numbers and scales whose products are nearest to `weight`.

    There is a scale for each channel along one of `axes`, whichever gives the smaller error. Where
    there is one output channel, as in the last layer of a grey image, that is the input's.
    """
    found = []
    for axis in axes:
        others = tuple(i for i in range(weight.ndim) if i != axis)
        largest = np.abs(weight).max(others, keepdims=True)
        scale = np.asarray(np.where(largest > 0, largest / 127, 1), np.float32)
        whole = np.rint(weight / scale).astype(np.int8)
        found.append((float(np.square(whole * scale - weight).sum()), whole, scale))
    _, whole, scale = min(found, key=lambda each: each[0])
    return whole, scale


def _to_float(name: str, target: str) -> NodeProto:
    """Return a node that casts the value `name` to float32 as `target`."""
    node: NodeProto = helper.make_node("Cast", [name], [target], to=TensorProto.FLOAT)
    return node


def _tensor(name: str, array: NDArray[Any]) -> TensorProto:
    """Return an initializer."""
    tensor: TensorProto = numpy_helper.from_array(np.ascontiguousarray(array), name)
    return tensor
