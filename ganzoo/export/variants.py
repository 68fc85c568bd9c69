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
    return _with_weights(model, lambda name, weight, _: [
        _tensor(f"{name}_f16", weight.astype(np.float16)),
        helper.make_node("Cast", [f"{name}_f16"], [name], f"{name}_cast", to=TensorProto.FLOAT),
    ])  # fmt: skip


def int8(model: ModelProto, info: ModelInfo, within: Callable[[ModelProto], bool]) -> ModelProto:
    """Weights in 8 bits, and arithmetic in 8 bits in as many layers as `within` can bear.

    Static quantization as onnxruntime's tool does it: QDQ, a scale per output channel, 7 of the 8
    bits for weights (without VNNI, AVX2 would overflow), ranges calibrated on 256 latents. The
    layers that cost most come first; one that makes the images too wrong computes in float32, of
    weights that are stored in 8 bits all the same. ModelFileError where even that is too wrong.
    """
    layers = _layers(model)
    chosen: list[str] = []
    best = _eight_bit_weights(model)
    if not within(best):
        raise ModelFileError(
            "int8 is too coarse for this generator, even in its weights alone: "
            "`ganzoo export --fp16` halves the file instead; nothing was written"
        )
    for layer in layers:
        candidate = _quantized(model, info, [*chosen, *layer])
        if within(candidate):
            best, chosen = candidate, [*chosen, *layer]
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
    """`model` with QDQ around these nodes, and the weights of the others in 8 bits."""
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
            nodes_to_exclude=[n for layer in _layers(model) for n in layer if n not in names],
            op_types_to_quantize=list(LAYERS),
        )
        return _eight_bit_weights(onnx.load(target))


def _eight_bit_weights(model: ModelProto) -> ModelProto:
    """Every weight that is still float32 as int8 times a scale for each output channel."""

    def store(name: str, weight: NDArray[Any], axis: int) -> list[TensorProto | NodeProto]:
        others = tuple(i for i in range(weight.ndim) if i != axis)
        largest = np.abs(weight).max(axis=others, keepdims=True)
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        return [
            _tensor(f"{name}_i8", np.rint(weight / scale).astype(np.int8)),
            _tensor(f"{name}_scale", scale),
            helper.make_node("Cast", [f"{name}_i8"], [f"{name}_cast"], f"{name}_cast",
                             to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name], f"{name}_mul"),
        ]  # fmt: skip

    return _with_weights(model, store)


def _with_weights(
    model: ModelProto,
    store: Callable[[str, NDArray[Any], int], list[TensorProto | NodeProto]],
) -> ModelProto:
    """Replace the float32 weights of layers; `store(name, weight, output_axis)` says by what.

    Onnxruntime computes what depends on nothing once, when it opens the file.
    """
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    axes: dict[str, int] = {}
    for node in graph.node:
        if node.op_type in LAYERS:
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if node.op_type == "Conv" or transposed else 1
    nodes: list[NodeProto] = []
    for tensor in list(graph.initializer):
        if tensor.name in axes and tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            weight = numpy_helper.to_array(tensor)
            graph.initializer.remove(tensor)
            for part in store(tensor.name, weight, axes[tensor.name]):
                (nodes if isinstance(part, NodeProto) else graph.initializer).append(part)
    nodes += graph.node
    graph.ClearField("node")
    graph.node.extend(nodes)
    return made


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
