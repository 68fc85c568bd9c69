"""Read and replace parts of an ONNX graph: the tools of all rewriting rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxscript import ir

Array = NDArray[Any]


class Surgeon:
    """A maker of new nodes for a graph, which then replace old ones.

    A method with the name of an operator makes a node: `s.Relu(x)` returns the node's output.
    Arrays among the inputs become initializers. What is made is of the module that `like` is of.
    """

    def __init__(self, graph: ir.Graph, like: ir.Node) -> None:
        self.graph, self.like = graph, like
        self._nodes: list[ir.Node] = []

    def __getattr__(self, operator: str) -> Callable[..., ir.Value]:
        def make(*inputs: ir.Value | Array | None, **attributes: Any) -> ir.Value:
            values = [self.constant(i) if isinstance(i, np.ndarray) else i for i in inputs]
            node = ir.node(operator, values, attributes, metadata_props=self.like.metadata_props)
            self._nodes.append(node)
            return node.outputs[0]

        return make

    def constant(self, array: Array) -> ir.Value:
        """Add an initializer with a new name, and return it."""
        number = len(self.graph.initializers)
        while f"constant_{number}" in self.graph.initializers:
            number += 1
        value = ir.val(f"constant_{number}", const_value=ir.tensor(np.ascontiguousarray(array)))
        self.graph.register_initializer(value)
        return value

    def int64(self, numbers: Sequence[int]) -> ir.Value:
        """Add a list of whole numbers, and return it."""
        return self.constant(np.array(numbers, np.int64))

    def again(self, node: ir.Node, first: ir.Value) -> ir.Value:
        """Make a node like `node` with another first input, and return its output."""
        inputs, attributes = [first, *node.inputs[1:]], dict(node.attributes)
        made = ir.node(node.op_type, inputs, attributes, metadata_props=node.metadata_props)
        self._nodes.append(made)
        return made.outputs[0]

    def replace(self, old: Sequence[ir.Node], new: ir.Value) -> None:
        """Replace the nodes `old` by those made since the last call, and their output by `new`."""
        ir.convenience.replace_nodes_and_values(
            self.graph, old[-1], list(old), self._nodes, [old[-1].outputs[0]], [new]
        )
        self._nodes = []


def array_of(value: ir.Value | None) -> Array | None:
    """Return the numbers of a constant, or None where a value depends on the latent."""
    tensor = None if value is None else ir.convenience.get_const_tensor(value)
    return None if tensor is None else tensor.numpy()


def maker(value: ir.Value | None, *operators: str) -> ir.Node | None:
    """Return the node that makes `value`, or None.

    None means that it is none of these operators, or that more than one node uses `value`.
    """
    node = None if value is None else value.producer()
    if node is None or node.domain or node.op_type not in operators:
        return None
    alone = len(list(node.outputs[0].uses())) == 1 and not node.outputs[0].is_graph_output()
    return node if alone else None


def user(value: ir.Value) -> ir.Node | None:
    """Return the node that has `value` as its first input, or None if it is not the only user."""
    uses = list(value.uses())
    if len(uses) != 1 or value.is_graph_output() or uses[0].idx != 0:
        return None
    return uses[0].node


def attribute(node: ir.Node, name: str, default: Any) -> Any:
    """Return an attribute's value, or `default`, which is the one of ONNX."""
    return node.attributes[name].value if name in node.attributes else default


def static_shape(value: ir.Value | None) -> list[int] | None:
    """Return a value's shape without the batch, or None where not all of it is known."""
    sizes = None if value is None or value.shape is None else list(value.shape)[1:]
    return None if sizes is None or not all(isinstance(d, int) for d in sizes) else sizes  # type: ignore[return-value]


def square(node: ir.Node, name: str, default: int) -> int:
    """Return the one number of an attribute that is the same on all sides; -1 where they differ."""
    values = set(attribute(node, name, (default,)))
    return values.pop() if len(values) == 1 else -1
