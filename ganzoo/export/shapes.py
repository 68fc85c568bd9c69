"""Shapes inside a graph, which viewers and converters read."""

from __future__ import annotations

import onnx
from onnx import ModelProto, TensorShapeProto, ValueInfoProto
from onnxscript import ir, optimizer

from ganzoo.export.surgery import Surgeon, array_of

BATCH = "batch"
"""The name of the one size that is free."""


def plain_reshape(node: ir.Node, s: Surgeon) -> bool:
    """Give a Reshape the constant shape that it has, with -1 for the batch, and no `allowzero`.

    torch writes `allowzero` for every view. Many programs do not know it, and where no size is 0
    it changes nothing.
    """
    if node.op_type != "Reshape":
        return False
    shape, made = array_of(node.inputs[1]), node.outputs[0].shape
    if shape is not None and "allowzero" in node.attributes and 0 not in shape:
        s.replace([node], s.Reshape(node.inputs[0], node.inputs[1]))
        return True
    if shape is not None or made is None:
        return False
    sizes = [size if isinstance(size, int) else -1 for size in made]
    if 0 in sizes or sizes.count(-1) > 1:
        return False
    s.replace([node], s.Reshape(node.inputs[0], s.int64(sizes)))
    return True


def with_shapes(model: ModelProto) -> ModelProto:
    """Return `model` with type and shape of every value in it, as ONNX infers them.

    The sizes are inferred for two batches: one that is equal in both is a number, one that is the
    batch is called so, and any other is left open.
    """
    made = ModelProto()
    made.CopyFrom(model)
    few, more = (_inferred(model, n) for n in (2, 3))
    for name, info in few.items():
        dims = info.type.tensor_type.shape.dim
        others = more[name].type.tensor_type.shape.dim if name in more else []
        if len(dims) != len(others):
            continue
        for dim, other in zip(dims, others, strict=True):
            _join(dim, other)
        made.graph.value_info.append(info)
    return made


def with_batch(model: ModelProto, batch: int) -> ModelProto:
    """Return `model` for exactly `batch` images in each call.

    Shapes that were computed of the batch become constants, which are called "shape.NAME". Shapes
    that were written beside values are left out: `with_shapes` writes those of the new graph.
    """
    graph = ir.from_proto(_fixed(model, batch))
    optimizer.fold_constants(graph, onnx_shape_inference=True, should_fold=_is_shape)
    optimizer.remove_unused_nodes(graph)
    made = ir.to_proto(graph)
    made.graph.ClearField("value_info")
    known = {tensor.name for tensor in model.graph.initializer}
    names = {t.name: f"shape.{t.name}" for t in made.graph.initializer if t.name not in known}
    for tensor in made.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for node in made.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    return made


def _is_shape(node: ir.Node) -> bool | None:
    """Return None, for the optimizer to decide, where a node computes shapes; else False."""
    whole = all(value is None or value.dtype == ir.DataType.INT64 for value in node.inputs)
    return None if whole or node.op_type in ("Shape", "Size") else False


def _fixed(model: ModelProto, batch: int) -> ModelProto:
    """Return a copy of `model`; the free size of its inputs and outputs is `batch`."""
    made = ModelProto()
    made.CopyFrom(model)
    for port in (*made.graph.input, *made.graph.output):
        for dim in port.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = batch
    return made


def _inferred(model: ModelProto, n: int) -> dict[str, ValueInfoProto]:
    """Return what ONNX infers for n images, by name; where the batch is free, for that one."""
    inferred = onnx.shape_inference.infer_shapes(_fixed(model, n), data_prop=True)
    return {info.name: info for info in inferred.graph.value_info}


def _join(dim: TensorShapeProto.Dimension, other: TensorShapeProto.Dimension) -> None:
    """Make of the sizes for two and for three images that for any number."""
    if not (dim.HasField("dim_value") and other.HasField("dim_value")):
        dim.Clear()
    elif dim.dim_value != other.dim_value:
        is_batch = (dim.dim_value, other.dim_value) == (2, 3)
        dim.Clear()
        if is_batch:
            dim.dim_param = BATCH
