"""Measure whether a model draws what torch draws, and refuse one that does not."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, helper

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.pixels import Pixels, to_pixels
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError

BATCH_SIZES = (1, 2, 7, 64)
"""Batch sizes at which parity is measured. Each has latents of its own, so each is its own test."""
HELD_OUT = (*BATCH_SIZES, *(200,) * 5)
"""Batch sizes for int8, with a thousand more latents. None of them was used to choose the rounding;
they are many because a few images are far worse than the rest."""
TOLERANCE = 2 / 255 / 100
"""Largest difference that float32 images may have from torch's, in images from -1 to 1: a hundredth
of a grey level. Rounding in float32 alone reaches a quarter of it in deep networks."""
INT8_MAX, INT8_MEAN = 8, 1.0
"""Largest and mean difference that int8 images may have from torch's, in grey levels of 255."""


@dataclass(frozen=True)
class Parity:
    """The difference of a model's images from those that torch draws in float32.

    `max_error` and `mean_error` compare the floats, scaled to images in [-1, 1]; they are None
    where the model gives pixels. `uint8_max` and `uint8_mean` compare the pixels, in grey levels of
    255. `psnr` is the peak signal-to-noise ratio of the pixels in dB, None where they are equal.
    """

    max_error: float | None
    mean_error: float | None
    uint8_max: int
    uint8_mean: float
    psnr: float | None
    batch_sizes: tuple[int, ...]

    def passes(self, precision: str) -> bool:
        """Return whether this is as good as ganzoo promises for a precision."""
        if precision == "int8":
            return self.uint8_max <= INT8_MAX and self.uint8_mean <= INT8_MEAN
        if precision == "float16" or self.max_error is None:
            return self.uint8_max <= 1
        return self.max_error <= TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name, with three digits, and the batch sizes."""
        rounded = {
            k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in asdict(self).items()
        }
        return {**rounded, "batch_sizes": list(self.batch_sizes)}


class Reference:
    """The images that torch draws for measuring parity; they are drawn once.

    Where the generator takes a truncation, every second batch is drawn with one.
    """

    def __init__(
        self, generator: Generator, batch_sizes: tuple[int, ...] = BATCH_SIZES, seed: int = 0
    ) -> None:
        self.info, self.batch_sizes = generator.info, batch_sizes
        self.drawn = [
            latents.inputs(batch, self.info.latent_dim, len(self.info.classes), seed + number)
            for number, batch in enumerate(batch_sizes)
        ]
        half = 0.5 if self.info.truncation else None
        self.truncations = [half if number % 2 else None for number in range(len(batch_sizes))]
        self.images = self._drawn(generator)

    def compare(self, model: ModelProto, info: ModelInfo) -> Parity:
        """Measure `model` with the metadata `info`; raise ModelFileError where it cannot be run."""
        candidate = from_bytes(
            with_metadata(model, info), "the exported model", "CPU", threads=1, ours=True
        )  # the numbers go into the file, which has the same bytes however many CPUs there are
        low, high = self.info.image_range
        errors, levels = list[NDArray[Any]](), list[NDArray[Any]]()
        for got, expected in zip(self._drawn(candidate), self.images, strict=True):
            if info.image["dtype"] != "uint8":
                errors.append(np.abs(got - expected).ravel() * (2 / (high - low)))
            levels.append((candidate.pixels(got) - self._pixels(expected).astype(int)).ravel())
        error, level = (np.concatenate(each) if each else None for each in (errors, levels))
        assert level is not None
        squared = float(np.square(level).mean())
        return Parity(
            None if error is None else float(error.max()),
            None if error is None else float(error.mean()),
            int(np.abs(level).max()),
            float(np.abs(level).mean()),
            10 * math.log10(255**2 / squared) if squared else None,
            self.batch_sizes,
        )

    def check(self, model: ModelProto, info: ModelInfo) -> Parity:
        """Compare, and raise ModelFileError where the result does not pass for `info.precision`."""
        parity = self.compare(model, info)
        if not parity.passes(info.precision):
            off = f"{parity.uint8_max} of 255 at most and {parity.uint8_mean:.2g} on average"
            if parity.max_error is not None:
                off = f"{parity.max_error:.2g}, in pixels {off}"
            raise ModelFileError(
                f"export failed: as {info.precision} the images differ from torch by {off}, more "
                "than ganzoo allows; nothing was written"
            )
        return parity

    def _drawn(self, generator: Generator) -> list[NDArray[Any]]:
        return [
            generator.with_settings(truncation=truncation).run(*drawn)
            for truncation, drawn in zip(self.truncations, self.drawn, strict=True)
        ]

    def _pixels(self, images: NDArray[np.float32]) -> Pixels:
        return to_pixels(images, self.info.image_range)


def with_metadata(model: ModelProto, info: ModelInfo) -> bytes:
    """Return a file's content: `model` with `info` in it, the same bytes for the same model."""
    stamped = ModelProto()
    stamped.CopyFrom(model)
    helper.set_model_props(stamped, info.to_metadata())
    return bytes(stamped.SerializeToString(deterministic=True))
