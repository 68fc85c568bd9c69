"""The steps of an ONNX file, read by the same guard as a file that is drawn from; nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import prod
from pathlib import Path

from ganzoo.draw import graph, untrusted
from ganzoo.draw.graph import Constant, Node
from ganzoo.draw.network.steps import Call, Flow, Kind, Step, needed
from ganzoo.draw.network.words import convolution
from ganzoo.draw.ports import DTYPES, Port
from ganzoo.draw.vocabulary.operators import made_by
from ganzoo.draw.vocabulary.values import Unknown, Value
from ganzoo.printable import printable

SIGNS = {"Add": "+", "Sub": "−", "Mul": "×", "Div": "÷", "MatMul": "@", "Pow": "^"}
ARITHMETIC = {
    *SIGNS, "Abs", "Ceil", "Clip", "Concat", "Exp", "Floor", "Log", "Max", "Mean", "Min", "Neg",
    "ReduceMean", "ReduceSum", "Reciprocal", "Round", "Sqrt", "Where", "Equal", "Less",
}  # fmt: skip
SILENT = {"Cast", "CastLike", "Expand", "Identity", "Squeeze", "Transpose", "Unsqueeze"}
"""Operators that compute nothing: what they make counts as what they take."""
MOST_LETTERS = 40
"""Of a name in a file, which may be of any length."""
DEEPEST = 8
"""Most modules around a node that are told from each other."""


def read(path: str | Path) -> Flow:
    """Return how values flow through an ONNX file, from its inputs to its first output.

    Shapes are those of one image, as far as they are known without running the file. Raises
    ModelFileError where the file is missing or damaged, or asks for what a generator needs not.
    """
    content = untrusted.read(path)
    contents = untrusted.inspect(content, path)
    return _Reader(graph.read(content, path), contents.inputs).flow(contents.outputs)


class _Reader:
    """One pass over the nodes, in their order."""

    def __init__(self, found: graph.Graph, inputs: Sequence[Port]) -> None:
        self.found = found
        self.steps = list[Step]()
        self.maker = dict[str, int]()  # of a value's name: the number of its step
        # The constants of which alone a value is made.
        self.held: dict[str, tuple[str, ...]] = {name: (name,) for name in found.constants}
        self.counted = set[str]()
        self.values = {n: _known(c.dtype, c.shape, c) for n, c in found.constants.items()}
        for port in inputs:
            sizes = tuple(1 if size is None else size for size in port.shape)
            self.values[port.name] = _known(port.dtype, sizes)
            self._add(Step(_named(port.name), "input", shape=self._shape(port.name)), port.name)
        modules = _Modules()
        for node in found.nodes:
            self._note(node, modules.around(self._path(node)))

    def flow(self, outputs: Sequence[Port]) -> Flow:
        """Return all of it."""
        name = outputs[0].name if outputs else ""
        takes = (self.maker[name],) if name in self.maker else ()
        end = Step(_named(name), "output", takes, self._shape(name))
        total = sum(map(self._size, self.found.constants))
        return Flow("ONNX graph", tuple(needed([*self.steps, end])), total, unit="weights")

    def _note(self, node: Node, within: tuple[Call, ...]) -> None:
        self._compute(node)
        sources = tuple(dict.fromkeys(self.maker[n] for n in node.inputs if n in self.maker))
        constants = tuple(dict.fromkeys(c for n in node.inputs for c in self.held.get(n, ())))
        if not sources or node.operator == "Shape":
            for name in node.outputs:
                self.held[name] = constants
        elif node.operator in SILENT:
            self.maker |= dict.fromkeys(node.outputs, sources[0])
        else:
            words, kind = self._words(node, len(sources))
            fresh = [name for name in constants if name not in self.counted]
            self.counted.update(fresh)
            count, details = sum(map(self._size, fresh)), ", ".join(filter(None, node.outputs))
            step = Step(words, kind, sources, None, count, within, f"{node.operator}: {details}")
            self._add(step, *node.outputs)

    def _add(self, step: Step, *names: str) -> None:
        self.maker |= dict.fromkeys(names, len(self.steps))
        self.steps.append(replace(step, shape=self._shape(names[0]) if names else None))

    def _compute(self, node: Node) -> None:
        """Find out types and shapes of what a node makes, where its operator is known."""
        given = [self.values.get(name) if name else None for name in node.inputs]
        if all(value is not None or not n for value, n in zip(given, node.inputs, strict=True)):
            with suppress(Unknown):
                self.values |= zip(node.outputs, made_by(node, given), strict=True)
        for name in node.outputs:
            port = self.found.declared.get(name)
            if port is not None and self.values.get(name) is None:
                sizes = (1, *port.shape[1:]) if port.shape[:1] == (None,) else port.shape
                if all(size is not None for size in sizes):
                    whole = tuple(size for size in sizes if size is not None)
                    self.values[name] = _known(port.dtype, whole)

    def _shape(self, name: str) -> tuple[int, ...] | None:
        value = self.values.get(name)
        if value is None:
            return None
        return value.shape[1:] if value.shape[:1] == (1,) else value.shape

    def _size(self, name: str) -> int:
        """Return how many numbers a constant has; those of shapes and axes do not count."""
        constant = self.found.constants[name]
        return 0 if constant.dtype in {"int64", "bool"} else prod(constant.shape)

    def _path(self, node: Node) -> str:
        """Return the module of a node: exporters begin the names of its weights with it."""
        names = (name for name in node.inputs for name in self.held.get(name, ()))
        owned = (name for name in names if "." in name and self._size(name) > 1)
        return next((name.rpartition(".")[0] for name in owned), "")

    def _words(self, node: Node, sources: int) -> tuple[str, Kind]:
        """Return a node in a few words, and what kind of step it is."""
        name = node.inputs[1] if len(node.inputs) > 1 else ""
        weight = self.values.get(name) if name in self.held else None
        sizes = weight.shape if weight else ()
        attributes, operator = node.attributes, _named(node.operator)
        if operator in {"Conv", "ConvTranspose"} and len(sizes) >= 3:
            group = attributes.get("group")
            groups = group if isinstance(group, int) else 1
            outside, inside = sizes[0], sizes[1] * groups
            channels = (inside, outside) if operator == "Conv" else (outside, inside)
            stride, dilation = (
                given[: len(sizes) - 2] if isinstance(given, tuple) else ()
                for given in (attributes.get("strides"), attributes.get("dilations"))
            )
            said = convolution(
                operator, *channels, sizes[2:], stride=stride, groups=groups, dilation=dilation
            )
            return said, "layer"
        if operator in {"Gemm", "MatMul"} and len(sizes) == 2:
            wide = sizes[::-1] if attributes.get("transB") else sizes
            return f"{operator} {wide[0]}→{wide[1]}", "layer"
        if operator == "Gather" and node.inputs and node.inputs[0] in self.held:
            table = self.values.get(node.inputs[0])
            if table and len(table.shape) == 2:
                return f"Embedding {table.shape[0]}→{table.shape[1]}", "layer"
        if operator in SIGNS:
            with_what = self._beside(node) if sources == 1 else ""
            return f"{SIGNS[operator]} {with_what}".rstrip(), "loose"
        if operator in ARITHMETIC:
            return operator.lower() if operator == "Concat" else operator, "loose"
        return operator, "plain"

    def _beside(self, node: Node) -> str:
        """Return what an operator does with a value: a number, or the name of some weights."""
        other = next((name for name in node.inputs if name in self.held), "")
        constant = self.found.constants.get(other)
        if constant is not None and constant.numbers is not None and constant.numbers.size == 1:
            return f"{float(constant.numbers.ravel()[0]):.3g}"
        return _named(other.rpartition(".")[2] if other in self.found.constants else "weights")


class _Modules:
    """The modules around each node: as long as a part of their path stays, it is one call."""

    def __init__(self) -> None:
        self.begun = 0
        self.calls = list[Call]()

    def around(self, path: str) -> tuple[Call, ...]:
        """Return those around a node of the module `path`; of "", those around the last node."""
        if not path:
            return tuple(self.calls)
        parts = path.split(".")[:DEEPEST]
        names = [_named(".".join(parts[:end])) for end in range(1, len(parts) + 1)]
        for place, name in enumerate(names):
            if [call.name for call in self.calls[place : place + 1]] != [name]:
                self.begun += 1
                self.calls[place:] = [Call(self.begun, name, "Sequential")]
        del self.calls[len(names) :]
        return tuple(self.calls)


def _known(dtype: str, shape: tuple[int, ...], constant: Constant | None = None) -> Value | None:
    """Return a value whose type and shape are known; None where no rule takes such a one."""
    try:
        if dtype in DTYPES.values():
            return Value(dtype, shape, constant.numbers if constant else None)
    except Unknown:
        pass
    return None


def _named(name: str) -> str:
    """Return a name of a file as it can be shown."""
    return printable(name)[:MOST_LETTERS] or "?"
