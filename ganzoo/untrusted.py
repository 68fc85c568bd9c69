"""What an ONNX file contains and asks for, found out without running any of it.

Files come from strangers. onnxruntime would follow the paths that a file names, run loops without
end, and believe what is declared; so ganzoo reads a file's structure itself, which protobuf's wire
format makes short work, and hands on only a plain graph from latents to images.
"""

from __future__ import annotations

import math
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.errors import ModelFileError

MAX_BYTES = 2**30
"""Of a file: a generator with 268 million float32 weights."""
MAX_PARTS = 1_000_000
"""Of a file's structure: nodes, attributes, names. The zoo's largest has under two thousand."""
DOMAINS = ("", "ai.onnx")
TYPES = {1: "float32", 2: "uint8"}
"""ONNX's numbers for the types that latents and images may have."""


@dataclass(frozen=True)
class Port:
    """An input or output: its name, type, and shape, None where a dimension is free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass
class Contents:
    """What a file says of itself."""

    ir_version: int = 0
    opset: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    operators: Counter[str] = field(default_factory=Counter)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)


def read(path: str | Path) -> bytes:
    """The content of a model file; ModelFileError where there is none, or it is far too large."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelFileError(f"{path} is not a regular file")
            if status.st_size > MAX_BYTES:
                raise ModelFileError(
                    f"{path} has {status.st_size:,} bytes, and ganzoo opens at most {MAX_BYTES:,}"
                )
            return file.read(MAX_BYTES)
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist: `ganzoo export` writes one") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder, not an ONNX file") from None


def inspect(content: bytes, path: str | Path) -> Contents:
    """Read the structure of an ONNX file; ModelFileError says what in it is not to be trusted."""
    try:
        return _Reader().model(memoryview(content))
    except _Damaged as error:
        raise ModelFileError(f"{path} is not an ONNX file, or is damaged: {error}") from None
    except _Refused as error:
        raise ModelFileError(f"{path} is refused: {error}") from None


class _Damaged(Exception):  # noqa: N818 - these two never leave this module
    pass


class _Refused(Exception):  # noqa: N818
    pass


class _Reader:
    """One pass over the messages of onnx.proto that matter, by their fields' numbers there."""

    def __init__(self) -> None:
        self.parts = 0

    def model(self, data: memoryview) -> Contents:
        found = Contents()
        for number, value in self.fields(data):
            match number, value:
                case 1, int():
                    found.ir_version = value
                case 7, memoryview():
                    self.graph(value, found)
                case 8, memoryview():
                    opset = dict(self.fields(value))
                    if _text(opset.get(1, b"")) in DOMAINS:
                        found.opset = int(opset.get(2, 0))  # type: ignore[arg-type]
                case 14, memoryview():
                    pair = dict(self.fields(value))
                    found.metadata[_text(pair.get(1, b""))] = _text(pair.get(2, b""))
                case 20, _:
                    raise _Refused("it carries a training program")
                case 25, _:
                    raise _Refused("it defines functions of its own")
        if not found.operators:
            raise _Damaged("it has no graph")
        return found

    def graph(self, data: memoryview, found: Contents) -> None:
        for number, value in self.fields(data):
            match number, value:
                case 1, memoryview():
                    found.operators[self.node(value)] += 1
                case 5, memoryview():
                    self.tensor(value)
                case 11, memoryview():
                    found.inputs.append(self.port(value))
                case 12, memoryview():
                    found.outputs.append(self.port(value))
                case 15, _:
                    raise _Refused("it has sparse tensors")

    def node(self, data: memoryview) -> str:
        operator = ""
        for number, value in self.fields(data):
            match number, value:
                case 4, memoryview():
                    operator = _text(value)
                case 5, memoryview():
                    self.attribute(value)
                case 7, memoryview() if _text(value) not in DOMAINS:
                    raise _Refused(f"it wants custom operators, of {_text(value)[:60]!r}")
        return operator

    def attribute(self, data: memoryview) -> None:
        for number, value in self.fields(data):
            match number, value:
                case ((5 | 10), memoryview()):
                    self.tensor(value)
                case ((6 | 11), _):
                    raise _Refused("it has loops or branches")
                case ((22 | 23), _):
                    raise _Refused("it has sparse tensors")

    def tensor(self, data: memoryview) -> None:
        numbers = 1
        for number, value in self.fields(data):
            match number, value:
                case 1, int():
                    numbers *= value
                case 1, memoryview():
                    numbers *= math.prod(_varints(value))
                case (13, _) | (14, int(1)):
                    raise _Refused("its weights are in other files (external data)")
        if numbers > 2 * len(data):  # the smallest type there is has four bits
            raise _Refused(f"it declares a tensor of {numbers:,} numbers in {len(data):,} bytes")

    def port(self, data: memoryview) -> Port:
        name, dtype, shape = "", "", list[int | None]()
        for number, value in self.fields(data):
            match number, value:
                case 1, memoryview():
                    name = _text(value)
                case 2, memoryview():
                    tensor = dict(self.fields(value)).get(1)
                    if not isinstance(tensor, memoryview):
                        raise _Refused("it takes or gives something else than a tensor")
                    type_fields = dict(self.fields(tensor))
                    dtype = TYPES.get(int(type_fields.get(1, 0)), "another type")  # type: ignore[arg-type]
                    dims = type_fields.get(2, memoryview(b""))
                    for _, dim in self.fields(dims):  # type: ignore[arg-type]
                        shape.append(dict(self.fields(dim)).get(1))  # type: ignore[arg-type]
        return Port(name, dtype, tuple(shape))

    def fields(self, data: memoryview) -> Iterator[tuple[int, int | memoryview | None]]:
        """Each field's number and value: an int, bytes, or None for what has a fixed size."""
        at = 0
        while at < len(data):
            self.parts += 1
            if self.parts > MAX_PARTS:
                raise _Refused(f"it has more than {MAX_PARTS:,} parts")
            key, at = _varint(data, at)
            value: int | memoryview | None = None
            match key & 7:
                case 0:
                    value, at = _varint(data, at)
                case 1:
                    at += 8
                case 2:
                    size, at = _varint(data, at)
                    value = data[at : at + size]
                    at += size
                case 5:
                    at += 4
                case kind:
                    raise _Damaged(f"there is no field of kind {kind}")
            if at > len(data):
                raise _Damaged("it is cut short")
            yield key >> 3, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & (2**64 - 1), at + i + 1
    raise _Damaged("it is cut short")


def _varints(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _text(value: object) -> str:
    if not isinstance(value, bytes | memoryview):
        raise _Damaged("a name is not text")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        raise _Damaged("a name is not text") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for somebody to write into it: it is refused anyway."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
