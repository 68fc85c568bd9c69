"""The checks of a data set. Each is a function that raises, or returns what it found."""

from __future__ import annotations

import numpy as np

from ganzoo.architecture import Dataset
from ganzoo.data.decoding import SMALLEST
from ganzoo.data.prepare import fit
from ganzoo.errors import PluginError
from ganzoo.zoo.registry import Loaded


def contract(loaded: Loaded[Dataset]) -> str:
    """Check that there are images, and a cache_key unless the images are an array."""
    images, key = loaded.value.images, loaded.value.cache_key
    if len(images) == 0:
        raise PluginError("it holds no images")
    if not isinstance(images, np.ndarray) and not (isinstance(key, str) and key):
        raise PluginError("its images are no array, so it needs a cache_key")
    return f"{len(images):,} images"


def pixels(loaded: Loaded[Dataset]) -> str:
    """Check three images: uint8 (H, W), (H, W, 1) or (H, W, 3), which ganzoo can resize."""
    shapes = set()
    for index in _few(loaded):
        image = loaded.value.images[index]
        grey_or_colour = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))
        if image.dtype != np.uint8 or not grey_or_colour:
            raise PluginError(
                f"image {index} is {image.dtype} {image.shape}, not uint8 (H, W[, 3])"
            )
        if min(image.shape[:2]) < SMALLEST:
            raise PluginError(f"image {index} is {image.shape}: at least {SMALLEST} pixels a side")
        fit(image, (32, 32, 3))
        shapes.add(" x ".join(map(str, image.shape)))
    return f"uint8, {', '.join(sorted(shapes))}"


def repeatable(loaded: Loaded[Dataset]) -> str:
    """Check that image i is always the same."""
    for index in _few(loaded):
        if not np.array_equal(loaded.value.images[index], loaded.value.images[index]):
            raise PluginError(f"image {index} is another each time")
    return "image i is always the same"


def labels(loaded: Loaded[Dataset]) -> str:
    """Check that labels tell images apart; `Dataset` itself refuses what is no label of a class."""
    dataset = loaded.value
    if dataset.labels is None:
        return "none"
    if len(dataset.classes) < 2:
        raise PluginError("all its images are of one class: leave the labels out")
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    return f"{len(counts)} classes of {counts.min():,} to {counts.max():,} images"


CHECKS = (contract, pixels, repeatable, labels)


def _few(loaded: Loaded[Dataset]) -> list[int]:
    """Return the indices of the first, middle and last image."""
    count = len(loaded.value.images)
    return sorted({0, count // 2, count - 1})
