"""Writing an ONNX graph node by node, for features whose network is small enough to spell out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import DTypeLike, NDArray
from onnx import helper, numpy_helper

OPSET, IR_VERSION = 18, 8

Port = tuple[DTypeLike, Sequence[int | str]]
"""Type and shape of an input or an output; a text is a size that is not fixed."""


class Graph:
    """A graph that grows node by node; each node has one output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        name = name or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant, and return its name."""
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def model(
        self, name: str, inputs: Mapping[str, Port], outputs: Mapping[str, Port]
    ) -> onnx.ModelProto:
        """Return the whole as a model that onnx's checker has passed."""
        graph = helper.make_graph(
            self.nodes, name, _values(inputs), _values(outputs), self.constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="ganzoo",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def _values(ports: Mapping[str, Port]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
        for name, (dtype, shape) in ports.items()
    ]
