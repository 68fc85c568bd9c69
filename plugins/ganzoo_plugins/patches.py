"""Features for pictures without labels, learnt from the data set itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ganzoo.errors import DataError
from ganzoo.evaluate.features import FeatureModel, Features, digest
from ganzoo.evaluate.onnx_model import OnnxModel
from ganzoo.limits import Within
from ganzoo_plugins.keeping import announced, kept
from ganzoo_plugins.limits import Seed, require_size

if TYPE_CHECKING:
    from ganzoo.data import Images

VERSION = "1"  # change it whenever the same images would give other features

FEWEST = 100
"""Fewest images that a network is trained on."""


def patches(*, steps: Annotated[int, Within(0, 1_000_000)] = 400, seed: Seed = 0) -> Features:
    """64 features of the quarters of a picture, for data without labels.

    A small network learns on the data set itself to tell each picture from all others and from
    warped copies of itself, whatever its position, size and brightness (contrastive learning: Chen
    et al. 2020, arXiv:2002.05709). It takes `steps` steps and about a minute, once; then it is kept
    in the cache. It sees at most 48 pixels a side: what is finer shows in the sliced Wasserstein
    distance. benchmarks/damages.py says what the features see.
    """

    def open_features(images: Images) -> FeatureModel:
        if len(images.pixels) < FEWEST:
            raise DataError(
                f"{images.name} has {len(images.pixels)} images, and the features 'patches' need "
                f"at least {FEWEST} to learn from",
                "features",
            )
        require_size("patches", images)
        key = digest(VERSION, f"{steps}, {seed}", images.fingerprint)

        def opened(content: bytes, path: Path) -> FeatureModel:
            model = OnnxModel(content, path)
            return FeatureModel(
                describe=model.describe, sha256=model.sha256, note=f"learnt from {images.name}"
            )

        return kept(
            f"patches-{key[:32]}.onnx", images, opened, lambda: _trained(images, steps, seed)
        )

    return Features(version=f"{VERSION}, steps={steps}, seed={seed}", open=open_features)


def _trained(images: Images, steps: int, seed: int) -> bytes:
    """Train on the images, and return the network as an ONNX file."""
    with announced("patches", images, len(images.pixels), "a minute or two"):
        from ganzoo_plugins.patches_onnx import to_onnx
        from ganzoo_plugins.patches_training import train
    network = train(images.pixels, steps=steps, seed=seed)
    content: bytes = to_onnx(network, images.pixels).SerializeToString()
    return content
