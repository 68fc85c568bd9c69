"""Turn a generator into an ONNX graph: run torch's exporter, then simplify what it gives."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable

import onnx
import torch
from onnxscript import ir, optimizer
from torch import nn

from ganzoo.draw.info import ModelInfo
from ganzoo.draw.untrusted import MAX_BYTES
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.export import failures, fold, names, shapes
from ganzoo.export.phases import phases
from ganzoo.export.surgery import Surgeon

OPSETS = range(18, 23)
"""The opsets that torch's exporter can write. Asked for an older one, it silently writes 18."""
OPSET = 20

Rule = Callable[[ir.Node, Surgeon], bool]
RULES: tuple[Rule, ...] = (
    fold.pixelwise,
    fold.norm_behind_linear,
    fold.norm_before_linear,
    fold.one_pixel,
    fold.unstrided,
    fold.upsampled,
    phases,
    shapes.plain_reshape,
)


def to_onnx(
    network: nn.Module, info: ModelInfo, opset: int = OPSET, ir_version: int | None = None
) -> onnx.ModelProto:
    """Return the graph of `network` in evaluation mode.

    It maps `latent` (batch, latent_dim) to `image` (batch, C, H, W), both float32. Where `info` has
    classes, `label` int64 (batch,) comes after it, and where it can be truncated, `truncation`
    float32 (). It has no metadata: the exporter would leave stack traces of this machine there.
    `ir_version` is by default the lowest that has the opset. onnx's checker has passed the graph.

    Raises ModelFileError where it cannot be written, and UsageError for an opset or IR version that
    does not exist.
    """
    if opset not in OPSETS:
        raise UsageError(f"opset must be from {OPSETS[0]} to {OPSETS[-1]}, not {opset}", "opset")
    lowest = onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)])
    ir_version = ir_version or lowest
    if not lowest <= ir_version <= onnx.IR_VERSION:
        raise UsageError(
            f"ir_version must be from {lowest} (for opset {opset}) to {onnx.IR_VERSION}, "
            f"not {ir_version}",
            "ir_version",
        )
    try:
        model = _export(network, info, opset)
        failures.check(model, network, info.zeros(2))
        names.note_modules(model, network.state_dict())
        rewrite(model)
        names.name_weights(model, network.state_dict())
        model.ir_version = ir_version
        proto = clean(ir.to_proto(model))
    except Exception as error:  # the exporter and the checker raise errors of any type
        if _interrupted(error):
            raise KeyboardInterrupt from error
        why = failures.explain(error)
        raise ModelFileError(f"{info.architecture} cannot be written as ONNX: {why}") from error
    written = onnx.load_from_string(proto.SerializeToString())
    found = {o.domain: o.version for o in written.opset_import}, written.ir_version
    if found != ({"": opset}, ir_version):
        raise ModelFileError(f"asked for opset {opset} and IR {ir_version}, torch gave {found}")
    return written


def rewrite(model: ir.Model) -> None:
    """Apply each rule to each node, in the order of the graph, until no rule fits any more."""
    changed = True
    while changed:
        changed = any(
            rule(node, Surgeon(model.graph, node)) for node in list(model.graph) for rule in RULES
        )


def _export(network: nn.Module, info: ModelInfo, opset: int) -> ir.Model:
    """Return what torch's exporter gives, with all constants computed."""
    was_disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # the exporter logs each of its steps
    batch = torch.export.Dim("batch")
    try:
        # It prints a network that it cannot read; the error says which line it is.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")  # torch's own deprecations
            program = torch.onnx.export(
                network.eval(),
                tuple(map(torch.from_numpy, info.zeros(2))),
                input_names=list(info.inputs),
                output_names=["image"],
                dynamic_shapes=tuple({0: batch} if each.ndim else {} for each in info.zeros(2)),
                opset_version=opset,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        logging.disable(was_disabled)
    assert program is not None
    model: ir.Model = program.model
    # The exporter folds small constants only; equalised weights and spectral norms are large.
    optimizer.optimize(
        model, input_size_limit=MAX_BYTES, output_size_limit=MAX_BYTES, num_iterations=1
    )
    return model


def _interrupted(error: BaseException | None) -> bool:
    """Return whether Ctrl-C caused an error: the exporter wraps it in an error of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove unused weights and all metadata, number the values, and return the same `model`.

    Weights keep their names. Changes `model` in place. Raises an error of onnx's checker where the
    result is not valid.
    """
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    ports = [port.name for port in (*graph.input, *graph.output)]
    names = {name: name for name in (*ports, *(tensor.name for tensor in kept), "")}
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for place, output in enumerate(node.output):
            names.setdefault(output, f"{node.name}_{place}" if place else node.name)
        inputs, outputs = [names[i] for i in node.input], [names[o] for o in node.output]
        node.ClearField("input")
        node.ClearField("output")
        node.input.extend(inputs)
        node.output.extend(outputs)
    for field in ("initializer", "value_info"):
        graph.ClearField(field)
    graph.initializer.extend(kept)
    graph.name = "generator"
    standard = [opset for opset in model.opset_import if not opset.domain]
    model.ClearField("opset_import")
    model.opset_import.extend(standard)
    for part in [model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return model
