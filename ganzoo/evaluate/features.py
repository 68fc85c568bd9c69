"""The contract with plugins of features, and the one place where their results are checked.

A plugin is a function with keyword-only, annotated options that returns `Features`. An entry point
in the group `ganzoo.features` names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import PluginError
from ganzoo.zoo.guard import explained, folder_kept

if TYPE_CHECKING:
    from ganzoo.data import Images

Pixels = NDArray[np.uint8]
"""uint8 images (n, height, width, channels), with 1 or 3 channels."""

BATCH = 500
"""Images that are described at a time; no feature depends on it."""
LARGEST = 1e15
"""Largest size of a number that features may have: float32 still holds squares of distances."""


class Described(NamedTuple):
    """Images as features."""

    features: NDArray[np.float32]
    """(n, d): what the images are compared by."""

    probabilities: NDArray[np.float32] | None = None
    """(n, classes): what a classifier believes of each image; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class FeatureModel:
    """Features that are ready to use."""

    describe: Callable[[Pixels], Described]
    """Function of uint8 images (n, H, W, C) to their features. It is the same for an image
    whatever other images are in the batch."""

    sha256: str
    """SHA-256 of whatever decides the numbers, such as the ONNX file's. Numbers of features with
    another hash cannot be compared."""

    classes: Sequence[str] = ()
    """Names of the classes that `probabilities` are about."""

    note: str = ""
    """What it is, in a few words: "93.1% of 10,000 test images right"."""

    remark: str = ""
    """A sentence that warns whoever reads its numbers; "" where they can be trusted."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a plugin in the group `ganzoo.features` returns."""

    version: str
    """Text that differs wherever the numbers may."""

    open: Callable[[Images], FeatureModel]
    """Function that gets the training images of a data set (pixels, labels, classes, fingerprint)
    and opens the features for images of that size. It may train them on these images. Then it keeps
    the result in `ganzoo.storage.cache_folder()`. It raises a GanzooError where it cannot."""


def describe(model: FeatureModel, pixels: Pixels, name: str = "features") -> Described:
    """Return the features of `pixels`, batch by batch; `name` is the plugin's, for messages.

    Raises PluginError where the plugin raises, changes the images, or breaks the contract.
    """
    parts: list[Any] = []
    for start in range(0, len(pixels), BATCH):
        batch = pixels[start : start + BATCH].view()
        batch.flags.writeable = False  # they are measured again, without the plugin
        with folder_kept(), explained(f"{name}: images cannot be described"):
            found = model.describe(batch)
        parts.append(_checked(found, len(batch), len(model.classes), name))
    features = np.concatenate([part.features for part in parts])
    if not model.classes:
        return Described(features)
    return Described(features, np.concatenate([part.probabilities for part in parts]))


def _checked(found: object, n: int, classes: int, name: str) -> Described:
    """Return what a plugin returned if it keeps the contract; raise PluginError otherwise."""
    if not isinstance(found, Described):
        raise PluginError(f"{name}: describe returned {type(found).__name__}, not Described")
    wanted: list[tuple[str, Any, int]] = [("features", found.features, 0)]
    if classes:
        wanted.append(("probabilities", found.probabilities, classes))
    for what, array, width in wanted:
        if getattr(array, "dtype", None) != np.float32 or array.ndim != 2:
            raise PluginError(f"{name}: its {what} are no float32 array of two axes")
        shape = array.shape
        if shape != (n, width or shape[1]) or not shape[1]:
            raise PluginError(f"{name}: its {what} of {n} images have the shape {shape}")
        if not (np.abs(array) <= LARGEST).all():  # NaN included
            raise PluginError(f"{name}: its {what} are not finite, or larger than {LARGEST:.0e}")
    if classes:
        shares: Any = found.probabilities
        if (shares < 0).any():
            raise PluginError(f"{name}: a probability is negative")
        if not np.allclose(shares.sum(axis=1), 1, atol=1e-3):
            raise PluginError(f"{name}: probabilities add up to no 1")
    return found


def yardstick(sha256: str, fingerprint: str, images: int) -> str:
    """Return a hash of what must be the same where two numbers are compared.

    That is the features' hash, the fingerprint of the real images, and the number of pictures.
    """
    return digest(sha256, fingerprint, str(images))


def digest(*parts: bytes | str) -> str:
    """Return the SHA-256, in hex, of several parts; for features that are no single file."""
    found = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()
