"""Make a file that ganzoo works with of another project's ONNX generator, and prove it first."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import __version__
from ganzoo.draw import latents, untrusted
from ganzoo.draw.apart import Apart
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo, is_range
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError, OutputError, UsageError
from ganzoo.export import ranges, strangers, trying
from ganzoo.export.parity import with_metadata
from ganzoo.export.strangers import Taken
from ganzoo.export.trying import TRIED
from ganzoo.export.wrapping import wrapped
from ganzoo.export.writing import check_suffix, write_model
from ganzoo.labels import MOST_CLASSES
from ganzoo.printable import line, names
from ganzoo.storage import check_place


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

    It may take z as (n, latent_dim, 1, 1), give images as (n, height, width, channels), and take
    and give float16: nodes around its graph change that. Its batch may be fixed, and stays so.
    `image_range` are the values of black and of white; uint8 images need none. `latent_input`,
    `label_input` and `image_output` are names in the file, needed where more than one fits.
    `classes` are the names of the classes, or how many there are. `force` replaces another file.

    The file must draw finite images, which z changes, and each alone as beside others. Raises
    UsageError for an argument that is wrong or missing, ModelFileError for a file that is not such
    a generator, and OutputError where `target` holds something else. After an error nothing is
    written. Where `image_range` or `classes` hardly fit what it draws, that is logged.
    """
    source, target = Path(source), Path(target)
    check_suffix(target)
    check_place(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError(f"{target} is the file to adopt itself: choose another path")
    content = untrusted.read(source)
    contents = untrusted.inspect(content, source)
    if "ganzoo.schema" in contents.metadata:
        raise UsageError(f"{source} is a file of ganzoo already: `ganzoo sample` draws from it")
    if image_range is not None and not is_range([*map(float, image_range)]):
        raise UsageError(
            "image_range must be two numbers, of black and of a larger white, from -1e6 to 1e6, "
            f"not {image_range}",
            "image_range",
        )
    try:
        model = strangers.parsed(content, contents)
        takes = strangers.find_inputs(contents, model, latent_input, label_input)
        output = strangers.find_image(contents, image_output).name
        label = _label(takes, classes)
        # Errors of what is run begin with "it", as the file is named before them.
        opened = partial(Apart, content, contents, "it", "CPU")
        drawn, batch = trying.drawn(opened, takes, output)
        remarks = []
        if label:
            count = len(label["classes"])
            remarks.append(trying.check_classes(opened, takes, output, batch, count))
        info = _info(source.stem, takes, label, drawn, image_range)
        written = with_metadata(wrapped(model, takes, output, drawn, batch), info)
        _prove(from_bytes(written, "it", "CPU"))
    except ModelFileError as error:
        raise ModelFileError(f"{source} cannot be adopted: {error}") from error
    write_model(target, written, force=force)
    sha256 = hashlib.sha256(written).hexdigest()
    lowest, highest = float(drawn.min()), float(drawn.max())
    for remark in filter(None, [*remarks, ranges.doubt(drawn, info.image_range)]):
        logging.getLogger("ganzoo").warning(remark)
    return Adopted(target, len(written), sha256, info, batch, lowest, highest)


def _label(takes: Taken, classes: int | Sequence[str] | None) -> dict[str, Any]:
    """Return what the metadata say of the labels; UsageError where the classes do not fit them."""
    if takes.label is None:
        if classes is not None:
            raise UsageError("classes must be left out: the file takes no labels", "classes")
        return {}
    if classes is None:
        raise UsageError(
            "classes must say how many classes there are, or their names: the input "
            f"{takes.label.name} takes labels",
            "classes",
        )
    if isinstance(classes, str):
        raise UsageError("classes must be a number, or a list of names", "classes")
    if isinstance(classes, np.integer):
        classes = int(classes)
    count = classes if isinstance(classes, int) else len(classes)
    if not 1 <= count <= MOST_CLASSES:
        raise UsageError(f"classes must be 1 to {MOST_CLASSES:,}, not {count:,}", "classes")
    chosen = [str(i) for i in range(classes)] if isinstance(classes, int) else list(classes)
    texts = all(isinstance(name, str) and name for name in chosen)
    if not texts or len(set(chosen)) < count:
        raise UsageError("classes must be different names, none of them empty", "classes")
    return {"classes": list(names(chosen)), "rng": "gz-label-v1"}


def _info(
    name: str,
    takes: Taken,
    label: dict[str, Any],
    drawn: NDArray[Any],
    image_range: tuple[float, float] | None,
) -> ModelInfo:
    """Return what the file will say of itself; UsageError where the range does not fit.

    Raises ModelFileError where what was `drawn` is not finite, or has the shape of no images.
    """
    if pixels := drawn.dtype == np.uint8:
        if image_range is not None:
            raise UsageError("image_range must be left out: the images are uint8", "image_range")
        image_range = 0, 255
    lowest, highest = float(drawn.min()), float(drawn.max())
    if not math.isfinite(highest - lowest):
        raise ModelFileError("it draws numbers that are not finite")
    better = ranges.likely(drawn)
    if image_range is None:
        low, high = better or (-1, 1)
        raise UsageError(
            f"image_range must say which values are black and white, such as {low} and {high}: "
            f"{len(drawn)} images have values from {lowest:.3g} to {highest:.3g}",
            "image_range",
        )
    if not ranges.could_be(drawn, image_range):
        raise UsageError(
            f"image_range must fit its values, which are from {lowest:.3g} to {highest:.3g}, and "
            f"{ranges.in_words(image_range)} does not"
            + (f": {ranges.in_words(better)} is more likely" if better else ""),
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
            "range": [*map(float, image_range)],
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
