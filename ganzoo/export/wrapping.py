"""Put nodes around somebody else's graph, so that it takes and gives what ganzoo's files do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.compose
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from ganzoo.draw.ports import DTYPES
from ganzoo.export.strangers import Taken, layout

NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
Step = tuple[str, Any]
"""An operator that changes a value, and how: a shape, a type, or the order of the axes."""
PREFIX = "adopted/"
"""What stands before the names of the stranger's own values."""


def wrapped(
    model: ModelProto, takes: Taken, output: str, drawn: NDArray[Any], batch: int | None
) -> ModelProto:
    """Return `model` with ganzoo's inputs and output: `latent`, `label` where it has any, `image`.

    What reshapes, casts and transposes stands around its graph. `drawn` is what it draws. Its own
    values get a prefix, so that these names are free.
    """
    made: ModelProto = onnx.compose.add_prefix(model, PREFIX)
    made.ir_version = max(made.ir_version, 4)  # in older ones, weights are inputs
    graph, size = made.graph, batch or "batch"
    graph.ClearField("input")
    graph.ClearField("output")
    around = _Around(graph)
    latent: list[Step] = [("Reshape", [-1, takes.latent_dim, 1, 1])] * (
        len(takes.latent.shape) == 4
    )
    latent += [("Cast", takes.latent.dtype)] * (takes.latent.dtype != "float32")
    around.before("latent", PREFIX + takes.latent.name, latent)
    graph.input.append(_port("latent", "float32", [size, takes.latent_dim]))
    if takes.label is not None:
        label: list[Step] = [("Reshape", [-1, 1])] * (len(takes.label.shape) == 2)
        label += [("Cast", takes.label.dtype)] * (takes.label.dtype != "int64")
        around.before("label", PREFIX + takes.label.name, label)
        graph.input.append(_port("label", "int64", [size]))
    dtype = "uint8" if drawn.dtype == np.uint8 else "float32"
    order = {"uint8": "NHWC", "float32": "NCHW"}[dtype]
    image: list[Step] = [("Cast", dtype)] * (drawn.dtype != dtype)
    sizes = list(drawn.shape[1:])
    if layout(drawn.shape) != order:
        axes = [0, 2, 3, 1] if dtype == "uint8" else [0, 3, 1, 2]
        image.append(("Transpose", axes))
        sizes = [drawn.shape[axis] for axis in axes[1:]]
    around.behind(PREFIX + output, "image", image)
    graph.output.append(_port("image", dtype, [size, *sizes]))
    return made


class _Around:
    """Puts nodes before and behind a graph."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph

    def before(self, name: str, inner: str, steps: Sequence[Step]) -> None:
        """Let the graph take, instead of `inner`, what `steps` make of the input `name`."""
        nodes, last = self._nodes(name, name, steps)
        for node in self.graph.node:
            node.input[:] = [last if value == inner else value for value in node.input]
        for node in reversed(nodes):
            self.graph.node.insert(0, node)

    def behind(self, inner: str, name: str, steps: Sequence[Step]) -> None:
        """Let what `steps` make of `inner` be the output `name`."""
        nodes, last = self._nodes(inner, name, steps)
        self.graph.node.extend(nodes)
        for node in self.graph.node:
            for values in (node.input, node.output):
                values[:] = [name if value == last else value for value in values]

    def _nodes(self, value: str, name: str, steps: Sequence[Step]) -> tuple[list[NodeProto], str]:
        """Return the nodes of `steps`, which begin with `value`, and what the last one gives."""
        nodes = []
        for operator, what in steps:
            inputs, made = [value], f"{name}_{operator}"
            more: dict[str, Any] = {}
            match operator:
                case "Reshape":
                    shape = numpy_helper.from_array(np.array(what, np.int64), f"{name}_shape")
                    self.graph.initializer.append(shape)
                    inputs.append(shape.name)
                case "Cast":
                    more = {"to": NUMBERS[what]}
                case "Transpose":
                    more = {"perm": what}
            nodes.append(helper.make_node(operator, inputs, [made], made, **more))
            value = made
        return nodes, value


def _port(name: str, dtype: str, shape: Sequence[int | str]) -> ValueInfoProto:
    made: ValueInfoProto = helper.make_tensor_value_info(name, NUMBERS[dtype], list(shape))
    return made
