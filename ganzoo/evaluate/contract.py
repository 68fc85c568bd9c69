"""Whether features keep their contract: checked where they open, and by `ganzoo check-plugin`."""

from __future__ import annotations

import re

import numpy as np

from ganzoo.errors import PluginError
from ganzoo.evaluate.features import Described, FeatureModel, Pixels, describe

ALONE = 4
"""Images that are described a second time, each alone."""
TOLERANCE = 1e-3
"""Largest change of a feature between an image alone and in its batch, as a share of the largest
feature. Half precision changes by about this much."""


def check_model(model: object) -> FeatureModel:
    """Return what a plugin opened; raise PluginError unless it is a FeatureModel as it should be.

    What it computes is checked by `describe` and `check_steady`.
    """
    if not isinstance(model, FeatureModel):
        raise PluginError(f"open returned {type(model).__name__}, not a FeatureModel")
    if not (isinstance(model.sha256, str) and re.fullmatch("[0-9a-f]{64}", model.sha256)):
        raise PluginError("its sha256 is not 64 digits 0-9a-f")
    names = model.classes
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) and n for n in names):
        raise PluginError("its classes are no list of names")
    if len(set(names)) < len(names):
        raise PluginError("two of its classes have the same name")
    if not isinstance(model.note, str) or not isinstance(model.remark, str):
        raise PluginError("its note or its remark is no text")
    return model


def drift(model: FeatureModel, pixels: Pixels, described: Described, name: str) -> float:
    """Return how far images alone are from what they were in a batch, as a share of the largest.

    `pixels` (n, H, W, C) are the first images of the batch, and `described` is of all of it. Raises
    PluginError as `describe` does.
    """
    alone = [describe(model, image[None], name) for image in pixels]
    worst = 0.0
    for again, before in zip(zip(*alone, strict=True), described, strict=True):
        if before is not None:
            theirs = np.concatenate(again).astype(np.float64)
            if theirs.shape[1] != before.shape[1]:
                raise PluginError(
                    f"{name}: an image alone has {theirs.shape[1]} features, and in "
                    f"a batch {before.shape[1]}"
                )
            apart = np.abs(theirs - before[: len(pixels)]).max()
            worst = max(worst, float(apart / (np.abs(before).max() or 1.0)))
    return worst


def check_steady(model: FeatureModel, pixels: Pixels, described: Described, name: str) -> None:
    """Raise PluginError where the first images have other features alone than in their batch.

    `described` is what they had there. It takes as long as to describe four images.
    """
    if drift(model, pixels[:ALONE], described, name) <= TOLERANCE:
        return
    once = describe(model, pixels[:1], name)
    if drift(model, pixels[:1], once, name) > TOLERANCE:
        raise PluginError(f"{name}: an image has other features each time, so no number is right")
    raise PluginError(
        f"{name}: the features of an image depend on the others in its batch, so no number is right"
    )
