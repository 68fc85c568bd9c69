"""Layers: what convolutions, products, norms and functions of single numbers make."""

from __future__ import annotations

from ganzoo.draw.graph import Node
from ganzoo.draw.vocabulary.values import (
    Inputs,
    Shape,
    Value,
    attribute,
    axis_of,
    broadcast,
    floats,
    ints,
    need,
    table,
)


def _same(node: Node, inputs: Inputs) -> list[Value]:
    """Of the first input's shape, each number by itself; what comes further is a constant."""
    floats(*inputs)
    need(all(value.size == 1 for value in inputs[1:]), f"limits of {node.operator}")
    return [Value("float32", inputs[0].shape)]


def _together(node: Node, inputs: Inputs) -> list[Value]:
    floats(*inputs)
    return [Value("float32", broadcast(*(value.shape for value in inputs)))]


def _less(node: Node, inputs: Inputs) -> list[Value]:
    return [Value("bool", _together(node, inputs)[0].shape)]


def _where(node: Node, inputs: Inputs) -> list[Value]:
    need(inputs[0].dtype == "bool", "a condition that is none")
    floats(*inputs[1:])
    return [Value("float32", broadcast(*(value.shape for value in inputs)))]


def _cast(node: Node, inputs: Inputs) -> list[Value]:
    kind, to = inputs[0].dtype, attribute(node, "to")
    need((kind, to) == ("float32", 2) or (kind in ("float16", "int8") and to == 1), "a cast")
    return [Value("uint8" if to == 2 else "float32", inputs[0].shape)]


def _quantize(node: Node, inputs: Inputs) -> list[Value]:
    x, scale, zero = inputs
    floats(x, scale)
    need(zero.dtype == "uint8" and scale.size == zero.size == 1, "a scale")
    return [Value("uint8", x.shape)]


def _dequantize(node: Node, inputs: Inputs) -> list[Value]:
    x, scale, zero = inputs
    floats(scale)
    need(x.dtype in ("uint8", "int8", "int32") and zero.dtype == x.dtype, "a zero point")
    need(scale.size == zero.size and len(scale.shape) <= 1, "a scale")
    if scale.size != 1:
        axis = axis_of(attribute(node, "axis", 1), len(x.shape))
        need(scale.size == x.shape[axis], "a scale for each channel")
    return [Value("float32", x.shape)]


def _normed(node: Node, inputs: Inputs) -> list[Value]:
    x, *others = inputs
    floats(*inputs)
    need(len(x.shape) >= 2, "a batch norm of a list")
    need(all(value.shape == x.shape[1:2] for value in others), "a batch norm")
    return [Value("float32", x.shape)]


def _mean(node: Node, inputs: Inputs) -> list[Value]:
    x, axes = inputs
    floats(x)
    gone = {axis_of(axis, len(x.shape)) for axis in ints(axes)}
    need(bool(gone) and attribute(node, "keepdims", 1) == 1, "a mean")
    need(not attribute(node, "noop_with_empty_axes", 0), "a mean")
    return [Value("float32", tuple(1 if i in gone else s for i, s in enumerate(x.shape)))]


def _gemm(node: Node, inputs: Inputs) -> list[Value]:
    x, weight, *bias = inputs
    floats(*inputs)
    need(len(x.shape) == len(weight.shape) == 2 and not attribute(node, "transA", 0), "a product")
    inner, outer = weight.shape[::-1] if attribute(node, "transB", 0) else weight.shape
    need(x.shape[1] == inner, "matrices that do not fit")
    shape = (x.shape[0], outer)
    need(all(broadcast(value.shape, shape) == shape for value in bias), "a bias")
    return [Value("float32", shape)]


def _convolved(node: Node, inputs: Inputs) -> list[Value]:
    x, weight, *bias = inputs
    floats(*inputs)
    group, strides, pads = _windows(node, weight.shape)
    need(len(x.shape) == len(weight.shape) == 4 and x.shape[1] == weight.shape[1] * group, "a conv")
    need(weight.shape[0] % group == 0, "groups")
    need(all(value.shape == weight.shape[:1] for value in bias), "a bias")
    sizes = [
        (x.shape[2 + i] + pads[i] + pads[2 + i] - weight.shape[2 + i]) // strides[i] + 1
        for i in range(2)
    ]
    need(min(sizes) >= 1, "a kernel larger than the image")
    return [Value("float32", (x.shape[0], weight.shape[0], *sizes))]


