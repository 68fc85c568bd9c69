"""What an ONNX file contains and asks for, found out without running any of it.

Files come from strangers. onnxruntime would follow the paths that a file names, run loops without
end, and believe what is declared. So ganzoo reads a file's structure itself. It hands on only a
plain graph of operators that it knows, from latents to images.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.draw import schema
from ganzoo.draw.ports import NO_TENSOR, Port, PortReader
from ganzoo.draw.wire import EMPTY, DamagedError, Value, as_bytes, as_int, as_text
from ganzoo.errors import ModelFileError

MAX_BYTES = 2**30
"""Most bytes of a file: a generator with 268 million float32 weights."""
MAX_NODES = 2000
"""Most nodes: the zoo's largest has under 100; the time to open grows with their square."""
MAX_PARTS = 100_000
"""Most fields and numbers of the structure; the zoo's largest has about two thousand."""
MAX_DIMS = 8
EXTERNAL = (
    "its weights are in other files (external data): in Python, "
    "`onnx.save(onnx.load('MODEL.onnx'), 'WHOLE.onnx')` makes one file of them"
)
OPTIMISED = (
    "such as onnxruntime writes when it optimises a file: give the file from before, if it was so"
)
STRING = 8

# Operators of ONNX itself, whose result depends on their inputs alone: none is random. None keeps
# strings or sequences, which no memory limit counts, and none runs a graph of its own.
OPERATORS = frozenset(
    """
    Abs Add And ArgMax ArgMin Atan AveragePool BatchNormalization Cast CastLike Ceil Clip Concat
    Constant ConstantOfShape Conv ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Einsum
    Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm
    GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid
    HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log
    LogSoftmax LpNormalization MatMul Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul
    Neg Not OneHot Or Pad Pow PRelu QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape
    Resize Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus
    Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh Tile TopK Transpose Trilu Unsqueeze
    Where Xor
    """.split()  # noqa: SIM905 - a table, not code
)


@dataclass
class Contents:
    """What a file says about itself."""

    ir_version: int = 0
    opset: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    operators: Counter[str] = field(default_factory=Counter)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    weights: int = 0  # bytes of tensors, which take no more memory than in the file


def read(path: str | Path) -> bytes:
    """Return the content of a model file; ModelFileError if it is missing or far too large."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelFileError(f"{path} is not a regular file")
            if status.st_size > MAX_BYTES:
                raise ModelFileError(
                    f"{path} has {status.st_size:,} bytes, and ganzoo opens at most {MAX_BYTES:,}"
                )
            return file.read(status.st_size)  # as much memory as that takes, and no more
    except FileNotFoundError:
        raise ModelFileError(
            f"{path} does not exist: name an ONNX file, such as `ganzoo export` writes"
        ) from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder, not an ONNX file") from None


def inspect(content: bytes, path: str | Path) -> Contents:
    """Read the structure of an ONNX file; ModelFileError says what in it is not to be trusted."""
    try:
        return _Inspector(MAX_PARTS).model(memoryview(content))
    except DamagedError as error:
        raise ModelFileError(f"{path} is not an ONNX file, or is damaged: {error}") from None
    except _Refused as error:
        raise ModelFileError(f"{path} is refused: {error}") from None


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    pass


class _Inspector(PortReader):
    """One pass over the messages of onnx.proto that matter; its fields have numbers there."""

    weights = 0

    def model(self, data: memoryview) -> Contents:
        found, graph = Contents(), None
        for number, value in self.fields(data):
            match number:
                case 1:
                    found.ir_version = as_int(value)
                case 7 if graph is None:
                    graph = value
                case 7:
                    raise DamagedError("it has two graphs")
                case 8:
                    opset = self.once(value, schema.OPSET)
                    if as_text(opset.get(1, EMPTY)) in ("", "ai.onnx"):
                        found.opset = as_int(opset.get(2, 0))
                case 14:
                    pair = self.once(value, schema.PAIR)
                    found.metadata[as_text(pair.get(1, EMPTY))] = as_text(pair.get(2, EMPTY))
                case 20:
                    raise _Refused("it carries a training program")
                case 25:
                    raise _Refused("it defines functions of its own")
        if graph is None or not found.opset:
            raise DamagedError("it has no graph, or no opset")
        self.graph(graph, found)
        found.weights = self.weights
        return found

    def graph(self, data: Value, found: Contents) -> None:
        for number, value in self.fields(data):
            match number:
                case 1:
                    found.operators[self.node(value)] += 1
                    if found.operators.total() > MAX_NODES:
                        raise _Refused(f"it has more than {MAX_NODES:,} nodes")
                case 5:
                    self.tensor(value)
                case 11:
                    found.inputs.append(self.tensor_port(value))
                case 12:
                    found.outputs.append(self.tensor_port(value))
                case 15:
                    raise _Refused("it has sparse tensors")

    def node(self, data: Value) -> str:
        operator = ""
        for number, value in self.fields(data):
            match number:
                case 4:
                    operator = as_text(value)
                case 5:
                    self.attribute(value)
                case 7 if (domain := as_text(value)) not in ("", "ai.onnx"):
                    why = f"it wants custom operators, of {domain[:60]!r}"
                    if domain.startswith("com.microsoft"):
                        why += f", {OPTIMISED}"
                    raise _Refused(why)
        if operator not in OPERATORS:
            raise _Refused(f"it wants the operator {operator[:60]!r}, which ganzoo does not run")
        return operator

    def attribute(self, data: Value) -> None:
        name, number_of_type = "", 0
        for number, value in self.fields(data):
            match number:
                case 1:
                    name = as_text(value)
                case 3:
                    number_of_type = as_int(value)
                case 5 | 10:
                    self.tensor(value)
                case 6 | 11:
                    raise _Refused("it has loops or branches")
                case 22 | 23:
                    raise _Refused("it has sparse tensors")
        if name.startswith("value_string") or (name == "to" and number_of_type == STRING):
            raise _Refused("it has tensors of text")

    def tensor(self, data: Value) -> None:
        numbers, dims, size = 1, 0, len(as_bytes(data))
        for number, value in self.fields(data):
            match number:
                case 1:
                    for dim in self.ints(value):
                        dims += 1
                        numbers = min(numbers * dim, 2**64)
                case 2 if as_int(value) == STRING:
                    raise _Refused("it has tensors of text")
                case 4 | 9 | 10 if isinstance(value, memoryview):
                    self.weights += len(value)
                case 13:
                    raise _Refused(EXTERNAL)
                case 14 if as_int(value):
                    raise _Refused(EXTERNAL)
        if dims > MAX_DIMS or numbers > 2 * size:  # the smallest type there is has four bits
            raise _Refused(f"it declares a tensor far larger than the {size:,} bytes that it has")

    def tensor_port(self, data: Value) -> Port:
        port = self.port(data)
        if port.dtype == NO_TENSOR:
            raise _Refused("it takes or gives something else than a tensor")
        return port


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; do not wait for a pipe to be written into, as it is refused anyway."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
