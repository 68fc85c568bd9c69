"""Operators that put numbers elsewhere: they multiply nothing."""

from __future__ import annotations

import math

import numpy as np

from ganzoo.draw.graph import Node
from ganzoo.draw.vocabulary.values import (
    Inputs,
    Value,
    attribute,
    axis_of,
    broadcast,
    floats,
    ints,
    need,
    table,
)


def _concatenated(node: Node, inputs: Inputs) -> list[Value]:
    first, *_ = inputs
    kinds, ranks = ({value.dtype for value in inputs}, {len(value.shape) for value in inputs})
    need(len(kinds) == 1 and len(ranks) == 1 and kinds < {"float32", "int64"}, "a concat")
    axis = axis_of(attribute(node, "axis"), len(first.shape))
    others = {value.shape[:axis] + value.shape[axis + 1 :] for value in inputs}
    need(len(others) == 1, "shapes that do not fit")
    size = sum(value.shape[axis] for value in inputs)
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    numbers = [value.numbers for value in inputs if value.numbers is not None]
    known = np.concatenate(numbers, axis) if len(numbers) == len(inputs) else None
    return [Value(first.dtype, shape, known)]


def _split(node: Node, inputs: Inputs) -> list[Value]:
    (x,) = inputs
    floats(x)
    axis, count = axis_of(attribute(node, "axis", 0), len(x.shape)), len(node.outputs)
    need(count >= 1 and attribute(node, "num_outputs") == count, "a split")
    need(x.shape[axis] % count == 0, "a split into unequal parts")
    shape = (*x.shape[:axis], x.shape[axis] // count, *x.shape[axis + 1 :])
    return [Value("float32", shape)] * count


def _sliced(node: Node, inputs: Inputs) -> list[Value]:
    x, *lists = inputs
    floats(x)
    starts, ends, axes, *steps = map(ints, lists)
    need(len(starts) == len(ends) == len(axes) == len(set(axes)), "a slice")
    shape = list(x.shape)
    for start, end, axis, step in zip(
        starts, ends, axes, *(steps or [(1,) * len(axes)]), strict=True
    ):
        need(step >= 1, "a slice backwards")
        place = axis_of(axis, len(shape))
        shape[place] = len(range(x.shape[place])[start:end:step])
    return [Value("float32", tuple(shape))]


def _squeezed(node: Node, inputs: Inputs) -> list[Value]:
    x, axes = inputs
    floats(x)
    gone = {axis_of(axis, len(x.shape)) for axis in ints(axes)}
    need(all(x.shape[axis] == 1 for axis in gone), "a squeeze")
    return [Value("float32", tuple(s for i, s in enumerate(x.shape) if i not in gone))]


def _unsqueezed(node: Node, inputs: Inputs) -> list[Value]:
    x, axes = inputs
    floats(x)
    rank = len(x.shape) + len(ints(axes))
    new = {axis_of(axis, rank) for axis in ints(axes)}
    need(rank - len(new) == len(x.shape), "an unsqueeze")
    rest = iter(x.shape)
    return [Value("float32", tuple(1 if i in new else next(rest) for i in range(rank)))]


def _reshaped(node: Node, inputs: Inputs) -> list[Value]:
    x, wanted = inputs
    floats(x)
    shape = list(ints(wanted))
    need(shape.count(-1) <= 1 and all(size >= 1 for size in shape if size != -1), "a reshape")
    known = math.prod(size for size in shape if size != -1)
    if -1 in shape:
        shape[shape.index(-1)] = x.size // known
    need(math.prod(shape) == x.size, "a reshape")
    return [Value("float32", tuple(shape))]


def _permuted(node: Node, inputs: Inputs) -> list[Value]:
    (x,) = inputs
    order = node.attributes.get("perm")
    need(x.dtype in ("float32", "uint8") and isinstance(order, tuple), "a transposition")
    assert isinstance(order, tuple)
    need(sorted(order) == list(range(len(x.shape))), "a transposition")
    return [Value(x.dtype, tuple(x.shape[place] for place in order))]


def _expanded(node: Node, inputs: Inputs) -> list[Value]:
    x, wanted = inputs
    floats(x)
    return [Value("float32", broadcast(x.shape, ints(wanted)))]


def _gathered(node: Node, inputs: Inputs) -> list[Value]:
    x, indices = inputs
    floats(x)
    need(indices.dtype == "int64" and len(x.shape) == 2, "an embedding")
    need(not attribute(node, "axis", 0), "an embedding")
    return [Value("float32", (*indices.shape, x.shape[1]))]


def _shape_of(node: Node, inputs: Inputs) -> list[Value]:
    (x,) = inputs
    start, end = attribute(node, "start", 0), attribute(node, "end", len(x.shape))
    part = np.array(x.shape[start:end], np.int64)
    return [Value("int64", part.shape, part)]


def _padded(node: Node, inputs: Inputs) -> list[Value]:
    x, pads = inputs
    floats(x)
    sizes, rank = ints(pads), len(x.shape)
    need(node.attributes.get("mode", b"constant") == b"constant", "pads of another kind")
    need(len(sizes) == 2 * rank and min(sizes, default=0) >= 0, "pads")
    shape = tuple(x.shape[i] + sizes[i] + sizes[rank + i] for i in range(rank))
    return [Value("float32", shape)]


def _resized(node: Node, inputs: Inputs) -> list[Value]:
    x, scales = inputs
    floats(x, scales)
    need(scales.numbers is not None and scales.shape == (4,) and len(x.shape) == 4, "a resize")
    assert scales.numbers is not None
    factors = [float(factor) for factor in scales.numbers]
    need(factors[:2] == [1, 1] and all(f == int(f) and f >= 1 for f in factors), "a resize")
    kinds = {b"nearest": b"asymmetric", b"linear": b"half_pixel"}
    mode, how = (node.attributes.get(n) for n in ("mode", "coordinate_transformation_mode"))
    need(isinstance(mode, bytes) and kinds.get(mode) == how, "a resize")
    for name, usual in (("antialias", 0), ("exclude_outside", 0)):
        need(attribute(node, name, usual) == usual, "a resize")
    shape = tuple(size * int(f) for size, f in zip(x.shape, factors, strict=True))
    return [Value("float32", shape)]


def _depth_to_space(node: Node, inputs: Inputs) -> list[Value]:
    (x,) = inputs
    floats(x)
    block = attribute(node, "blocksize")
    need(node.attributes.get("mode", b"DCR") in (b"DCR", b"CRD"), "a mode")
    need(len(x.shape) == 4 and block >= 1 and x.shape[1] % block**2 == 0, "blocks")
    n, channels, height, width = x.shape
    return [Value("float32", (n, channels // block**2, height * block, width * block))]


RULES = table(
    ("Concat", _concatenated, 1, 64, "axis"),
    ("Split", _split, 1, 1, "axis num_outputs"),
    ("Slice", _sliced, 4, 5, ""),
    ("Squeeze", _squeezed, 2, 2, ""),
    ("Unsqueeze", _unsqueezed, 2, 2, ""),
    ("Reshape", _reshaped, 2, 2, "allowzero"),
    ("Transpose", _permuted, 1, 1, "perm"),
    ("Expand", _expanded, 2, 2, ""),
    ("Gather", _gathered, 2, 2, "axis"),
    ("Shape", _shape_of, 1, 1, "start end"),
    ("Pad", _padded, 2, 2, "mode"),
    (
        "Resize", _resized, 3, 3,
        "antialias coordinate_transformation_mode cubic_coeff_a exclude_outside "
        "extrapolation_value keep_aspect_ratio_policy mode nearest_mode",
    ),
    ("DepthToSpace", _depth_to_space, 1, 1, "blocksize mode"),
)  # fmt: skip
