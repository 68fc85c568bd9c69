"""Conformance of features: every check fails on a plugin that breaks what it checks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganzoo.conformance import features
from ganzoo.data import Images
from ganzoo.errors import DataError, PluginError
from ganzoo.evaluate.features import Described, FeatureModel, Features, Pixels
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.registry import Loaded

ENTRY = Entry("features", "odd", "odd-features", "1.2", "odd:odd")
counter = itertools.count(1)


def rows(pixels: Pixels) -> Described:
    """Return the mean of each row, and two probabilities."""
    means = pixels.mean(axis=(2, 3), dtype=np.float32)
    bright = means.mean(axis=1) / 255
    return Described(means, np.stack([bright, 1 - bright], axis=1))


GOOD = FeatureModel(describe=rows, sha256="0" * 64, classes=("bright", "dark"))


def changed(
    features: Callable[[Any], Any] = lambda f: f, shares: Callable[[Any], Any] = lambda p: p
) -> FeatureModel:
    """Return features that differ from the good ones by functions of them."""

    def describe(pixels: Pixels) -> Described:
        found = rows(pixels)
        return Described(features(found.features), shares(found.probabilities))

    return replace(GOOD, describe=describe)


def blackening(pixels: Pixels) -> Described:
    found = rows(pixels)
    pixels[:] = 0
    return found


def unchanged(pixels: Pixels) -> Any:
    return pixels


def offered(model: Any) -> Features:
    return Features(version="1", open=lambda images: model)


def refusing(images: Images) -> FeatureModel:
    raise DataError("give weights=")


def newly_hashed(images: Images) -> FeatureModel:
    return replace(GOOD, sha256=f"{next(counter):064x}")


def crashing(images: Images) -> FeatureModel:
    raise ZeroDivisionError


def only_grey(images: Images) -> FeatureModel:
    return GOOD if images.pixels.shape[3] == 1 else refusing(images)


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("contract", Features(version="", open=lambda images: GOOD), "its version is no text"),
        ("contract", offered(3), "open returned int, not a FeatureModel"),
        ("contract", offered(replace(GOOD, sha256="x")), "its sha256 is not 64 digits"),
        ("contract", Features(version="1", open=refusing), "give weights="),
        ("contract", Features(version="1", open=crashing), "cannot be opened: ZeroDivisionError"),
        ("contract", offered(replace(GOOD, describe=unchanged)), "not Described"),
        ("contract", offered(changed(lambda f: f.astype(float))), "no float32 array of two axes"),
        ("contract", offered(changed(lambda f: f[:-1])), "have the shape"),
        ("contract", offered(changed(lambda f: f / np.float32(0))), "are not finite"),
        ("contract", offered(changed(shares=lambda p: None)), "probabilities are no float32"),
        ("probabilities", offered(changed(shares=lambda p: p - 1)), "a probability is negative"),
        ("probabilities", offered(changed(shares=lambda p: p / 2)), "add up to no 1"),
        ("images_alone", offered(changed(lambda f: f - f.mean(axis=0))), "with the batch"),
        ("repeatable", Features(version="1", open=newly_hashed), "another each time"),
        ("repeatable", offered(changed(lambda f: f + next(counter))), "other features each time"),
        ("repeatable", offered(replace(GOOD, describe=blackening)), "is read-only"),
        ("seeing", offered(changed(np.zeros_like)), "most images have equal features"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # one divides by zero
def test_a_check_fails_on_what_it_checks(name: str, broken: Features, message: str) -> None:
    run = getattr(features, name)
    assert run in features.CHECKS
    assert run(Loaded(ENTRY, {}, offered(GOOD)))
    with pytest.raises((PluginError, DataError), match=message):
        run(Loaded(ENTRY, {}, broken))


def test_features_for_grey_images_only_are_fine() -> None:
    grey = Features(version="1", open=only_grey)
    found = [run(Loaded(ENTRY, {}, grey)) for run in features.CHECKS]
    assert found[0] == "features: 28 for images 28 x 28 x 1"
