"""Replace transposed convolutions by ordinary ones on the small image, and interleave the results.

A transposed convolution of stride s writes s * s phases: the output pixels with y mod s = a and
x mod s = b. Each phase is an ordinary convolution of the small image with every s-th weight of the
kernel. All phases together do the same multiplications. But onnxruntime has a fast kernel for
convolutions, and a slow one for transposed convolutions. Shi et al., "Is the deconvolution layer
the same as a convolutional layer?", 2016, describe the equivalence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from onnxscript import ir

from ganzoo.export.convolutions import is_plain_conv, is_transposed, weights_of
from ganzoo.export.surgery import Array, Surgeon, square, static_shape, user

WIDE = 8
"""Fewest output channels of a layer for which phases are faster; the last layer often has fewer."""
MAX_STRIDE = 4
"""Largest stride to rewrite: with more than 4 * 4 convolutions, each is too small to be fast."""
FOLLOWS = {"Relu", "LeakyRelu", "Sigmoid", "Tanh", "BatchNormalization"}
"""Operators that are applied to each phase instead: onnxruntime fuses them with its convolution."""

Phases = list[list[ir.Value]]
"""Images (n, C, H, W) by row and column: phase [a][b] has the pixels at row a and column b of each
s by s block."""


def phases(node: ir.Node, s: Surgeon) -> bool:
    """Replace a ConvTranspose of stride 2 or more, and what follows it, by convolutions.

    Their results, the phases, are interleaved at the end.
    """
    stride = square(node, "strides", 1)
    before, behind = static_shape(node.inputs[0]), static_shape(node.outputs[0])
    if not is_transposed(node) or not 2 <= stride <= MAX_STRIDE or not before or not behind:
        return False
    weight, bias = weights_of(node)
    kernel, pad = weight.shape[2], square(node, "pads", 0)
    rests = {behind[1] % stride, behind[2] % stride}
    if len(bias) < WIDE or kernel < stride or rests != {0}:
        return False
    rows, columns = (
        [_taps(place + pad, stride, kernel, behind[axis] // stride - before[axis])
         for place in range(stride)]
        for axis in (1, 2)
    )  # fmt: skip
    if min(border for taps in rows + columns for border in taps.borders) < 0:
        return False
    shared = s.constant(bias)
    parts = [[_phase(node.inputs[0], weight, shared, y, x, s) for x in columns] for y in rows]
    replaced = [node]
    while (after := user(replaced[-1].outputs[0])) is not None and after.op_type in FOLLOWS:
        parts = [[s.again(after, part) for part in row] for row in parts]
        replaced.append(after)
    last = user(replaced[-1].outputs[0])
    if last is not None and _is_image_layer(last):
        s.replace([*replaced, last], _image_from_phases(last, parts, s))
    else:
        s.replace(replaced, interleaved(parts, behind, s))
    return True


class Taps(NamedTuple):
    """The indices of the weights that a phase uses in one direction, and its padding of x."""

    weights: list[int]
    borders: tuple[int, int]


def _taps(place: int, stride: int, kernel: int, grows: int) -> Taps:
    """Return the taps of the output pixels at `place`, padding included, and every `stride` on.

    out[q * stride + a] = sum over j of x[q - j] * weight[j * stride + a]. There are `grows` more of
    these output pixels than x has pixels.
    """
    shift, phase = divmod(place, stride)
    weights = list(range(phase, kernel, stride))[::-1]  # from the leftmost pixel on
    return Taps(weights, (len(weights) - 1 - shift, shift + grows))


def _phase(
    x: ir.Value | None, weight: Array, bias: ir.Value, rows: Taps, columns: Taps, s: Surgeon
) -> ir.Value:
    """Add the convolution of one phase, from the transposed one's `weight` (in, out, k, k)."""
    kernel = weight[:, :, rows.weights][:, :, :, columns.weights].swapaxes(0, 1)
    (top, bottom), (left, right) = rows.borders, columns.borders
    return s.Conv(x, kernel, bias, pads=[top, left, bottom, right])


def interleaved(parts: Phases, size: list[int], s: Surgeon) -> ir.Value:
    """Put the phases together into one image of size (C, H, W).

    Concatenating along a new last axis and reshaping does the same as DepthToSpace. It is 1.4 to
    2.4 times as fast in onnxruntime's CPU provider (1.31, five shapes, one thread).
    """
    channels, height, width = size
    small = height // len(parts)
    last, row_shape = s.constant(np.array([4])), s.constant(np.array([-1, channels, small, width]))
    rows = []
    for row in parts:
        columns = [s.Unsqueeze(part, last) for part in row]
        rows.append(s.Reshape(s.Concat(*columns, axis=4), row_shape))
    return s.Reshape(s.Concat(*rows, axis=3), np.array([-1, channels, height, width]))


def _is_image_layer(node: ir.Node) -> bool:
    """Return whether a node is the 3x3 convolution that makes an image of a few channels."""
    if not is_plain_conv(node) or square(node, "pads", 0) != 1:
        return False
    weight, _ = weights_of(node)
    return len(weight) < WIDE // 2 and weight.shape[2:] == (3, 3)


def _image_from_phases(node: ir.Node, parts: Phases, s: Surgeon) -> ir.Value:
    """Replace a 3x3 convolution by one that reads phases and writes phases.

    So only the few channels of the image must be interleaved. The new kernel has many zeros. They
    cost no extra time: onnxruntime computes channels in blocks of 8 or 16, and an image has fewer.
    The phases of a channel are together (CRD), as pixel_shuffle has them: more programs know that.
    """
    s.like, stride = node, len(parts)
    weight, bias = weights_of(node)
    out, channels = weight.shape[:2]
    kernel = np.zeros((out, stride, stride, stride, stride, channels, 3, 3), weight.dtype)
    for y, x in np.ndindex(stride, stride):
        for i, j in np.ndindex(3, 3):
            (v, a), (u, b) = divmod(y + i - 1, stride), divmod(x + j - 1, stride)
            kernel[:, y, x, a, b, :, v + 1, u + 1] += weight[:, :, i, j]
    together = s.Concat(*(part for row in parts for part in row), axis=1)
    flat = kernel.reshape(out * stride**2, stride**2 * channels, 3, 3)
    made = s.Conv(together, flat, bias.repeat(stride**2), pads=[1] * 4)
    return s.DepthToSpace(made, blocksize=stride, mode="CRD")
