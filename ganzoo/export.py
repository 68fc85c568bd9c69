"""Generators as ONNX files that need nothing but themselves, proved equal to torch's first."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from ganzoo import latents
from ganzoo.checkpoint import load_generator
from ganzoo.errors import ModelFileError, OutputError, UsageError, reason
from ganzoo.generator import Generator
from ganzoo.modelinfo import ModelInfo
from ganzoo.sampling import from_bytes
from ganzoo.storage import write_whole

OPSET = 20
TOLERANCE = 1e-5  # the largest difference of float32 images from torch, where they are in [-1, 1]
BATCH_SIZES = (1, 2, 7, 64)  # parity is checked at each


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how it compares with torch."""

    path: Path
    nbytes: int
    max_error: float
    info: ModelInfo


def export_onnx(source: str | Path, target: Path, *, force: bool = False) -> Exported:
    """Write the generator of a run, checkpoint or model file to `target`, once it passed.

    The graph maps `latent` float32 (batch, latent_dim) to `image` float32 (batch, C, H, W), with
    any batch, in evaluation mode. ModelFileError when it differs from torch by more than
    `TOLERANCE`; OutputError when `target` is there and holds another model. Nothing is left
    behind then.
    """
    if target.suffix != ".onnx":
        raise UsageError(f"'{target}' does not end in .onnx, as the name of an ONNX file must")
    generator, network = load_generator(source)
    model = to_onnx(network, generator.info)
    error = check_parity(model, generator)
    parity = {"max_error": float(f"{error:.3g}"), "batch_sizes": list(BATCH_SIZES)}
    info = replace(generator.info, parity=parity)
    content = _with_metadata(model, info).SerializeToString(deterministic=True)
    if target.exists() and not force and target.read_bytes() != content:
        raise OutputError(f"{target} holds another model: choose a name with -o, or add --force")
    write_whole(target, content)
    return Exported(target, len(content), error, info)


def to_onnx(network: nn.Module, info: ModelInfo) -> onnx.ModelProto:
    """The graph of `network` in evaluation mode, free of metadata, checked by onnx's checker."""
    was_disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # the exporter narrates
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own deprecations
            program = torch.onnx.export(
                network.eval(),
                (torch.zeros(2, info.latent_dim),),
                input_names=["latent"],
                output_names=["image"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
        _strip(model)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the exporter and the checker raise whatever they like
        why = reason(error)[:300]
        raise ModelFileError(f"{info.architecture} cannot be written as ONNX: {why}") from error
    finally:
        logging.disable(was_disabled)
    return model


def check_parity(model: onnx.ModelProto, reference: Generator) -> float:
    """The largest difference between onnxruntime and `reference`, as if images were in [-1, 1].

    ModelFileError where it is above `TOLERANCE`. Every batch size draws other latents, so that no
    size is right only because another was.
    """
    content = _with_metadata(model, reference.info).SerializeToString()
    candidate = from_bytes(content, "the exported model")
    low, high = reference.info.image_range
    worst = 0.0
    for seed, batch in enumerate(BATCH_SIZES):
        z = latents.normal(batch, reference.info.latent_dim, seed)
        expected, got = reference.run(z), candidate.run(z)
        if got.shape != expected.shape:
            raise ModelFileError(f"export failed: batch {batch} gives {got.shape}")
        difference = float(np.abs(got - expected).max()) * 2 / (high - low)
        if not difference <= TOLERANCE:
            raise ModelFileError(
                f"export failed: at batch {batch} the ONNX model differs from torch by "
                f"{difference:.2g}, more than {TOLERANCE:.0e}; nothing was written"
            )
        worst = max(worst, difference)
    return worst


def _with_metadata(model: onnx.ModelProto, info: ModelInfo) -> onnx.ModelProto:
    stamped = onnx.ModelProto()
    stamped.CopyFrom(model)
    onnx.helper.set_model_props(stamped, info.to_metadata())
    return stamped


def _strip(model: onnx.ModelProto) -> None:
    """Remove what the exporter notes down of this machine: stack traces, paths, source lines."""
    graph = model.graph
    parts = [*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for part in [model, graph, *parts]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
