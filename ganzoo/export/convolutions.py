"""Facts about a convolution, or the upsampling before it, that the rewriting rules need."""

from __future__ import annotations

import numpy as np
from onnxscript import ir

from ganzoo.export.surgery import Array, array_of, attribute, square


def is_transposed(node: ir.Node) -> bool:
    """Return whether a node is a ConvTranspose of images, square and without groups.

    Square means the same kernel, stride and padding in both directions.
    """
    return (
        node.op_type == "ConvTranspose"
        and _is_ordinary(node)
        and square(node, "output_padding", 0) >= 0
        and "output_shape" not in node.attributes
    )


def is_plain_conv(node: ir.Node) -> bool:
    """Return whether a node is a Conv of images of stride 1, square and without groups."""
    return node.op_type == "Conv" and _is_ordinary(node) and square(node, "strides", 1) == 1


def weights_of(node: ir.Node) -> tuple[Array, Array]:
    """Return the kernel and the bias of a Conv or ConvTranspose; zeros where it has no bias."""
    weight = array_of(node.inputs[1])
    assert weight is not None
    bias = array_of(node.inputs[2]) if len(node.inputs) > 2 else None
    channels = weight.shape[0 if node.op_type == "Conv" else 1]
    return weight, np.zeros(channels, weight.dtype) if bias is None else bias


def repeats(resize: ir.Node) -> int | None:
    """Return the factor, 2 or more, by which a Resize repeats pixels in both directions.

    Returns None where it does something else.
    """
    scales = array_of(resize.inputs[2]) if len(resize.inputs) > 2 else None
    if scales is None or len(scales) != 4 or len(resize.inputs) > 3:
        return None
    factor = int(scales[2])
    plain = (
        list(scales) == [1, 1, factor, factor]
        and attribute(resize, "mode", "nearest") == "nearest"
        and attribute(resize, "nearest_mode", "") == "floor"
        and attribute(resize, "coordinate_transformation_mode", "") == "asymmetric"
    )
    return factor if plain and factor > 1 else None


def _is_ordinary(node: ir.Node) -> bool:
    """Return whether a convolution has constant weights, is square, and has nothing unusual."""
    weight = array_of(node.inputs[1])
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    return (
        weight is not None
        and weight.ndim == 4
        and weight.shape[2] == weight.shape[3]
        and (bias is None or array_of(bias) is not None)
        and attribute(node, "group", 1) == 1
        and attribute(node, "auto_pad", "NOTSET") == "NOTSET"
        and square(node, "dilations", 1) == 1
        and -1 not in (square(node, "strides", 1), square(node, "pads", 0))
    )
