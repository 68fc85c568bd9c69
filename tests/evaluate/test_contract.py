"""Features that keep their contract, and those that do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganzoo.errors import PluginError
from ganzoo.evaluate.contract import TOLERANCE, check_model, check_steady, drift
from ganzoo.evaluate.features import Described, FeatureModel, Pixels, describe

SHA256 = "a1" * 32
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), np.uint8)


def model(change: Callable[[Pixels], Any] = lambda pixels: 0.0) -> FeatureModel:
    """Means of columns, which `change` is added to."""

    def means(pixels: Pixels) -> Described:
        found = pixels.mean(axis=(1, 3)) + change(pixels)
        return Described(found.astype(np.float32))

    return FeatureModel(describe=means, sha256=SHA256)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "open returned NoneType, not a FeatureModel"),
        ({"sha256": SHA256[1:]}, "its sha256 is not 64 digits"),
        ({"sha256": SHA256.upper()}, "its sha256 is not 64 digits"),
        ({"classes": "shoe"}, "its classes are no list of names"),
        ({"classes": ["shoe", ""]}, "its classes are no list of names"),
        ({"classes": ["shoe", "shoe"]}, "two of its classes have the same name"),
        ({"note": None}, "its note or its remark is no text"),
        ({"remark": 1}, "its note or its remark is no text"),
    ],
)
def test_what_is_no_model_is_refused(given: dict[str, Any] | None, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        check_model(given and replace(model(), **given))


def test_a_model_is_returned() -> None:
    whole = model()
    assert check_model(whole) is whole


def apart(share: float) -> FeatureModel:
    """A model by which an image has larger features alone, by a share of the largest feature."""
    largest = float(PIXELS.mean(axis=(1, 3)).max())
    return model(lambda pixels: share * largest * (len(pixels) == 1))


@pytest.mark.parametrize("share", [0.0, 0.5 * TOLERANCE])
def test_features_may_change_as_much_as_half_precision_does(share: float) -> None:
    described = describe(apart(share), PIXELS)
    assert drift(apart(share), PIXELS[:4], described, "own") == pytest.approx(share, rel=0.01)
    check_steady(apart(share), PIXELS, described, "own")


def test_features_that_depend_on_the_batch_are_refused() -> None:
    mixing = apart(2 * TOLERANCE)
    with pytest.raises(PluginError, match="own: the features of an image depend on the others"):
        check_steady(mixing, PIXELS, describe(mixing, PIXELS), "own")


def test_features_that_are_others_each_time_are_told_apart() -> None:
    random = np.random.default_rng(0)
    unsteady = model(lambda pixels: random.normal(0, 50))
    with pytest.raises(PluginError, match="own: an image has other features each time"):
        check_steady(unsteady, PIXELS, describe(unsteady, PIXELS), "own")
