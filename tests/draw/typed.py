"""Generators with one operator more: valid types, any shapes, omitted inputs, extreme values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper
from onnx.defs import OpSchema

from ganzoo.draw.untrusted import OPERATORS

INTEGERS = (-(2**63), -(2**31), -2, -1, 0, 0, 1, 1, 2, 3, 7, 2**31, 2**63 - 1)
NUMBERS = (float("nan"), float("inf"), -1e38, -1.0, 0.0, 1e-38, 0.5, 1.0, 2.0, 1e38)
SIDES = (0, 1, 1, 2, 3, 5, 28, 300)
WORDS = ("", "linear", "constant", "reflect", "NOTSET", "SAME_UPPER", "VALID", "bilinear", "a,a->a")
TYPES = {f"tensor({name})": dtype for name, dtype in {
    "float": np.float32, "double": np.float64, "float16": np.float16, "bool": np.bool_,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
}.items()}  # fmt: skip
AttrType = OpSchema.AttrType


def schemas(opset: int) -> list[OpSchema]:
    """Return the operators that are run at all, as they are in an opset; none has a subgraph."""
    found = []
    for schema in defs.get_all_schemas():
        if schema.domain or schema.name not in OPERATORS or schema.min_output == 0:
            continue
        with suppress(defs.SchemaError):  # newer than this opset
            found.append(defs.get_schema(schema.name, opset))
    return sorted(found, key=lambda schema: schema.name)


def array(chance: random.Random, dtype: type) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """Return numbers of a type: a shape, axes, an extreme, or noise."""
    shape = [chance.choice(SIDES) for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 4, 4, 5)))]
    while np.prod(shape) > 100_000:
        shape.pop()
    if dtype in (np.float16, np.float32, np.float64):
        made = np.random.default_rng(chance.randrange(2**31)).normal(size=shape)
        if chance.random() < 0.2:
            made = np.full(shape, chance.choice(NUMBERS))
    else:
        made = np.array([chance.choice(INTEGERS) for _ in range(int(np.prod(shape)))], object)
        if chance.random() < 0.6:
            made = np.array([chance.choice((0, 1, 1, 2, 4, 28)) for _ in made], object)
        info = np.iinfo(np.uint8 if dtype is np.bool_ else dtype)
        made = np.asarray(np.clip(made.reshape(shape), int(info.min), int(info.max)))
    with np.errstate(all="ignore"):
        return made.astype(dtype)


def value(chance: random.Random, kind: AttrType) -> Any:
    """Return a value of an attribute."""
    some = range(chance.choice((0, 1, 2, 2, 3, 4, 8)))
    match kind:
        case AttrType.INT:
            return chance.choice(INTEGERS)
        case AttrType.INTS:
            return [chance.choice(INTEGERS[2:-2]) for _ in some] or [0]
        case AttrType.FLOAT:
            return chance.choice(NUMBERS)
        case AttrType.FLOATS:
            return [chance.choice(NUMBERS) for _ in some] or [0.0]
        case AttrType.STRING:
            return chance.choice(WORDS)
        case AttrType.STRINGS:
            return [chance.choice(WORDS) for _ in some] or [""]
    return numpy_helper.from_array(array(chance, np.float32))


def models(exported: Path, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield models that add the largest number that an operator makes, and tell which it is."""
    chance, whole = random.Random(seed), onnx.load(exported)
    known = schemas(whole.opset_import[0].version)
    whole.graph.node[-1].output[0] = "before"
    for _ in range(count):
        model, schema = onnx.ModelProto(), chance.choice(known)
        model.CopyFrom(whole)
        types, given = dict[str, str](), list[str]()
        rules = {rule.type_param_str: rule.allowed_type_strs for rule in schema.type_constraints}
        for formal in schema.inputs:
            many = formal.option == OpSchema.FormalParameterOption.Variadic
            optional = formal.option == OpSchema.FormalParameterOption.Optional
            for _ in range(chance.choice((0, 1, 2, 3)) if many else 1):
                allowed = [t for t in rules.get(formal.type_str, [formal.type_str]) if t in TYPES]
                type_ = types.setdefault(
                    formal.type_str, chance.choice(allowed or ["tensor(float)"])
                )
                if chance.random() < (0.4 if optional else 0.04):
                    given.append("")
                elif type_ == "tensor(float)" and chance.random() < 0.6:
                    given.append("before")
                else:
                    name = f"c{len(given)}"
                    constant = numpy_helper.from_array(array(chance, TYPES[type_]), name)
                    model.graph.initializer.append(constant)
                    given.append(name)
        attributes = {
            name: value(chance, attribute.type)
            for name, attribute in schema.attributes.items()
            if attribute.required or chance.random() < 0.4
        }
        outputs = ["made", *(f"o{i}" for i in range(1, schema.min_output))]
        model.graph.node.extend([
            helper.make_node(schema.name, given, outputs, **attributes),
            helper.make_node("Cast", ["made"], ["number"], to=onnx.TensorProto.FLOAT),
            helper.make_node("ReduceMax", ["number"], ["most"], keepdims=0),
            helper.make_node("Add", ["before", "most"], ["image"]),
        ])  # fmt: skip
        yield f"{schema.name}({', '.join(given)}) {attributes}"[:500], model.SerializeToString()
