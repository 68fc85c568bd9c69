"""Make an ONNX generator of somebody else one of ganzoo's, once it is proved to be a generator."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ganzoo.architecture import MOST_CLASSES, __version__
from ganzoo.draw import latents, untrusted
from ganzoo.draw.apart import Apart
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError, OutputError, UsageError
from ganzoo.export import strangers
from ganzoo.export.parity import with_metadata
from ganzoo.export.strangers import Taken
from ganzoo.export.wrapping import wrapped
from ganzoo.printable import line, names
from ganzoo.storage import check_place, write_whole

TRIED = 16
"""Images that a file must draw before it is adopted."""
BEYOND = 0.5
"""Share of the range by which values may lie outside: what does not end in a tanh has such."""
LEVELS = 10
"""Values from 0 to 1 do not have a range larger than this: it would be that of grey levels."""


@dataclass(frozen=True)
class Adopted:
    """A file that was written, and what was found out about it."""

    path: Path
    nbytes: int
    sha256: str
    info: ModelInfo
    batch: int | None  # images that the file draws in each call; None is any number
    lowest: float  # value that it drew
    highest: float

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        return {
            "path": str(self.path),
            "bytes": self.nbytes,
            "sha256": self.sha256,
            "batch": self.batch,
            "latent_dim": self.info.latent_dim,
            "classes": list(self.info.classes),
            "image": self.info.image,
            "lowest": self.lowest,
            "highest": self.highest,
        }


def adopt(
    source: Path | str,
    target: Path | str,
    *,
    image_range: tuple[float, float] | None = None,
    latent_input: str | None = None,
    label_input: str | None = None,
    image_output: str | None = None,
    classes: int | Sequence[str] | None = None,
    force: bool = False,
) -> Adopted:
    """Write the ONNX generator `source` to `target` as a file that all of ganzoo works with.

    It may take z as (n, latent_dim, 1, 1), give images as (n, height, width, channels), compute in
    float16, and have a fixed batch: nodes that change this are put around its graph, and metadata
    are added. `image_range` are the values of black and of white; uint8 images need none.
    `latent_input`, `label_input` and `image_output` are names in the file, where more than one
    fits. `classes` are the names of the classes, or how many there are. `force` replaces another
    file.

    The file must draw: finite images, each the same alone and beside others, that z changes.
    Raises UsageError for what must be said or is said wrongly, ModelFileError for a file that is
    not such a generator, OutputError where `target` holds something else. Then nothing is written.
    """
    source, target = Path(source), Path(target)
    if target.suffix != ".onnx":
        raise UsageError(f"'{target}' does not end in .onnx, as the name of an ONNX file must")
    check_place(target)
    content = untrusted.read(source)
    contents = untrusted.inspect(content, source)
    if "ganzoo.schema" in contents.metadata:
        raise UsageError(f"{source} is a file of ganzoo already: `ganzoo sample` draws from it")
    low, high = image_range or (0, 255)
    if not 1e-3 <= high - low <= 1e6:
        raise UsageError(
            f"image_range must be from black to white, not {low:g} to {high:g}", "image_range"
        )
    model = onnx.load_from_string(content)
    try:
        takes = strangers.taken(contents, model, latent_input, label_input)
        output = strangers.given(contents, image_output).name
        described = _label(takes, classes)
        drawn, batch = _drawn(Apart(content, contents, source, "CPU"), takes, output)
        made = wrapped(model, takes, output, drawn, batch)
        info = _info(source.stem, takes, described, drawn, image_range)
        _prove(from_bytes(with_metadata(made, info), source, "CPU"))
    except ModelFileError as error:
        raise ModelFileError(f"{source} cannot be adopted: {error}") from error
    written = with_metadata(made, info)
    if target.is_file() and not force and target.read_bytes() != written:
        raise OutputError(
            f"{target} is there and is not this model: choose another path, or say force=True",
            "force",
        )
    write_whole(target, written)
    sha256 = hashlib.sha256(written).hexdigest()
    lowest, highest = float(drawn.min()), float(drawn.max())
    return Adopted(target, len(written), sha256, info, batch, lowest, highest)


def _label(takes: Taken, classes: int | Sequence[str] | None) -> dict[str, Any]:
    """Return what the metadata say of the labels; UsageError where the classes do not fit them."""
    if takes.label is None:
        if classes is not None:
            raise UsageError("classes must be left out: it takes no labels", "classes")
        return {}
    if classes is None:
        raise UsageError(
            "classes must say how many classes there are, or their names: "
            f"{takes.label.name} is the number of one",
            "classes",
        )
    chosen = [*map(str, range(classes))] if isinstance(classes, int) else list(classes)
    if not chosen or len(chosen) > MOST_CLASSES or len(set(chosen)) < len(chosen):
        raise UsageError(f"classes must be 1 to {MOST_CLASSES:,} different names", "classes")
    return {"classes": list(names(chosen)), "rng": "gz-label-v1"}


def _drawn(session: Apart, takes: Taken, output: str) -> tuple[NDArray[Any], int | None]:
    """Return images of the file as it is, and its batch: one image where it draws no other number.

    Raises ModelFileError where it draws none.
    """
    dim = takes.latent_dim

    def draw(n: int) -> NDArray[Any]:
        z = latents.normal(n, dim).reshape(n, dim, *[1] * (len(takes.latent.shape) - 2))
        given: dict[str, NDArray[Any]] = {takes.latent.name: z.astype(takes.latent.dtype)}
        if takes.label is not None:
            column = [1] * (len(takes.label.shape) - 1)
            zeros = np.zeros((n, *column), takes.label.dtype)
            given[takes.label.name] = zeros
        images = session.run([output], given)[0]
        if images.shape[:1] != (n,):
            raise ModelFileError(f"it draws {images.shape} of {n} latents")
        return images

    if takes.batch is not None:
        return draw(takes.batch), takes.batch
    try:
        return draw(TRIED), None
    except ModelFileError:
        return draw(1), 1


def _info(
    name: str,
    takes: Taken,
    label: dict[str, Any],
    drawn: NDArray[Any],
    image_range: tuple[float, float] | None,
) -> ModelInfo:
    """Return what the file will say of itself; UsageError where the range does not fit."""
    if pixels := drawn.dtype == np.uint8:
        if image_range is not None:
            raise UsageError("image_range must be left out: images are uint8", "image_range")
        image_range = 0, 255
    lowest, highest = float(drawn.min()), float(drawn.max())
    if not math.isfinite(highest - lowest):
        raise ModelFileError("it draws numbers that are not finite")
    if image_range is None:
        raise UsageError(
            "image_range must say which values are black and white, as -1 and 1: "
            f"{len(drawn)} images have values from {lowest:.3g} to {highest:.3g}",
            "image_range",
        )
    low, high = image_range
    span = high - low
    outside = max(low - lowest, highest - high) > BEYOND * span
    if outside or (span > LEVELS and highest - lowest <= 2):
        raise UsageError(
            f"image_range must fit its values, which are from {lowest:.3g} to {highest:.3g}, and "
            f"{low:g} to {high:g} does not",
            "image_range",
        )
    axes = (1, 2, 3) if strangers.layout(drawn.shape) == "NCHW" else (3, 1, 2)
    channels, height, width = (drawn.shape[axis] for axis in axes)
    return ModelInfo(
        version=__version__,
        architecture=line(name),
        latent={"shape": [takes.latent_dim], "dist": "normal", "rng": "gz-normal-v1"},
        image={
            "layout": "NHWC" if pixels else "NCHW",
            "dtype": "uint8" if pixels else "float32",
            "range": [float(low), float(high)],
            "size": [height, width],
            "channels": channels,
        },
        label=label,
    )


def _prove(generator: Generator) -> None:
    """Raise ModelFileError unless it draws each image alone as beside others, and z changes it."""
    z = latents.normal(TRIED, generator.info.latent_dim, seed=1)
    count = len(generator.classes)
    labels = np.arange(count - 1, count - 1 + TRIED) % count if count else None
    images = generator.draw(z, labels=labels).astype(int)
    for i in (0, 1):
        alone = generator.draw(z[i : i + 1], labels=None if labels is None else labels[i : i + 1])
        if np.abs(alone[0] - images[i]).max() > 1:
            raise ModelFileError(
                "an image depends on the others of its batch: export it in evaluation mode, as "
                "after model.eval()"
            )
    same = generator.run(z, None if labels is None else np.zeros_like(labels))
    if (same == same[0]).all():
        raise ModelFileError("its images are all alike: z changes nothing")
