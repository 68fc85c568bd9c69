"""Names of what is stored in a graph: those of the generator's modules, which a viewer shows."""

from __future__ import annotations

import re
from collections.abc import Iterable

import onnx
from onnxscript import ir

SCOPES = "pkg.torch.onnx.name_scopes"
"""Where the exporter writes the modules that a node is of."""
MODULE = "ganzoo.module"
"""Where `note_modules` writes the module whose weights a layer has."""
ROLES = dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "MatMul"), ("", "weight", "bias"))
"""What the inputs of a layer are called in torch."""


def module_of(node: ir.Node) -> str:
    """Return the module that a node is of: "3.conv"; "" where it is of the generator itself."""
    if MODULE in node.metadata_props:
        return node.metadata_props[MODULE]
    scopes = re.findall(r"'([^']*)'", node.metadata_props.get(SCOPES, ""))
    names = [name for name in scopes[:-1] if name]  # the last is the node's
    return names[-1] if names else ""


def note_modules(model: ir.Model, parameters: Iterable[str]) -> None:
    """Note in each layer whose weights it has.

    The exporter folds norms into layers, which then say that they are of the norm's module. What
    is made in the place of a layer is of the same module.
    """
    known = set(parameters)
    for node in model.graph:
        weight = node.inputs[1] if node.op_type in ROLES else None
        if weight is not None and weight.name in known:
            node.metadata_props[MODULE] = weight.name.rpartition(".")[0]


def name_weights(model: ir.Model, parameters: Iterable[str]) -> None:
    """Call the weights as a checkpoint does: "generator.3.weight".

    `parameters` are the names of the network's parameters and buffers; what is none of them is
    called after the module and the place where it is first used, "generator.4.Reshape.shape".
    Several of one name, such as the phases of a kernel, are numbered: "generator.3.weight.1".
    """
    known, used = set(parameters), set[str]()
    waiting = dict(model.graph.initializers)
    wanted = list[tuple[ir.Value, str]]()
    for node in model.graph:
        for place, value in enumerate(node.inputs):
            if value is None or value.name not in waiting:
                continue
            del waiting[value.name]
            own = value.name if value.name in known else _by_use(node, place)
            name, number = f"generator.{own}", 0
            while name in used:
                number += 1
                name = f"generator.{own}.{number}"
            used.add(name)
            wanted.append((value, name))
    for number, (value, _) in enumerate(wanted):  # a new name may be the old one of another
        value.name = f"{number} of generator"
    for value, name in wanted:
        value.name = name


def _by_use(node: ir.Node, place: int) -> str:
    """Return what an input of a node is called: "3.weight", or "4.Reshape.shape"."""
    roles = ROLES.get(node.op_type, ())
    role = roles[place] if place < len(roles) else ""
    if not role:
        inputs = onnx.defs.get_schema(node.op_type).inputs
        role = f"{node.op_type}.{inputs[min(place, len(inputs) - 1)].name}"
    return ".".join(filter(None, (module_of(node), role)))
