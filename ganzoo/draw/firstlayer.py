"""Where the first layer of an ONNX graph ends, and the same graph with that as an output."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.draw.untrusted import MAX_PARTS
from ganzoo.draw.wire import Reader, Value, as_text

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
REARRANGING = frozenset(
    """
    BatchNormalization Cast DequantizeLinear Flatten Identity Pad QuantizeLinear Reshape Resize
    Squeeze Transpose Unsqueeze
    """.split()  # noqa: SIM905 - a table, not code
)
"""What may stand between an activation function and the next layer and adds nothing to it."""


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: list[str]
    outputs: list[str]


def find(content: bytes) -> str | None:
    """The name of the first layer's activations in an ONNX file that `untrusted.inspect` passed.

    That is what the activation function before the second layer with weights gives; without one,
    what that layer takes. None where no layer follows a first.
    """
    made_by: dict[str, _Node] = {}
    depths = {"latent": 0}  # how many layers with weights are behind a value that depends on it
    for node in _nodes(content):
        depth = max((depths[name] for name in node.inputs if name in depths), default=None)
        if depth is None:
            continue
        if node.operator in WEIGHTED:
            if depth == 1:
                taken = next(name for name in node.inputs if depths.get(name) == 1)
                return _activations(taken, made_by)
            depth += 1
        made_by |= dict.fromkeys(node.outputs, node)
        depths |= dict.fromkeys(node.outputs, depth)
    return None


def with_output(content: bytes, name: str) -> bytes:
    """The same file with the value `name` as one more output.

    Protobuf merges a message that comes twice, so that a graph that has nothing but an output adds
    it to the one before.
    """
    port = _field(1, name.encode())  # ValueInfoProto.name; onnxruntime infers the type
    return content + _field(7, _field(12, port))  # ModelProto.graph, GraphProto.output


def _activations(value: str, made_by: dict[str, _Node]) -> str:
    found = value
    while (node := made_by.get(found)) and node.operator in REARRANGING:
        found = node.inputs[0]
    return value if node is None or node.operator in WEIGHTED else found


def _nodes(content: bytes) -> list[_Node]:
    reader = Reader(MAX_PARTS)
    graph = next(value for number, value in reader.fields(memoryview(content)) if number == 7)
    return [_node(reader, value) for number, value in reader.fields(graph) if number == 1]


def _node(reader: Reader, message: Value) -> _Node:
    fields = [(number, value) for number, value in reader.fields(message) if number in (1, 2, 4)]
    inputs, outputs, operators = (
        [as_text(value) for number, value in fields if number == wanted] for wanted in (1, 2, 4)
    )
    return _Node("".join(operators[-1:]), inputs, outputs)


def _field(number: int, content: bytes) -> bytes:
    """One field of bytes, for a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
