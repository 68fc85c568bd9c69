"""The operators that `ganzoo export` writes: what they take, and the shape of what they make.

This is a small, exact vocabulary. onnxruntime believes what a file says, and other types, inputs
that are left out, or attributes that do not fit have crashed it. What is not exactly as an export
of ganzoo's writes it is not understood, and `Unknown` is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.draw.graph import Node
from ganzoo.draw.vocabulary import layers, moving
from ganzoo.draw.vocabulary.values import Unknown, Value, need

OPERATORS = layers.RULES | moving.RULES


def made_by(node: Node, inputs: Sequence[Value | None]) -> list[Value]:
    """Return what a node makes of `inputs`, None for one that is left out; Unknown says why not."""
    if node.operator not in OPERATORS:
        raise Unknown(f"the operator {node.operator}")
    rule, least, most, known = OPERATORS[node.operator]
    need(least <= len(inputs) <= most, f"{node.operator} of {len(inputs)} inputs")
    need(set(node.attributes) <= known, f"attributes of {node.operator}")
    given = [value for value in inputs if value is not None]
    gaps = [place for place, value in enumerate(inputs) if value is None]
    need(gaps == ([1] if node.operator == "Resize" else []), f"{node.operator} without an input")
    made = rule(node, given)
    need(len(node.outputs) == len(made), f"{node.operator} with {len(node.outputs)} outputs")
    return made
