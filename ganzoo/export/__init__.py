"""Generators as ONNX files that need nothing but themselves, proved equal to torch's first."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onnx import ModelProto

from ganzoo import untrusted
from ganzoo.checkpoint import load_generator
from ganzoo.errors import ModelFileError, OutputError, UsageError
from ganzoo.export import variants
from ganzoo.export.graph import OPSET, clean, to_onnx
from ganzoo.export.parity import HELD_OUT, INT8_MAX, INT8_MEAN, Parity, Reference, with_metadata
from ganzoo.generator import Generator
from ganzoo.modelinfo import PRECISIONS, ModelInfo
from ganzoo.storage import write_whole

TUNING_SEED = 2**62
"""The latents that decide which layers int8 rounds are not those that it is judged by."""
ATTEMPTS = ((0.9, True), (0.6, True), (0.6, False), (0.3, False))
"""How much of what int8 may differ its tuning may use up, and whether layers may be computed in 8
bits or only stored: the next, where others of its images go beyond it."""


@dataclass(frozen=True)
class Exported:
    """A file that was written, and what was found out about it on the way."""

    path: Path
    nbytes: int
    sha256: str
    opset: int
    ir_version: int
    operators: Counter[str]
    parity: Parity
    seconds: float  # that exporting took, checks included
    info: ModelInfo

    def to_json(self) -> dict[str, Any]:
        """What `ganzoo export --json` prints, but for the speed."""
        return {
            "path": str(self.path),
            "bytes": self.nbytes,
            "sha256": self.sha256,
            "opset": self.opset,
            "ir_version": self.ir_version,
            "precision": self.info.precision,
            "operators": dict(self.operators.most_common()),
            "parity": self.parity.to_json(),
            "seconds": round(self.seconds, 2),
        }


def export_onnx(
    source: str | Path,
    target: Path,
    *,
    precision: str = "float32",
    uint8: bool = False,
    opset: int = OPSET,
    ir_version: int | None = None,
    force: bool = False,
) -> Exported:
    """Write the generator of a run, checkpoint or model file to `target`, once it passed.

    The graph maps `latent` float32 (batch, latent_dim) to `image` float32 (batch, C, H, W), or with
    `uint8` to uint8 (batch, H, W, C), with any batch, in evaluation mode. Float32 is checked in
    every case, then what was made of it. ModelFileError where images differ from torch's by more
    than `Parity.passes` allows; OutputError when `target` is there and holds another model. Nothing
    is left behind then.
    """
    if target.suffix != ".onnx":
        raise UsageError(f"'{target}' does not end in .onnx, as the name of an ONNX file must")
    if precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}: choose {', '.join(PRECISIONS)}")
    start = time.perf_counter()
    generator, network = load_generator(source)
    reference, info = Reference(generator), generator.info
    model = to_onnx(network, info, opset, ir_version)
    parity = reference.check(model, info)
    if precision == "float16":
        info = replace(info, precision=precision)
        model = clean(variants.half(model))
        parity = reference.check(model, info)
    if precision == "int8":
        info = replace(info, precision=precision)
        reference = Reference(generator, HELD_OUT)
        model = _int8(model, info, generator, reference)
        parity = reference.check(model, info)
    if uint8:
        pixels = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
        model = clean(variants.uint8(model, info))
        info = replace(info, image=pixels)
        parity = reference.check(model, info)
    info = replace(info, parity=parity.to_json())
    content = with_metadata(model, info)
    if target.is_file() and not force and target.read_bytes() != content:
        raise OutputError(
            f"{target} is there and is not this model: choose a name with -o, or add --force"
        )
    write_whole(target, content)
    found = untrusted.inspect(content, target)
    return Exported(
        target,
        len(content),
        hashlib.sha256(content).hexdigest(),
        found.opset,
        found.ir_version,
        found.operators,
        parity,
        time.perf_counter() - start,
        info,
    )


def _int8(model: ModelProto, info: ModelInfo, generator: Generator, judge: Reference) -> ModelProto:
    """The model in 8 bits as far as it passes; the last attempt, where none does."""
    tuning = Reference(generator, (64,) * 4, TUNING_SEED)
    for margin, compute in ATTEMPTS:

        def within(candidate: ModelProto, share: float = margin) -> bool:
            try:
                parity = tuning.compare(clean(candidate), info)
            except ModelFileError:  # it overflows
                return False
            return parity.uint8_max <= share * INT8_MAX and parity.uint8_mean <= INT8_MEAN * share

        rounded = clean(variants.int8(model, info, within, compute))
        if judge.compare(rounded, info).passes("int8"):
            break
    return rounded