def _transposed(node: Node, inputs: Inputs) -> list[Value]:
    x, weight, *bias = inputs
    floats(*inputs)
    group, strides, pads = _windows(node, weight.shape)
    more = node.attributes.get("output_padding", (0, 0))
    need(isinstance(more, tuple) and len(more) == 2, "an output padding")
    assert isinstance(more, tuple)
    need(all(0 <= more[i] < strides[i] for i in range(2)), "an output padding")
    need(len(x.shape) == len(weight.shape) == 4 and x.shape[1] == weight.shape[0], "a conv")
    need(x.shape[1] % group == 0, "groups")
    need(all(value.shape == (weight.shape[1] * group,) for value in bias), "a bias")
    sizes = [
        strides[i] * (x.shape[2 + i] - 1) + more[i] + weight.shape[2 + i] - pads[i] - pads[2 + i]
        for i in range(2)
    ]
    need(min(sizes) >= 1, "pads larger than the image")
    return [Value("float32", (x.shape[0], weight.shape[1] * group, *sizes))]


def _pooled(node: Node, inputs: Inputs) -> list[Value]:
    (x,) = inputs
    floats(x)
    kernel = node.attributes.get("kernel_shape")
    need(isinstance(kernel, tuple) and len(kernel) == 2 and len(x.shape) == 4, "a pool")
    assert isinstance(kernel, tuple)
    need(min(kernel) >= 1 and not attribute(node, "ceil_mode", 0), "a pool")
    _, strides, pads = _windows(node, (1, 1, *kernel))
    need(not any(pads), "a pool with pads")
    sizes = [(x.shape[2 + i] - kernel[i]) // strides[i] + 1 for i in range(2)]
    need(min(sizes) >= 1, "a pool larger than the image")
    return [Value("float32", (*x.shape[:2], *sizes))]


def _windows(node: Node, weight: Shape) -> tuple[int, Shape, Shape]:
    """Return the groups, the strides and the pads of a convolution or a pool."""
    found = node.attributes
    need(len(weight) == 4 and min(weight) >= 1, "a kernel")
    need(found.get("auto_pad", b"NOTSET") == b"NOTSET", "automatic pads")
    need(found.get("kernel_shape", weight[2:]) == weight[2:], "another kernel")
    need(found.get("dilations", (1, 1)) == (1, 1), "dilations")
    group, strides = attribute(node, "group", 1), found.get("strides", (1, 1))
    pads = found.get("pads", (0,) * 4)
    need(group >= 1 and isinstance(strides, tuple) and isinstance(pads, tuple), "a window")
    assert isinstance(strides, tuple)
    assert isinstance(pads, tuple)
    need(len(strides) == 2 and min(strides) >= 1 and len(pads) == 4 and min(pads) >= 0, "a window")
    need(all(pads[i] < weight[2 + i % 2] for i in range(4)), "pads larger than the kernel")
    return group, strides, pads


def _matmul(node: Node, inputs: Inputs) -> list[Value]:
    x, weight = inputs
    floats(*inputs)
    need(len(x.shape) == len(weight.shape) == 2 and x.shape[1] == weight.shape[0], "a product")
    return [Value("float32", (x.shape[0], weight.shape[1]))]


WINDOW = "auto_pad dilations group kernel_shape pads strides"
RULES = table(
    ("Relu Sigmoid Tanh Sqrt Reciprocal Round", _same, 1, 1, ""),
    ("LeakyRelu", _same, 1, 1, "alpha"),
    ("Clip", _same, 3, 3, ""),
    ("Add Sub Mul Pow", _together, 2, 2, ""),
    ("Less", _less, 2, 2, ""),
    ("Where", _where, 3, 3, ""),
    ("Cast", _cast, 1, 1, "to"),
    ("QuantizeLinear", _quantize, 3, 3, ""),
    ("DequantizeLinear", _dequantize, 3, 3, "axis"),
    ("BatchNormalization", _normed, 5, 5, "epsilon momentum"),
    ("ReduceMean", _mean, 2, 2, "keepdims noop_with_empty_axes"),
    ("Gemm", _gemm, 2, 3, "alpha beta transA transB"),
    ("MatMul", _matmul, 2, 2, ""),
    ("Conv", _convolved, 2, 3, WINDOW),
    ("ConvTranspose", _transposed, 2, 3, f"{WINDOW} output_padding"),
    ("AveragePool", _pooled, 1, 1, f"{WINDOW} ceil_mode count_include_pad"),
)
