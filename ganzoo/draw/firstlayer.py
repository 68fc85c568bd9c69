"""Where the first layer of an ONNX graph ends, and the same graph with that as outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ganzoo.draw.graph import Node

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"})
"""A layer where one factor does not depend on z: those are its weights."""
REARRANGING = frozenset(
    """
    BatchNormalization Cast Concat DepthToSpace DequantizeLinear Flatten Identity Pad QuantizeLinear
    Reshape Resize SpaceToDepth Squeeze Transpose Unsqueeze
    """.split()  # noqa: SIM905 - a table, not code
)
"""What may stand between an activation function and the next layer and adds nothing to it."""


def find(nodes: Iterable[Node]) -> list[str]:
    """Return the names of the first layer's activations among the nodes of a graph.

    That is what the activation function before the second layer with weights gives; without one,
    what that layer takes. They are several values where a Concat puts them together, as the export
    does with the phases of a transposed convolution. None of them where no layer follows a first.
    """
    made_by: dict[str, Node] = {}
    depths = {"latent": 0}  # how many layers with weights are behind a value that depends on it
    for node in nodes:
        depth = max((depths[name] for name in node.inputs if name in depths), default=None)
        if depth is None or node.operator == "Shape":  # which no z changes
            continue
        if _is_layer(node, depths):
            if depth == 1:
                taken = next(name for name in node.inputs if depths.get(name) == 1)
                return _activations(taken, made_by, depths)
            depth += 1
        made_by |= dict.fromkeys(node.outputs, node)
        depths |= dict.fromkeys(node.outputs, depth)
    return []


def with_outputs(content: bytes, names: Iterable[str]) -> bytes:
    """Return the same file with these values as further outputs.

    Protobuf merges a message that comes twice, so that a graph that has nothing but outputs adds
    them to the one before.
    """
    ports = [_field(1, name.encode()) for name in names]  # ValueInfoProto.name: no type is needed
    return content + _field(7, b"".join(_field(12, port) for port in ports))  # ModelProto.graph


def _is_layer(node: Node, depths: Mapping[str, int]) -> bool:
    """Return whether a node multiplies by weights: attention also multiplies z's values."""
    factors = node.inputs if node.operator == "Einsum" else node.inputs[:2]  # the third is a bias
    return node.operator in WEIGHTED and any(name not in depths for name in factors)


def _activations(taken: str, made_by: Mapping[str, Node], depths: Mapping[str, int]) -> list[str]:
    """Return what activation functions gave of which `taken` is made, or `taken` if none did."""
    found, seen, waiting = list[str](), set[str](), [taken]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        node = made_by[value]
        if _is_layer(node, depths):
            return [taken]
        if node.operator in REARRANGING:
            # Not z itself, which some networks give to every layer.
            waiting += [name for name in node.inputs if depths.get(name) == 1]
        else:
            found.append(value)
    return found


def _field(number: int, content: bytes) -> bytes:
    """One field of bytes, for a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
