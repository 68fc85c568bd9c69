"""Values of a graph as they are known beforehand: type, shape, and the numbers of short lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.graph import Attribute, Node

Shape = tuple[int, ...]
MOST = 2**40
"""Most numbers of a value: far more than fit into memory, and far fewer than overflow an int64."""


class Unknown(Exception):  # noqa: N818 - it says what is not known, which is no error
    """A part of a graph is not exactly as an export of ganzoo's writes it."""


@dataclass(frozen=True)
class Value:
    """Type and shape of a value, and its numbers where they are few and known beforehand."""

    dtype: str
    shape: Shape
    numbers: NDArray[np.generic] | None = None

    def __post_init__(self) -> None:
        need(min(self.shape, default=0) >= 0 and self.size <= MOST, "a value of such a shape")

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return self.size * np.dtype(self.dtype).itemsize


Inputs = Sequence[Value]
Rule = Callable[[Node, Inputs], list[Value]]


def need(holds: bool, what: str) -> None:
    """Raise Unknown, which says what was found, unless it holds."""
    if not holds:
        raise Unknown(what)


def floats(*values: Value) -> None:
    """Raise Unknown unless all are float32."""
    need(all(value.dtype == "float32" for value in values), "numbers that are not float32")


def ints(value: Value) -> tuple[int, ...]:
    """Return the numbers of a short list of whole numbers."""
    need(value.dtype == "int64" and value.numbers is not None, "a list that is not known")
    assert value.numbers is not None
    return tuple(int(number) for number in value.numbers.ravel())


def attribute(node: Node, name: str, usual: Attribute = None) -> int:
    """Return an attribute that is an int, `usual` where it is not there; or raise Unknown."""
    value = node.attributes.get(name, usual)
    need(isinstance(value, int), f"{name} of {node.operator}")
    assert isinstance(value, int)
    return value


def axis_of(axis: int, rank: int) -> int:
    """Return the place of an axis, which may count from the end; or raise Unknown."""
    need(-rank <= axis < rank, "an axis that is not there")
    return axis % rank


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape to which all of them stretch; or raise Unknown."""
    rank = max(map(len, shapes))
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    sizes = [set(column) - {1} for column in columns]
    need(all(len(size) <= 1 for size in sizes), "shapes that do not fit")
    return tuple(size.pop() if size else 1 for size in sizes)


class Entry(NamedTuple):
    """What is known of an operator: the rule, the number of its inputs, and its attributes."""

    rule: Rule
    least: int
    most: int
    attributes: frozenset[str]


def table(*rows: tuple[str, Rule, int, int, str]) -> dict[str, Entry]:
    """Return the operators of `rows`, each of which is for several, by name."""
    return {
        name: Entry(rule, least, most, frozenset(attributes.split()))
        for names, rule, least, most, attributes in rows
        for name in names.split()
    }
