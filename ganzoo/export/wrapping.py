"""Put nodes around somebody else's graph, so that it takes and gives what ganzoo's files do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.compose
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from ganzoo.errors import ModelFileError
from ganzoo.export.strangers import Taken, layout

PREFIX = "adopted/"
"""What stands before the names of the stranger's own values, so that ganzoo's are free."""


def wrapped(
    model: ModelProto, takes: Taken, output: str, drawn: NDArray[Any], batch: int | None
) -> ModelProto:
    """Return `model` with ganzoo's inputs and output: `latent`, `label` where it has any, `image`.

    What reshapes, casts and transposes stands around its graph. `drawn` are images of its `output`.
    It is `model` itself, changed, as weights may be large.
    """
    made: ModelProto = onnx.compose.add_prefix(model, PREFIX, inplace=True)
    made.ir_version = max(made.ir_version, 4)  # in older ones, weights are inputs
    graph, size = made.graph, batch or "batch"
    graph.ClearField("input")
    graph.ClearField("output")

    latent = _Chain(graph, "latent", "latent")
    if len(takes.latent.shape) == 4:
        latent.reshape([-1, takes.latent_dim, 1, 1])
    latent.cast("float32", takes.latent.dtype)
    latent.before(PREFIX + takes.latent.name)
    graph.input.append(_port("latent", "float32", [size, takes.latent_dim]))

    if takes.label is not None:
        label = _Chain(graph, "label", "label")
        if len(takes.label.shape) == 2:
            label.reshape([-1, 1])
        label.cast("int64", takes.label.dtype)
        label.before(PREFIX + takes.label.name)
        graph.input.append(_port("label", "int64", [size]))

    dtype, wanted = ("uint8", "NHWC") if drawn.dtype == np.uint8 else ("float32", "NCHW")
    if not any(PREFIX + output in node.output for node in graph.node):
        raise ModelFileError("its images are computed of nothing: z changes nothing")
    image = _Chain(graph, PREFIX + output, "image")
    image.cast(drawn.dtype.name, dtype)
    axes = [0, 1, 2, 3]
    if layout(drawn.shape) != wanted:
        axes = [0, 2, 3, 1] if wanted == "NHWC" else [0, 3, 1, 2]
        image.add("Transpose", perm=axes)
    image.behind()
    graph.output.append(_port("image", dtype, [size, *(drawn.shape[axis] for axis in axes[1:])]))
    return made


class _Chain:
    """Nodes one after the other: the first takes `value`, and each is called NAME_OPERATOR."""

    def __init__(self, graph: GraphProto, value: str, name: str) -> None:
        self.graph, self.last, self.name = graph, value, name
        self.nodes: list[NodeProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> None:
        """Add a node, which takes what the last one gives, and `inputs`."""
        made = f"{self.name}_{operator}"
        node = helper.make_node(operator, [self.last, *inputs], [made], made, **attributes)
        self.nodes.append(node)
        self.last = made

    def reshape(self, shape: Sequence[int]) -> None:
        """Add a Reshape."""
        constant = numpy_helper.from_array(np.array(shape, np.int64), f"{self.name}_shape")
        self.graph.initializer.append(constant)
        self.add("Reshape", constant.name)

    def cast(self, old: str, new: str) -> None:
        """Add a Cast, where the types differ."""
        if old != new:
            self.add("Cast", to=_number(new))

    def before(self, inner: str) -> None:
        """Let the graph take, instead of `inner`, what the last node gives."""
        for node in self.graph.node:
            node.input[:] = [self.last if value == inner else value for value in node.input]
        for node in reversed(self.nodes):
            self.graph.node.insert(0, node)

    def behind(self) -> None:
        """Put the nodes at the end of the graph, and call what the last one gives NAME."""
        self.graph.node.extend(self.nodes)
        for node in self.graph.node:
            for values in (node.input, node.output):
                values[:] = [self.name if value == self.last else value for value in values]


def _number(dtype: str) -> int:
    """Return ONNX's number of a type that numpy calls `dtype`."""
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _port(name: str, dtype: str, shape: Sequence[int | str]) -> ValueInfoProto:
    made: ValueInfoProto = helper.make_tensor_value_info(name, _number(dtype), list(shape))
    return made
