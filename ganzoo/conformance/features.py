"""The checks of features. Each is a function that raises, or returns what it found."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ganzoo.data import Images
from ganzoo.errors import GanzooError, PluginError
from ganzoo.evaluate.contract import TOLERANCE, check_model, drift
from ganzoo.evaluate.features import Described, FeatureModel, Features, Pixels, describe, digest
from ganzoo.zoo.guard import explained
from ganzoo.zoo.registry import Loaded

SHAPES = ((28, 28, 1), (32, 32, 3))
"""Images (H, W, C) that features are tried on: grey and colour. One of both is enough."""
COUNT = 120


def contract(loaded: Loaded[Features]) -> str:
    """Check the version, and that features open for grey or colour images, and what opens."""
    version = loaded.value.version
    _require(isinstance(version, str) and bool(version), "its version is no text")
    found = []
    for images, model in _models(loaded):
        width = _describe(model, images.pixels).features.shape[1]
        found.append(f"{width} for images {' x '.join(map(str, images.pixels.shape[1:]))}")
    return f"features: {', '.join(found)}"


def probabilities(loaded: Loaded[Features]) -> str:
    """Check that probabilities, where there are any, are from 0 to 1 and add up to 1.

    `describe` checks it.
    """
    classes: set[int] = set()
    for images, model in _models(loaded):
        shares = _describe(model, images.pixels).probabilities
        if shares is not None:
            classes.add(shares.shape[1])
    return f"of {' and '.join(map(str, sorted(classes)))} classes" if classes else "none"


def images_alone(loaded: Loaded[Features]) -> str:
    """Check that an image has the same features whatever other images are in the batch."""
    worst = 0.0
    for images, model in _models(loaded):
        together = _describe(model, images.pixels)
        worst = max(worst, drift(model, images.pixels[:7], together, "this"))
    _require(worst <= TOLERANCE, f"a feature changes by {worst:.2g} with the batch")
    return f"the same in a batch of {COUNT}, to {worst:.1g}"


def repeatable(loaded: Loaded[Features]) -> str:
    """Check that features opened twice have one hash, and give an image the same numbers."""
    for (images, one), (_, other) in zip(_models(loaded), _models(loaded), strict=True):
        _require(one.sha256 == other.sha256, "its sha256 is another each time")
        first, again = (_describe(model, images.pixels).features for model in (one, other))
        _require(np.array_equal(first, again), "an image has other features each time")
    return "the same numbers, twice"


def seeing(loaded: Loaded[Features]) -> str:
    """Check that images that differ have features that differ."""
    for images, model in _models(loaded):
        features = _describe(model, images.pixels).features
        _require(len(np.unique(features, axis=0)) > COUNT // 2, "most images have equal features")
    return "images that differ have other features"


def speed(loaded: Loaded[Features]) -> str:
    """Report how many images are described in a second."""
    rates = []
    for images, model in _models(loaded):
        many = np.tile(images.pixels, (4, 1, 1, 1))
        start = time.perf_counter()
        _describe(model, many)
        rates.append(f"{len(many) / (time.perf_counter() - start):,.0f}")
    return f"{' and '.join(rates)} images/s"


CHECKS = (contract, probabilities, images_alone, repeatable, seeing, speed)


def _models(loaded: Loaded[Features]) -> Iterator[tuple[Images, FeatureModel]]:
    """Yield the features for each of the `SHAPES` that they open for, and the images.

    Raises what the plugin raises where they open for none.
    """
    refused: list[GanzooError] = []
    for shape in SHAPES:
        images = _images(shape)
        try:
            with explained("its features cannot be opened"):
                model = loaded.value.open(images)
        except GanzooError as error:
            refused.append(error)
            continue
        yield images, check_model(model)
    if len(refused) == len(SHAPES):
        raise refused[0]


def _images(shape: tuple[int, int, int]) -> Images:
    """Return labelled noise: of two classes, one brighter than the other; always the same."""
    random = np.random.default_rng(0)
    labels = np.arange(COUNT) % 2
    pixels = random.integers(0, 128, (COUNT, *shape), np.uint8)
    pixels += (100 * labels).astype(np.uint8)[:, None, None, None]
    return Images(
        name="noise",
        pixels=pixels,
        fingerprint=digest(pixels.tobytes(), str(pixels.shape)),
        source={},
        labels=labels,
        classes=("dark", "bright"),
    )


def _describe(model: FeatureModel, pixels: Pixels) -> Described:
    """Return the features of images; PluginError where they break the contract."""
    return describe(model, pixels, "this")


def _require(holds: bool, otherwise: str) -> None:
    """Raise PluginError with the message `otherwise` unless something `holds`."""
    if not holds:
        raise PluginError(otherwise)
