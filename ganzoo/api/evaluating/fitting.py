"""Whether pictures and real images fit, found before features are opened."""

from __future__ import annotations

from ganzoo.api.evaluating.subjects import Spec, Subject
from ganzoo.data import native_shape
from ganzoo.errors import DataError, UsageError
from ganzoo.evaluate.sets import FEWEST, Real

TRIED = 8
"""Pictures that a model draws before the features are opened."""


def require_enough(judged: Subject, images: int) -> None:
    """Raise UsageError where `images` are too few, DataError where there are too few pictures."""
    if images < FEWEST:
        raise UsageError(f"images must be at least {FEWEST}, not {images}", "images")
    if judged.count is not None and judged.count < FEWEST:
        there = f"{judged.name} has {judged.count} pictures"
        raise DataError(f"{there}, and at least {FEWEST} are needed for a judgement")


def shape_of(judged: Subject, spec: Spec) -> tuple[int, int, int]:
    """Return the shape (C, H, W) in which the real images are to be.

    Raises DataError where the pictures are not of the size that all real images have.
    """
    height, width = judged.size
    if judged.count is None:  # a model, which was trained on images of any size
        return judged.channels, height, width
    native = native_shape(*spec)
    if native.fixed and (native.height, native.width) != judged.size:
        raise DataError(
            f"the pictures of {judged.name} are {width}x{height}, and the images of {spec[0]} are "
            f"{native.width}x{native.height}: draw or save them in that size"
        )
    return min(judged.channels, native.channels), height, width


def try_out(judged: Subject, real: Real, seed: int) -> None:
    """Read every picture of a file, or draw a few of a model; raise what is wrong with them."""
    count = TRIED if judged.count is None else real.count
    for _ in judged.batches(count, seed, real.shape):
        pass
