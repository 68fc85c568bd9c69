"""The same generator smaller, or with pixels that are ready to use."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from ganzoo import latents
from ganzoo.errors import ModelFileError
from ganzoo.modelinfo import ModelInfo

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
CALIBRATION_SEED = 2**63
"""The latents that decide the ranges of int8 are not those that anybody is shown."""


def half(model: ModelProto) -> ModelProto:
    """Weights in float16, converted once, when the file is opened; all else stays float32.

    Half the bytes and, as the arithmetic is float32 on every device, the speed of float32.
    """
    return _stored(model, [])


def int8(
    model: ModelProto,
    info: ModelInfo,
    within: Callable[[ModelProto], bool],
    compute: bool = True,
) -> ModelProto:
    """Every layer as coarse as the images can bear, those that cost most first.

    In 8 bits if `compute`, and `within` accepts that; else in float32 of weights that are stored in
    8 bits, or else in 16. 8 bits are static quantization as onnxruntime's tool does it: QDQ, a
    scale per output channel, 7 of the 8 bits for weights (without VNNI, AVX2 would overflow),
    ranges of 256 latents. ModelFileError where not one layer bears any of it.
    """
    computed: list[str] = []
    stored: list[str] = []
    best = half(model)
    for layer in _layers(model):
        plans = [([*computed, *layer], stored)] if compute else []
        for plan in [*plans, (computed, [*stored, *layer])]:
            candidate = _stored(_quantized(model, info, plan[0]), plan[1])
            if within(candidate):
                best, (computed, stored) = candidate, plan
                break
    if not computed and not stored:
        raise ModelFileError(
            "8 bits are too coarse for every layer of this generator: `ganzoo export --fp16` "
            "halves the file instead; nothing was written"
        )
    return best


def uint8(model: ModelProto, info: ModelInfo) -> ModelProto:
    """Images as uint8 (batch, H, W, C), scaled, clipped and rounded as `images.to_pixels` does."""
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["floats" if name == "image" else name for name in names]
    low, high = info.image_range
    constants = {"low": low, "scale": 255 / (high - low), "black": 0.0, "white": 255.0}
    graph.initializer.extend(_tensor(k, np.array(v, np.float32)) for k, v in constants.items())
    steps: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Sub", ["low"], {}),
        ("Mul", ["scale"], {}),
        ("Clip", ["black", "white"], {}),
        ("Round", [], {}),
        ("Cast", [], {"to": TensorProto.UINT8}),
        ("Transpose", [], {"perm": [0, 2, 3, 1]}),
    ]
    value = "floats"
    for operator, others, attributes in steps:
        output = "image" if operator == "Transpose" else f"pixels_{operator}"
        graph.node.append(
            helper.make_node(operator, [value, *others], [output], f"{operator}_out", **attributes)
        )
        value = output
    height, width = info.image["size"]
    shape = ["batch", height, width, info.image["channels"]]
    graph.output[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, shape))
    return made


def _layers(model: ModelProto) -> list[list[str]]:
    """The names of nodes with weights, those that read the same value together; costly first."""
    inferred = onnx.shape_inference.infer_shapes(model)
    values = [*inferred.graph.value_info, *inferred.graph.output]
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
    weights = {t.name: list(t.dims) for t in model.graph.initializer}
    together: dict[str, list[str]] = {}
    cost: dict[str, float] = {}
    for node in model.graph.node:
        if node.op_type in LAYERS and node.input[1] in weights:
            together.setdefault(node.input[0], []).append(node.name)
            pixels = float(np.prod(shapes.get(node.output[0], [])[2:], initial=1))
            macs = float(np.prod(weights[node.input[1]])) * pixels
            cost[node.input[0]] = cost.get(node.input[0], 0) + macs
    return [together[value] for value in sorted(together, key=lambda value: -cost[value])]


def _quantized(model: ModelProto, info: ModelInfo, names: list[str]) -> ModelProto:
    """`model` with these nodes computed in 8 bits: QDQ around them."""
    if not names:
        return model
    from onnxruntime import quantization as q

    class Latents(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter(range(4))

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self.batches, None)
            if batch is None:
                return None
            return {"latent": latents.normal(64, info.latent_dim, CALIBRATION_SEED, 64 * batch)}

    with tempfile.TemporaryDirectory(prefix="ganzoo-int8-") as folder, _silent():
        source, target = Path(folder, "float32.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)
        q.quantize_static(
            source,
            target,
            Latents(),
            quant_format=q.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
            nodes_to_quantize=names,
            op_types_to_quantize=list(LAYERS),
        )
        return onnx.load(target)


def _stored(model: ModelProto, in_8_bits: list[str]) -> ModelProto:
    """`model` with float32 weights stored in fewer bits: 8 for these nodes, 16 for the others.

    Onnxruntime makes float32 of them once, when it opens the file: it computes what depends on
    nothing. (Not so with DequantizeLinear, which it computes at every run.)
    """
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    layers = {node.input[1]: node for node in graph.node if node.op_type in LAYERS}
    nodes: list[NodeProto] = []
    for tensor in list(graph.initializer):
        layer = layers.get(tensor.name)
        if layer is None or tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        graph.initializer.remove(tensor)
        name, weight = tensor.name, numpy_helper.to_array(tensor)
        if layer.name in in_8_bits:
            scale = _scale(weight, layer)
            graph.initializer.append(_tensor(f"{name}_i8", np.rint(weight / scale).astype(np.int8)))
            graph.initializer.append(_tensor(f"{name}_scale", scale))
            nodes.append(_to_float(f"{name}_i8", f"{name}_whole"))
            nodes.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]))
        else:
            graph.initializer.append(_tensor(f"{name}_f16", weight.astype(np.float16)))
            nodes.append(_to_float(f"{name}_f16", name))
    nodes += graph.node
    graph.ClearField("node")
    graph.node.extend(nodes)
    return made


def _scale(weight: NDArray[np.float32], layer: NodeProto) -> NDArray[np.float32]:
    """What the int8 weights of each output channel are multiples of."""
    transposed = any(a.name == "transB" and a.i for a in layer.attribute)
    axis = 0 if layer.op_type == "Conv" or transposed else 1
    if layer.op_type == "MatMul":
        axis = weight.ndim - 1
    largest = np.abs(weight).max(tuple(i for i in range(weight.ndim) if i != axis), keepdims=True)
    return np.asarray(np.where(largest > 0, largest / 127, 1), np.float32)


def _to_float(name: str, target: str) -> NodeProto:
    node: NodeProto = helper.make_node("Cast", [name], [target], to=TensorProto.FLOAT)
    return node


def _tensor(name: str, array: NDArray[Any]) -> TensorProto:
    tensor: TensorProto = numpy_helper.from_array(np.ascontiguousarray(array), name)
    return tensor


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """What onnxruntime's tool logs, warns of and prints is not for the user."""
    was_disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(was_disabled)
