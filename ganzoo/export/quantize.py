"""Quantize a generator to 8 bits, in every layer where the images stay close to torch's."""

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
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError
from ganzoo.export.graph import clean
from ganzoo.export.parity import INT8_MAX, INT8_MEAN, Reference
from ganzoo.export.variants import LAYERS, half, stored_in_bits

CALIBRATION_SEED = 2**63
"""Seed of the latents that decide the ranges of int8: not a seed that users draw from."""
TUNING_SEED = 2**62
"""Seed of the latents that decide which layers are rounded: not those that the result is judged by.
"""
TUNING = ((64,), (64,) * 3)
"""Batch sizes of the tuning images: most layers that are too coarse show it in the first batch."""
SHARES = (1.0, 0.5, 0.25)
"""Shares of a layer's output channels that are tried in 8 bits where it is stored so."""
ATTEMPTS = ((0.9, True), (0.6, True), (0.6, False), (0.3, False))
"""Attempts, in order, until one passes the judge: the share of the allowed difference that the
tuning images may reach, and whether layers may be computed in 8 bits, or only stored so."""


def int8(model: ModelProto, info: ModelInfo, generator: Generator, judge: Reference) -> ModelProto:
    """Return the model in 8 bits from the first attempt that passes `judge`, or from the last one.

    The latents of `judge` have no part in the tuning.
    """
    few, more = (Reference(generator, sizes, TUNING_SEED + len(sizes)) for sizes in TUNING)
    quantizer = Quantizer(model, info)
    for margin, compute in ATTEMPTS:

        def within(candidate: ModelProto, share: float = margin) -> bool:
            made = clean(candidate)
            try:
                parities = (tuning.compare(made, info) for tuning in (few, more))
                return all(
                    parity.uint8_max <= share * INT8_MAX and parity.uint8_mean <= share * INT8_MEAN
                    for parity in parities
                )
            except ModelFileError:  # it overflows
                return False

        made = clean(rounded(quantizer, within, compute))
        if judge.compare(made, info).passes("int8"):
            break
    return made


def rounded(
    quantizer: Quantizer, within: Callable[[ModelProto], bool], compute: bool = True
) -> ModelProto:
    """Return the model of `quantizer` with each layer as coarse as `within` accepts.

    With `compute`, each layer is first tried in 8 bits, those with most products first. The others,
    those with most weights first, compute in float32 from weights that are stored in 8 bits, all or
    a share of them, or else in 16 bits.

    Raises ModelFileError where no layer can be in 8 bits, computed or stored.
    """
    computed: list[str] = []
    stored: dict[str, float] = {}
    best = half(quantizer.model)
    products, weights = _layers(quantizer.model)
    for layer in products if compute else []:
        candidate = half(quantizer([*computed, *layer]))
        if within(candidate):
            best, computed = candidate, [*computed, *layer]
    base = quantizer(computed)
    for layer in (each for each in weights if each[0] not in computed):
        for share in SHARES:
            plan = {**stored, **dict.fromkeys(layer, share)}
            candidate = stored_in_bits(base, plan)
            if within(candidate):
                best, stored = candidate, plan
                break
    if not computed and not stored:
        raise ModelFileError(
            "8 bits are too coarse for every layer of this generator: precision='float16' "
            "halves the file instead; nothing was written",
            "precision",
        )
    return best


def _layers(model: ModelProto) -> tuple[list[list[str]], list[list[str]]]:
    """Return the names of nodes with weights twice: most products first, most weights first.

    Nodes that read the same value, such as phases, stand together in one list.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    values = [*inferred.graph.value_info, *inferred.graph.output]
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
    weights = {t.name: list(t.dims) for t in model.graph.initializer}
    together: dict[str, list[str]] = {}
    products: dict[str, float] = {}
    numbers: dict[str, float] = {}
    for node in model.graph.node:
        if node.op_type in LAYERS and node.input[1] in weights:
            together.setdefault(node.input[0], []).append(node.name)
            pixels = float(np.prod(shapes.get(node.output[0], [])[2:], initial=1))
            size = float(np.prod(weights[node.input[1]]))
            numbers[node.input[0]] = numbers.get(node.input[0], 0) + size
            products[node.input[0]] = products.get(node.input[0], 0) + size * pixels
    first, second = (
        [together[value] for value in sorted(together, key=lambda value: -of[value])]
        for of in (products, numbers)
    )
    return first, second


class Quantizer:
    """Computes layers of a model in 8 bits, by onnxruntime's tool for static quantization.

    It adds QDQ nodes, with a scale for each output channel, and weights in 7 of the 8 bits (AVX2
    without VNNI would overflow). The ranges of all values come from 256 latents; they are measured
    once, when this is made.
    """

    def __init__(self, model: ModelProto, info: ModelInfo) -> None:
        from onnxruntime import quantization as q

        class Latents(q.CalibrationDataReader):  # type: ignore[misc]
            def __init__(self) -> None:
                self.batches = iter(range(4))

            def get_next(self) -> dict[str, NDArray[Any]] | None:
                batch = next(self.batches, None)
                if batch is None:
                    return None
                z, *labels = latents.inputs(
                    64, info.latent_dim, len(info.classes), CALIBRATION_SEED, 64 * batch
                )
                others = info.zeros(64)[1 + len(labels) :]
                return dict(zip(info.inputs, (z, *labels, *others), strict=True))

        self.model = model
        with tempfile.TemporaryDirectory(prefix="ganzoo-int8-") as folder, _silent():
            source, watched = Path(folder, "float32.onnx"), Path(folder, "watched.onnx")
            onnx.save(model, source)
            calibrator = q.create_calibrator(source, list(LAYERS), str(watched))
            calibrator.infer_session = _on_one_thread(watched)
            calibrator.collect_data(Latents())
            self._ranges = calibrator.compute_data()
            del calibrator  # it holds the file open

    def __call__(self, names: list[str]) -> ModelProto:
        """Return the model with these nodes computed in 8 bits."""
        if not names:
            return self.model
        from onnxruntime import quantization as q

        copy = ModelProto()
        copy.CopyFrom(self.model)
        with _silent():
            tool = q.QDQQuantizer(
                copy,
                per_channel=True,
                reduce_range=True,
                weight_qType=q.QuantType.QInt8,
                activation_qType=q.QuantType.QUInt8,
                tensors_range=self._ranges,
                nodes_to_quantize=names,
                nodes_to_exclude=[],
                op_types_to_quantize=list(LAYERS),
                extra_options={},
            )
            tool.quantize_model()
            tool.model.topological_sort()
        made: ModelProto = tool.model.model
        return made


def _on_one_thread(path: Path) -> onnxruntime.InferenceSession:
    """Open a model as onnxruntime's tool does, but so that its sums do not depend on the CPUs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Hide what onnxruntime's tool logs, warns of and prints: it is not for the user."""
    was_disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(was_disabled)
