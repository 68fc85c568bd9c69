"""The steps of a network: what is computed, of which earlier steps, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["input", "weights", "layer", "plain", "loose", "output"]
"""Of a step: what the network is given; weights that are a value by themselves; a layer that holds
weights to multiply by; a layer that holds none, or a norm; arithmetic outside of layers; the
result."""

LAYERS = frozenset({"layer", "plain"})
"""Kinds of the steps that are layers."""


@dataclass(frozen=True)
class Call:
    """One call of a module that contains others: its number, where it is, and its class."""

    number: int
    name: str
    kind: str


@dataclass(frozen=True)
class Step:
    """One step: `takes` are the numbers of the earlier steps that it takes, in a flow's list.

    `words` are as short as "Conv2d 1→64, 4×4, stride 2", `details` as long as it takes. `shape` is
    that of the result without the batch, None where it is not known. `parameters` counts what
    training changes, or a file's weights. `within` are the modules around it, from outside.
    """

    words: str
    kind: Kind
    takes: tuple[int, ...] = ()
    shape: tuple[int, ...] | None = None
    parameters: int = 0
    within: tuple[Call, ...] = ()
    details: str = ""


@dataclass(frozen=True)
class Flow:
    """A network as steps in the order in which they ran; the last one is its output.

    `parameters` is the number of all of them, which are called as `unit` says; `unused` names what
    holds those that no step uses.
    Where `known` is False only the order of the layers is known, not what each of them takes.
    """

    name: str
    steps: tuple[Step, ...]
    parameters: int
    unused: tuple[str, ...] = ()
    known: bool = True
    unit: str = "parameters"


def needed(steps: Sequence[Step]) -> list[Step]:
    """Return the steps on which the last one depends, and the inputs, numbered anew."""
    wanted = {len(steps) - 1}
    for number in range(len(steps) - 1, -1, -1):
        if number in wanted:
            wanted.update(steps[number].takes)
    kept = [n for n, step in enumerate(steps) if n in wanted or step.kind == "input"]
    places = {number: place for place, number in enumerate(kept)}
    return [
        replace(steps[n], takes=tuple(dict.fromkeys(places[t] for t in steps[n].takes)))
        for n in kept
    ]


def as_chain(steps: Sequence[Step]) -> list[Step]:
    """Return the inputs, the layers in their order, and the output, each taking the one before."""
    inputs = [step for step in steps if step.kind == "input"]
    layers = [step for step in steps if step.kind in {*LAYERS, "output"}]
    return [
        *inputs,
        *(
            replace(step, takes=(len(inputs) - 1 + place,) if place else tuple(range(len(inputs))))
            for place, step in enumerate(layers)
        ),
    ]
