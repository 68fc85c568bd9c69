"""Export generators to ONNX files that need no other file, after a check against torch."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onnx import ModelProto
from torch import nn

from ganzoo.draw import form, untrusted
from ganzoo.draw.form import MAX_BATCH
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import PRECISIONS, ModelInfo
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.export import variants
from ganzoo.export.graph import OPSET, clean, to_onnx
from ganzoo.export.parity import HELD_OUT, Parity, Reference, with_metadata
from ganzoo.export.quantize import int8
from ganzoo.export.shapes import with_batch, with_shapes
from ganzoo.export.writing import another, check_suffix, write_model
from ganzoo.printable import file_name, line
from ganzoo.runs.finding import Words
from ganzoo.runs.weights import load_generator
from ganzoo.storage import check_place
from ganzoo.tables import as_html
from ganzoo.train.timing import one_thread


@dataclass(frozen=True)
class Exported:
    """A file that was written, and what was measured of it."""

    path: Path
    nbytes: int
    sha256: str
    opset: int
    ir_version: int
    operators: Counter[str]
    parity: Parity
    seconds: float  # that exporting took, checks included
    info: ModelInfo
    batch: int | None  # images that the file draws in each call; None is any number

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON holds it, with the precision in place of `info`."""
        return {
            "path": str(self.path),
            "bytes": self.nbytes,
            "sha256": self.sha256,
            "opset": self.opset,
            "ir_version": self.ir_version,
            "precision": self.info.precision,
            "batch": self.batch,
            "operators": dict(self.operators.most_common()),
            "parity": self.parity.to_json(),
            "seconds": round(self.seconds, 2),
        }

    def __repr__(self) -> str:
        return line(
            f"<{self.path}: {', '.join(self._rows()[name] for name in ('size', 'weights'))}>"
        )

    def _repr_html_(self) -> str:
        return as_html([("file", str(self.path)), *self._rows().items()])

    def _rows(self) -> dict[str, str]:
        """Return what a person wants to know of the file, in words."""
        error, levels = self.parity.max_error, self.parity.uint8_max
        scaled = "" if error is None else f"{error:.2g} on a scale from -1 to 1; "
        return {
            "size": f"{self.nbytes:,} bytes",
            "weights": self.info.precision,
            "differs from torch by": f"{scaled}{levels} of 255 in pixels, at most",
            "images a call": "any number" if self.batch is None else str(self.batch),
            "ONNX": f"opset {self.opset}, IR version {self.ir_version}",
            "operators": ", ".join(f"{n} {name}" for name, n in self.operators.most_common()),
            "SHA-256": self.sha256,
        }


def default_path(name: str, precision: str, uint8: bool, batch: int | None = None) -> Path:
    """Return where the model `name` is written to where nobody says: exports/NAME-fp16.onnx."""
    kinds = {"float32": [], "float16": ["fp16"]}.get(precision, [precision])
    kinds = [*kinds, *(["uint8"] if uint8 else []), *([f"batch{batch}"] if batch else [])]
    return Path("exports", f"{'-'.join([file_name(name), *kinds])}.onnx")


def export_onnx(
    source: Words | tuple[Generator, nn.Module],
    target: Path,
    *,
    precision: str = "float32",
    uint8: bool = False,
    batch: int | None = None,
    opset: int = OPSET,
    ir_version: int | None = None,
    force: bool = False,
) -> Exported:
    """Write the generator of a run, checkpoint or model file to `target`, once it is proved.

    `source` is where the generator is, or the result of `load_generator` for it. `precision` is
    "float32", "float16" or "int8". `force` replaces a file that holds another model.

    The graph maps `latent` float32 (batch, latent_dim) to `image` float32 (batch, C, H, W), or with
    `uint8` to uint8 (batch, H, W, C). It works as in evaluation mode, and takes any batch, or with
    `batch` only that one, as programs for phones and small devices want it. The float32 model is
    always checked first, then each smaller model made from it.

    Raises UsageError for a wrong argument, ModelFileError where the images differ from torch's by
    more than `Parity.passes` allows, and OutputError where `target` holds another file: before the
    work, unless only that can tell. After an error nothing is written.
    """
    check_suffix(target)
    if precision not in PRECISIONS:
        raise UsageError(f"there is no precision {precision!r}: choose {', '.join(PRECISIONS)}")
    if batch is not None and not 1 <= batch <= MAX_BATCH:
        raise UsageError(f"batch must be from 1 to {MAX_BATCH:,}, not {batch}", "batch")
    start = time.perf_counter()
    generator, network = source if isinstance(source, tuple) else load_generator(source)
    check_place(target)
    if target.exists() and not force:
        wanted = variant(generator.info, precision, uint8)
        if not could_be(wanted, untrusted.read(target), target, opset, batch):
            raise another(target)
    with one_thread():  # sums in another order would be other bytes
        model, info, parity = _proved(
            generator, network, precision, uint8, batch, opset, ir_version
        )
    info = replace(info, parity=parity.to_json())
    content = with_metadata(with_shapes(model), info)
    write_model(target, content, force=force)
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
        batch,
    )


def _proved(
    generator: Generator,
    network: nn.Module,
    precision: str,
    uint8: bool,
    batch: int | None,
    opset: int,
    ir_version: int | None,
) -> tuple[ModelProto, ModelInfo, Parity]:
    """Return the graph, what its file says, and how far its images are from torch's."""
    reference, info = Reference(generator), generator.info
    model = to_onnx(network, info, opset, ir_version)
    parity = reference.check(model, info)
    if precision == "float16":
        info = variant(info, precision)
        model = clean(variants.half(model))
        parity = reference.check(model, info)
    if precision == "int8":
        info = variant(info, precision)
        reference = Reference(generator, HELD_OUT)
        model = int8(model, info, generator, reference)
        parity = reference.check(model, info)
    if uint8:
        model = clean(variants.uint8(model, info))
        info = variant(info, precision, uint8)
        parity = reference.check(model, info)
    if batch is not None:
        model = clean(with_batch(model, batch))
        parity = reference.check(model, info)
    return model, info, parity


def variant(info: ModelInfo, precision: str, uint8: bool = False) -> ModelInfo:
    """Return what a file says that is exported with this precision, all but its parity."""
    image = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    return replace(info, precision=precision, image=image if uint8 else info.image)


def could_be(
    wanted: ModelInfo, content: bytes, where: Path, opset: int = OPSET, batch: int | None = None
) -> bool:
    """Return whether the content of the file `where` says of itself what `wanted` says.

    Only its parity is known after the export, and whether it is the same to the last byte.
    """
    try:
        found = untrusted.inspect(content, where)
        said = ModelInfo.from_metadata(found.metadata, where)
        how = form.read(found, said, where)
    except ModelFileError:
        return False
    both = (replace(info, parity={}).to_metadata() for info in (said, wanted))
    return (found.opset, how.batch) == (opset, batch) and next(both) == next(both)
