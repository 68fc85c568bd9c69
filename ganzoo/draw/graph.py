"""The nodes and the constants of an ONNX file that `untrusted.inspect` passed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import schema
from ganzoo.draw.ports import DTYPES, Port, PortReader
from ganzoo.draw.untrusted import MAX_PARTS
from ganzoo.draw.wire import EMPTY, DamagedError, Value, as_bytes, as_int, as_text, signed
from ganzoo.errors import ModelFileError
from ganzoo.printable import line

Attribute = int | bytes | tuple[int, ...] | None
"""The value of an attribute: an int, a text, or ints; None for what no shape depends on."""

SMALL = 64
"""Most numbers of a constant whose values are read: shapes, axes, and factors are short."""


@dataclass(frozen=True)
class Node:
    """An operator, the names of the values that it takes and makes, and its attributes."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Constant:
    """Type and shape of a value that is in the file, and its numbers where they are few."""

    dtype: str
    shape: tuple[int, ...]
    numbers: NDArray[np.generic] | None


@dataclass(frozen=True)
class Graph:
    """All nodes, in their order, the constants by name, and what is declared of other values."""

    nodes: list[Node]
    constants: Mapping[str, Constant]
    declared: Mapping[str, Port]


def read(content: bytes, path: str | Path) -> Graph:
    """Return the graph of a file that `untrusted.inspect` passed; `path` is only for messages.

    Raises ModelFileError where parts come twice of which there is one, as no exporter writes them,
    or where a constant has not as many numbers as its shape says.
    """
    try:
        return _read(content)
    except DamagedError as error:
        raise ModelFileError(f"{path} is not an ONNX file, or is damaged: {error}") from None


def _read(content: bytes) -> Graph:
    reader = _GraphReader(MAX_PARTS)
    graph = next(value for number, value in reader.fields(memoryview(content)) if number == 7)
    nodes, constants, declared = list[Node](), dict[str, Constant](), dict[str, Port]()
    for number, value in reader.fields(graph):
        if number == 1:
            nodes.append(reader.node(value))
        elif number == 5:
            name, constant = reader.constant(value)
            if name in constants:
                raise DamagedError(f"there are two constants {line(name)[:60]!r}")
            constants[name] = constant
        elif number == 13:
            port = reader.port(value)
            if port.name in declared:
                raise DamagedError(f"{line(port.name)[:60]!r} is declared twice")
            declared[port.name] = port
    return Graph(nodes, constants, declared)


class _GraphReader(PortReader):
    """One pass over the messages of onnx.proto that matter; its fields have numbers there."""

    def node(self, message: Value) -> Node:
        found = self.parts(message, schema.NODE)
        inputs, outputs = ([as_text(value) for value in found.get(n, [])] for n in (1, 2))
        attributes = dict(self.attribute(value) for value in found.get(5, []))
        if len(attributes) < len(found.get(5, [])):
            raise DamagedError("an attribute is there twice")
        (operator,) = found.get(4, [EMPTY])
        return Node(as_text(operator), inputs, outputs, attributes)

    def attribute(self, message: Value) -> tuple[str, Attribute]:
        found = self.parts(message, schema.ATTRIBUTE)
        (name,) = found.get(1, [EMPTY])
        value: Attribute = None
        if 3 in found:
            value = signed(as_int(found[3][0]))
        elif 4 in found:
            value = bytes(as_bytes(found[4][0]))
        elif 8 in found:
            value = tuple(signed(number) for each in found[8] for number in self.ints(each))
        return as_text(name), value

    def constant(self, message: Value) -> tuple[str, Constant]:
        found = self.parts(message, schema.TENSOR)
        (name,), (number,), (raw,) = (
            found.get(n, [default]) for n, default in ((8, EMPTY), (2, 0), (9, None))
        )
        shape = tuple(dim for each in found.get(1, []) for dim in self.ints(each))
        dtype = DTYPES.get(as_int(number), "another type")
        size = math.prod(shape)
        packed = found.get({"float32": 4, "int64": 7}.get(dtype, 5), [])
        if dtype not in DTYPES.values() or (raw is None) != (len(packed) == 1):
            return as_text(name), Constant("another type", shape, None)
        numbers: NDArray[np.generic] | None = None
        kind = np.dtype(dtype).newbyteorder("<")
        if raw is not None or dtype == "float32":
            data = as_bytes(packed[0] if raw is None else raw)
            count, rest = divmod(len(data), kind.itemsize)
            if size <= SMALL and (count, rest) == (size, 0):
                numbers = np.frombuffer(data, kind).reshape(shape)
        else:
            listed = [signed(number) for number in self.ints(packed[0])]
            count, rest = len(listed), 0
            if dtype == "int64" and count == size <= SMALL:
                numbers = np.array(listed, np.int64).reshape(shape)
        if (count, rest) != (size, 0):
            raise DamagedError("a constant has not as many numbers as its shape says")
        return as_text(name), Constant(dtype, shape, numbers)
