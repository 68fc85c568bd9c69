"""Rules that fold a layer into the weights of its neighbour, or replace it by a faster equal one.

Each rule takes a node and returns whether it rewrote the graph around it. All rules keep the images
the same, except for the rounding of float32 weights; `ganzoo.export.parity` measures that.
"""

from __future__ import annotations

import math

import numpy as np
from onnxscript import ir

from ganzoo.export.convolutions import is_plain_conv, is_transposed, repeats, weights_of
from ganzoo.export.surgery import Array, Surgeon, array_of, attribute, maker, square, static_shape


def norm_behind_linear(node: ir.Node, s: Surgeon) -> bool:
    """Fold the scale and shift of BatchNormalization(Reshape(Gemm(x))) into the Gemm."""
    reshape = maker(node.inputs[0], "Reshape") if node.op_type == "BatchNormalization" else None
    linear = maker(reshape.inputs[0], "Gemm") if reshape else None
    if reshape is None or linear is None:
        return False
    shape, layer = array_of(reshape.inputs[1]), _linear(linear)
    image = static_shape(reshape.outputs[0])
    if shape is None or layer is None or image is None or math.prod(image) != len(layer[1]):
        return False
    scale, shift = _affine(node)
    weight, bias = layer
    s.like = linear
    area = len(bias) // len(scale)  # channel c is columns c * H * W … (c + 1) * H * W - 1
    scale, shift = scale.repeat(area), shift.repeat(area)
    made = s.Gemm(linear.inputs[0], _f32(weight * scale), _f32(bias * scale + shift))
    s.replace([linear, reshape, node], s.Reshape(made, shape))
    return True


def norm_before_linear(node: ir.Node, s: Surgeon) -> bool:
    """Fold the scale and shift of Gemm(BatchNormalization(x)) into the Gemm."""
    norm = maker(node.inputs[0], "BatchNormalization") if node.op_type == "Gemm" else None
    layer = _linear(node) if norm else None
    if norm is None or layer is None:
        return False
    scale, shift = _affine(norm)
    weight, bias = layer
    made = s.Gemm(norm.inputs[0], _f32(weight * scale[:, None]), _f32(bias + shift @ weight))
    s.replace([norm, node], made)
    return True


def one_pixel(node: ir.Node, s: Surgeon) -> bool:
    """Replace a ConvTranspose of one-pixel images by one matrix product for the whole batch."""
    reshape = maker(node.inputs[0], "Reshape") if is_transposed(node) else None
    borders = square(node, "pads", 0), square(node, "output_padding", 0)
    if reshape is None or borders != (0, 0):
        return False
    weight, bias = weights_of(node)
    if static_shape(reshape.inputs[0]) != [len(weight)] or not _is_pixel(reshape.outputs[0]):
        return False
    _, channels, height, width = weight.shape
    made = s.Gemm(reshape.inputs[0], weight.reshape(len(weight), -1), bias.repeat(height * width))
    made = s.Reshape(made, np.array([-1, channels, height, width]))
    s.replace([reshape, node], made)
    return True


def unstrided(node: ir.Node, s: Surgeon) -> bool:
    """Replace a ConvTranspose of stride 1 by a Conv with the kernel turned by 180 degrees."""
    if not is_transposed(node) or square(node, "strides", 1) != 1:
        return False
    weight, bias = weights_of(node)
    pad = weight.shape[2] - 1 - square(node, "pads", 0)
    if pad < 0:
        return False
    turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    s.replace([node], s.Conv(node.inputs[0], turned, bias, pads=[pad] * 4))
    return True


def pixelwise(node: ir.Node, s: Surgeon) -> bool:
    """Swap the two in Conv(Resize(x)), where the kernel is 1x1 and Resize repeats pixels.

    The Conv then works on fewer pixels.
    """
    resize = maker(node.inputs[0], "Resize") if is_plain_conv(node) else None
    if resize is None or repeats(resize) is None:
        return False
    weight, bias = weights_of(node)
    if weight.shape[2] != 1 or square(node, "pads", 0) != 0:
        return False
    s.replace([resize, node], s.again(resize, s.Conv(resize.inputs[0], weight, bias)))
    return True


def upsampled(node: ir.Node, s: Surgeon) -> bool:
    """Replace Conv(Resize(x)), where Resize repeats pixels s times, by one ConvTranspose.

    A Conv with kernel size k and padding p becomes a ConvTranspose with stride s, kernel size
    k + s - 1 and padding k - 1 - p. Each of its weights is the sum of those with which the copies
    of one pixel of x reach one pixel of the result.
    """
    resize = maker(node.inputs[0], "Resize") if is_plain_conv(node) else None
    factor = repeats(resize) if resize else None
    if resize is None or factor is None:
        return False
    weight, bias = weights_of(node)
    kernel = weight.shape[2]
    pad = kernel - 1 - square(node, "pads", 0)
    if pad < 0 or (kernel + factor - 1) ** 2 > 2 * kernel**2:  # twice the weights at most
        return False
    wide = np.zeros((*weight.shape[1::-1], kernel + factor - 1, kernel + factor - 1), weight.dtype)
    for y in range(factor):
        for x in range(factor):
            wide[:, :, y : y + kernel, x : x + kernel] += weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    made = s.ConvTranspose(resize.inputs[0], wide, bias, strides=[factor] * 2, pads=[pad] * 4)
    s.replace([resize, node], made)
    return True


def _is_pixel(value: ir.Value) -> bool:
    """Return whether a value is a batch of images of one pixel, (n, C, 1, 1)."""
    shape = static_shape(value)
    return shape is not None and len(shape) == 3 and shape[1:] == [1, 1]


def _linear(node: ir.Node) -> tuple[Array, Array] | None:
    """Return a Gemm's weight (in, out) and bias (out,), or None if it is not x @ weight + bias."""
    weight = array_of(node.inputs[1])
    bias = array_of(node.inputs[2]) if len(node.inputs) > 2 else None
    plain = attribute(node, "alpha", 1.0) == attribute(node, "beta", 1.0) == 1.0
    if weight is None or bias is None or not plain or attribute(node, "transA", 0):
        return None
    return (weight.T if attribute(node, "transB", 0) else weight), bias


def _affine(norm: ir.Node) -> tuple[Array, Array]:
    """Return the scale and shift, float64 (C,), of a batch norm in evaluation mode."""
    gamma, beta, mean, variance = (
        np.asarray(array_of(value), np.float64) for value in norm.inputs[1:5]
    )
    scale = gamma / np.sqrt(variance + attribute(norm, "epsilon", 1e-5))
    return scale, beta - mean * scale


def _f32(array: Array) -> Array:
    """Return the array in float32."""
    return array.astype(np.float32)
