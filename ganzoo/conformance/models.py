"""The checks of a trained model. Each is a function that raises, or returns what it found."""

from __future__ import annotations

import numpy as np

from ganzoo.draw.session import load_onnx
from ganzoo.errors import PluginError
from ganzoo.zoo.models import Model
from ganzoo.zoo.registry import Loaded

ROUNDING = 1
"""Grey levels by which an image may change with the others of its batch."""


def contract(loaded: Loaded[Model]) -> str:
    """Check that the name is the entry point's, and that a licence is given."""
    model = loaded.value
    if model.name != loaded.entry.name:
        raise PluginError(f"it is called '{model.name}' in its facts: name both alike")
    if not model.licence:
        raise PluginError("it has no licence, so nobody knows what its weights may be used for")
    height, width = model.size
    return f"{model.channels} x {height} x {width}, {', '.join(model.files)}, {model.licence}"


def files(loaded: Loaded[Model]) -> str:
    """Check that each ONNX file is the one of the facts, and says the same of itself."""
    model = loaded.value
    for variant, wanted in model.files.items():
        info = load_onnx(model.path(variant), "CPU").info
        found = (info.architecture, tuple(info.image["size"]), info.image["channels"], info.classes)
        if found != (model.architecture, model.size, model.channels, model.classes):
            raise PluginError(f"{wanted.file} is of another model than the facts: {found}")
    total = sum(wanted.nbytes for wanted in model.files.values())
    return f"{len(model.files)} of {total:,} bytes, with the hashes of the facts"


def pictures(loaded: Loaded[Model]) -> str:
    """Check that each file draws images that differ, and each alone as beside others."""
    for variant in loaded.value.files:
        generator = load_onnx(loaded.value.path(variant), "CPU")
        images = generator.sample(4).astype(int)
        if not np.ptp(images, axis=0).any():
            raise PluginError(f"{variant}: all of its images are the same")
        if np.abs(generator.sample(1) - images[:1]).max() > ROUNDING:
            raise PluginError(f"{variant}: an image is another where others are drawn with it")
    return "they differ, and each is the same alone"


CHECKS = (contract, files, pictures)
