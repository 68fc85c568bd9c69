"""How much work a graph is, and how much memory it takes, computed from its shapes beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganzoo.draw.graph import Graph, Node
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.ports import DTYPES, Port
from ganzoo.draw.vocabulary.operators import made_by
from ganzoo.draw.vocabulary.values import Inputs, Value, need


@dataclass(frozen=True)
class Cost:
    """Products, or other operations on single numbers, and bytes that are needed at once."""

    products: int
    nbytes: int


def of_one_image(found: Graph, info: ModelInfo) -> Cost:
    """Return what one image of a graph costs, whose ports were checked.

    The weights are a part of its bytes. Raises Unknown where the graph is not exactly of the kind
    that `ganzoo export` writes, so that nothing is known of what it would do.
    """
    two, three = (of_batch(found, info, n) for n in (2, 3))
    return Cost(
        max(three.products - two.products, 1),
        max(three.nbytes - two.nbytes, 1) + sum(v.nbytes for v in _constants(found).values()),
    )


def of_batch(found: Graph, info: ModelInfo, n: int) -> Cost:
    """Return what n images at once cost; raise Unknown as `of_one_image` does."""
    values = values_of(found, info, n)
    last_use = {name: place for place, node in enumerate(found.nodes) for name in node.inputs}
    last_use["image"] = len(found.nodes)
    live = most = sum(value.nbytes for value in values.values()) - sum(
        values[name].nbytes for node in found.nodes for name in node.outputs
    )
    products = 0
    for place, node in enumerate(found.nodes):
        inputs, made = ([values[x] for x in names if x] for names in (node.inputs, node.outputs))
        products += _products(node, inputs, made)
        live += sum(value.nbytes for value in made)
        most = max(most, live)
        for name in {*node.inputs, *node.outputs} - {"", *found.constants}:
            if last_use.get(name, place) == place:
                live -= values[name].nbytes
    return Cost(products, most)


def values_of(found: Graph, info: ModelInfo, n: int) -> dict[str, Value]:
    """Return all values of a graph that draws n images, by name; or raise Unknown."""
    values = _constants(found)
    for name, (dtype, shape) in info.inputs.items():
        need(name not in values, "an input with a value")
        values[name] = Value(dtype, tuple(n if size is None else size for size in shape))
    for node in found.nodes:
        need(all(not x or x in values for x in node.inputs), "a value that is not made before")
        made = made_by(node, [values[name] if name else None for name in node.inputs])
        for name, value in zip(node.outputs, made, strict=True):
            need(bool(name) and name not in values, "a value that is made twice")
            values[name] = value
    need("image" in values, "no image")
    image = values["image"]
    need((image.dtype, image.shape) == (info.image["dtype"], (n, *info.output_shape)), "images")
    for name, port in found.declared.items():
        need(
            name in values and _is_as_declared(values[name], port),
            "a value that is not as declared",
        )
    return values


def _is_as_declared(value: Value, port: Port) -> bool:
    """Return whether a value has the type and the shape that the file says, which may be open."""
    sizes = zip(port.shape, value.shape, strict=False)
    fits = len(port.shape) == len(value.shape) and all(a in (None, b) for a, b in sizes)
    return port.dtype == value.dtype and fits


def _constants(found: Graph) -> dict[str, Value]:
    for constant in found.constants.values():
        need(constant.dtype in DTYPES.values(), "a constant of another type")
    return {name: Value(c.dtype, c.shape, c.numbers) for name, c in found.constants.items()}


def _products(node: Node, inputs: Inputs, made: list[Value]) -> int:
    """Return how many products, or other operations on single numbers, a node does."""
    weight = inputs[1].shape if len(inputs) > 1 else ()
    match node.operator:
        case "Conv":
            return made[0].size * math.prod(weight[1:])
        case "ConvTranspose":
            return inputs[0].size * math.prod(weight[1:])
        case "Gemm" | "MatMul":
            return made[0].size * inputs[0].shape[1]
        case "AveragePool":
            return max(inputs[0].size, made[0].size * math.prod(_kernel(node)))
    return sum(value.size for value in made) + max(value.size for value in inputs)


def _kernel(node: Node) -> tuple[int, ...]:
    kernel = node.attributes["kernel_shape"]
    assert isinstance(kernel, tuple)
    return kernel
