"""Features of a small classifier: shipped for two data sets, trained once for any other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import DataError, ModelFileError
from ganzoo.evaluate.features import FeatureModel, Features, digest
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo.limits import Within
from ganzoo_plugins.keeping import announced, kept
from ganzoo_plugins.limits import Seed, require_size

if TYPE_CHECKING:
    from ganzoo.data import Images

VERSION = "1"  # change it whenever the same images would give other features

WIDTH, SEED, SHOWN = 32, 0, 360_000

SHIPPED = {
    "f8a5dd52e0ff233d86ed8763f5f3c389592855fb21bdc376138605c4359c2f2c": "fashion_mnist",
    "84991c1559bb506683a4b41427b7f0c093c92d5628bc13eb0e813c93430ebdaf": "mnist",
}
"""Fingerprint of training images (28x28 grey), and the file in features/ for them."""

FEWEST = 100
"""Fewest labelled images that a classifier is trained on."""


def classifier(
    *,
    width: Annotated[int, Within(1, 1024)] = WIDTH,
    seed: Seed = SEED,
    shown: Annotated[int, Within(1, 10**9)] = SHOWN,
) -> Features:
    """64 features of a small CNN that knows the classes of the data set; it needs labels.

    `width` is the number of channels behind the first convolution, and `shown` the number of images
    that training shows in all; of few images it shows fewer. For Fashion-MNIST and MNIST a trained
    network is part of the package. For other data sets it is trained when it is first needed, on
    nine tenths of the images, and kept in the cache; the last tenth says how often it is right.
    """
    options = f"width={width}, seed={seed}, shown={shown}"
    shipped = SHIPPED if (width, seed, shown) == (WIDTH, SEED, SHOWN) else {}

    def open_features(images: Images) -> FeatureModel:
        if name := shipped.get(images.fingerprint):
            file = files("ganzoo_plugins").joinpath("features", f"{name}.onnx")
            return _opened(file.read_bytes(), f"{name}.onnx")
        labels = _usable_labels(images)
        require_size("classifier", images)
        names = images.classes or tuple(map(str, range(labels.max() + 1)))
        key = digest(VERSION, options, images.fingerprint, labels.tobytes(), *names)
        return kept(
            f"classifier-{key[:32]}.onnx",
            images,
            lambda content, path: _opened(content, path, names),
            lambda: _trained(images, labels, names, width, seed, shown),
        )

    return Features(version=f"{VERSION}, {options}", open=open_features)


def _usable_labels(images: Images) -> NDArray[np.int64]:
    """Return the labels; DataError if there are none, too few, or of one class only."""
    if images.labels is None:
        raise DataError(
            f"{images.name} has no labels{f' ({images.no_labels})' if images.no_labels else ''}, "
            "and the features 'classifier' need them: give the data set labels, or use "
            "features='patches'",
            "features",
        )
    if len(images.labels) < FEWEST or len(np.unique(images.labels)) < 2:
        raise DataError(
            f"{images.name} has {len(images.labels)} labelled images of "
            f"{len(np.unique(images.labels))} classes, and the features 'classifier' need at least "
            f"{FEWEST} of two: use features='patches'",
            "features",
        )
    return images.labels


def _opened(content: bytes, path: str | Path, names: Sequence[str] = ()) -> FeatureModel:
    """Return the features of a file, which knows its classes and its accuracy.

    Raises ModelFileError where it is no classifier, or one of other classes than `names`.
    """
    model = OnnxModel(content, path)
    try:
        classes = json.loads(model.metadata["classes"])
        note = model.metadata["note"]
    except (KeyError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no classifier that ganzoo trained") from error
    if names and classes != [*names]:
        raise ModelFileError(f"{path} is a classifier of other classes")
    return FeatureModel(
        describe=model.describe,
        sha256=model.sha256,
        classes=classes,
        note=note,
        remark=model.metadata.get("remark", ""),
    )


def _trained(
    images: Images,
    labels: NDArray[np.int64],
    names: tuple[str, ...],
    width: int,
    seed: int,
    shown: int,
) -> bytes:
    """Train on nine tenths of the images, and return the file; the others tell its accuracy."""
    order = np.random.default_rng(seed).permutation(len(labels))
    held_back, used = np.split(order, [len(order) // 10])
    with announced("classifier", images, len(used), "minutes"):
        from ganzoo_plugins.classifier_onnx import to_file
        from ganzoo_plugins.classifier_training import train
    network = train(images.pixels, labels, used, len(names), width=width, seed=seed, shown=shown)
    held_back.sort()
    return to_file(network, names, images.pixels[held_back], labels[held_back], "held-back images")
