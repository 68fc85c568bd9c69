"""The reader of files against the official schema: what may be repeated or absent is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import ganzoo
from ganzoo.draw import graph, schema, untrusted
from ganzoo.errors import ModelFileError
from tests.fuzz_onnx import varint

Find = Callable[[onnx.ModelProto], Any]
INSTANCES: dict[str, Find] = {
    "model": lambda model: model,
    "graph": lambda model: model.graph,
    "node": lambda model: model.graph.node[0],
    "last node": lambda model: model.graph.node[-1],
    "attribute": lambda model: next(n for n in model.graph.node if n.attribute).attribute[0],
    "weight": lambda model: model.graph.initializer[0],
    "input": lambda model: model.graph.input[0],
    "output": lambda model: model.graph.output[0],
    "value in between": lambda model: model.graph.value_info[0],
    "type": lambda model: model.graph.input[0].type,
    "tensor": lambda model: model.graph.input[0].type.tensor_type,
    "shape": lambda model: model.graph.output[0].type.tensor_type.shape,
    "free size": lambda model: model.graph.input[0].type.tensor_type.shape.dim[0],
    "size": lambda model: model.graph.input[0].type.tensor_type.shape.dim[1],
    "opset": lambda model: model.opset_import[0],
    "pair": lambda model: model.metadata_props[0],
}
"""A message of each kind, in an exported file."""
MEANT = {("model", "graph"), ("opset", "version")}
"""What ganzoo says is missing, as there is nothing to run without it."""
IDLE = (
    "metadata_props", "doc_string", "quantization_annotation", "device_configurations",
    "configuration", "denotation", "producer_name", "model_version", "segment", "overload",
)  # fmt: skip
"""What changes no picture."""


def is_repeated(field: Any) -> bool:
    found = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3
    return bool(found)


def fields(repeated: bool) -> Iterator[Any]:
    """All fields of all messages that are read, as onnx.proto has them."""
    model = onnx.ModelProto(
        graph=onnx.GraphProto(
            node=[onnx.NodeProto(attribute=[onnx.AttributeProto()])],
            initializer=[onnx.TensorProto()],
            input=[onnx.helper.make_tensor_value_info("a", 1, [1, 1])],
            output=[onnx.helper.make_tensor_value_info("a", 1, [1, 1])],
            value_info=[onnx.ValueInfoProto()],
        ),
        opset_import=[onnx.OperatorSetIdProto()],
        metadata_props=[onnx.StringStringEntryProto()],
    )
    for place, find in INSTANCES.items():
        for field in find(model).DESCRIPTOR.fields:
            if is_repeated(field) == repeated:
                yield pytest.param(place, field.name, id=f"{place}.{field.name}")


def example(field: Any, number: int) -> Any:
    """A value of a scalar field; that of a name is another for each number."""
    return {9: f"more {number}", 12: b"x", 1: 0.0, 2: 0.0}.get(field.type, 1)


def repeat(message: Any, name: str) -> None:
    """Add two more of a repeated field."""
    field = message.DESCRIPTOR.fields_by_name[name]
    for number in range(2):
        if field.message_type is None:
            getattr(message, name).append(example(field, number))
            continue
        added = getattr(message, name).add()
        for part in field.message_type.fields:
            if part.type == 9 and not is_repeated(part):
                setattr(added, part.name, example(part, number))


def read(content: bytes) -> str:
    """What ganzoo's readers say of a file; nothing where they take it."""
    try:
        untrusted.inspect(content, "x")
        graph.read(content, "x")
    except ModelFileError as error:
        return str(error)
    return ""


def test_the_table_is_that_of_onnx() -> None:
    told = {
        "NodeProto": schema.NODE, "AttributeProto": schema.ATTRIBUTE, "TensorProto": schema.TENSOR,
        "ValueInfoProto": schema.PORT, "TypeProto": schema.TYPE,
        "TypeProto.Tensor": schema.TENSOR_TYPE, "TensorShapeProto.Dimension": schema.SIZE,
        "OperatorSetIdProto": schema.OPSET, "StringStringEntryProto": schema.PAIR,
    }  # fmt: skip
    for name, once in told.items():
        message: Any = onnx
        for part in name.split("."):
            message = getattr(message, part)
        found = {f.number for f in message.DESCRIPTOR.fields if not is_repeated(f)}
        assert once == found, name


@pytest.mark.parametrize(("place", "name"), list(fields(repeated=True)))
def test_every_repeated_field_may_be_repeated(exported: Path, place: str, name: str) -> None:
    model = onnx.load(exported)
    repeat(INSTANCES[place](model), name)
    said = read(model.SerializeToString())
    assert "damaged" not in said
    if name in IDLE:
        assert not said


@pytest.mark.parametrize(("place", "name"), list(fields(repeated=False)))
def test_every_optional_field_may_be_absent_or_there(exported: Path, place: str, name: str) -> None:
    model = onnx.load(exported)
    message = INSTANCES[place](model)
    message.ClearField(name)
    said = read(model.SerializeToString())
    assert ("damaged" in said) == ((place, name) in MEANT), said
    field = message.DESCRIPTOR.fields_by_name[name]
    if name in IDLE and field.message_type is None:
        setattr(message, name, example(field, 0))
        assert not read(model.SerializeToString())


def test_a_file_with_all_that_changes_no_picture_is_drawn(exported: Path, tmp_path: Path) -> None:
    """As a newer exporter writes it, with two pairs of metadata at its ports."""
    model = onnx.load(exported)
    model.ir_version = 10
    for find in INSTANCES.values():
        message = find(model)
        for field in message.DESCRIPTOR.fields:
            if field.name in IDLE and is_repeated(field) and message is not model:
                repeat(message, field.name)
    repeat(model, "metadata_props")
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    expected = ganzoo.load(exported).sample(3)
    np.testing.assert_array_equal(ganzoo.load(tmp_path / "x.onnx").sample(3), expected)


@pytest.mark.parametrize("place", ["node", "attribute", "weight", "input", "type", "pair", "opset"])
def test_what_comes_once_may_not_come_twice(exported: Path, place: str) -> None:
    """Protobuf would merge them, and another reader take the first: what is read is no text."""
    model = onnx.load(exported)
    message = INSTANCES[place](model)
    once = next(f for f in message.DESCRIPTOR.fields if f.type == 9 and not is_repeated(f))
    setattr(message, once.name, "the first")
    whole = message.SerializeToString()
    part = type(message)(**{once.name: "another"}).SerializeToString()
    content = grown(model, whole, whole + part)
    assert "is there twice" in read(content)


def grown(model: onnx.ModelProto, old: bytes, new: bytes) -> bytes:
    """The file with a message in the place of another, and all lengths around it corrected."""

    def written(message: Any) -> bytes:
        if message.SerializeToString() == old:
            return new
        made = b""
        for field, value in message.ListFields():
            for each in value if is_repeated(field) else [value]:
                if field.message_type is None:
                    alone = type(message)()
                    if is_repeated(field):
                        getattr(alone, field.name).append(each)
                    else:
                        setattr(alone, field.name, each)
                    made += alone.SerializePartialToString()
                else:
                    content = written(each)
                    made += varint(field.number << 3 | 2) + varint(len(content)) + content
        return made

    return written(model)
