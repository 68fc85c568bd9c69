"""Features of a stranger's plugin, which need no training; evaluations made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.evaluate.evaluation import Evaluation, Score

BLOCKS = '''
import itertools
import os
import signal

import numpy as np

from ganzoo.evaluate.features import Described, FeatureModel, Features


def blocks(*, how: str = "well") -> Features:
    """Means of blocks of seven pixels."""
    def describe(pixels):
        if how == "inplace":
            pixels[:] = 0
        if how == "raises":
            raise ZeroDivisionError("no blocks today")
        side = pixels.shape[1] // 4
        small = pixels.reshape(len(pixels), 4, side, 4, side, -1).mean(axis=(2, 4, 5))
        found = small.reshape(len(pixels), -1).astype(np.float32)
        if how == "closes":
            raise GeneratorExit
        if how == "hungry":
            raise MemoryError
        if how == "strays":
            os.chdir("/")
        if how == "nan":
            found[0, 0] = np.nan
        if how == "short":
            found = found[1:]
        if how == "huge":
            found[0, 0] = 1e16
        if how == "drifting":
            found += next(counter)
        if how == "mixing":
            found -= found.mean(axis=0)
        if how == "prints":
            print("described by Python")
            os.system("echo described by the shell")
        if how == "killed":
            os.kill(os.getpid(), signal.SIGTERM)
        if how == "wide" and len(pixels) < 200:
            found = found[:, :9]
        return found if how == "bare" else Described(found)

    def opened(images):
        if how == "shut":
            return None
        if how == "torn":
            raise ZeroDivisionError("no model today")
        print("opened")
        return model

    counter = itertools.count(1)
    model = FeatureModel(describe=describe, sha256="B" if how == "unhashed" else "b" * 64)
    return Features(version="1", open=opened)
'''
"""Source of the plugin of features `blocks`, which can be broken in several ways."""

SCORES = {
    "frechet": Score(value=12.5, error=0.25, floor=0.02, ceiling=74.0),
    "kernel": Score(value=0.05, error=0.001, floor=-0.000002, ceiling=0.3),
    "precision": Score(value=0.7, error=0.01, floor=0.95, ceiling=0.0),
    "recall": Score(value=0.2, error=0.01, floor=0.96, ceiling=0.0),
    "density": Score(value=1.25, error=0.01, floor=1.0, ceiling=0.0),
    "coverage": Score(value=0.5, error=0.01, floor=0.97, ceiling=0.0),
    "copies": Score(value=0.01, error=0.003, floor=0.01, ceiling=0.0),
}


def evaluation(
    frechet: float = 12.5,
    *,
    features: str = "classifier",
    data: str = "toy_garments",
    images: int = 10_000,
    scores: Mapping[str, Score] = SCORES,
    **given: Any,
) -> Evaluation:
    """An evaluation; those of other features, data or numbers of images cannot be compared."""
    usual: dict[str, Any] = {
        "model": "mlp_gan-toy_garments-001",
        "sha256": "ab" * 32,
        "step": 2,
        "samples_seen": 128,
        "seed": 0,
        "ceiling": "the untrained generator",
        "seconds": 41.0,
        "versions": {"ganzoo": "0.1.0"},
    }
    real = {"name": data, "source": {}, "split": "test", "note": "", "training_images": 64}
    real["fingerprint"] = data * 3
    distance = Score(value=frechet, error=frechet / 50, floor=0.02, ceiling=74.0)
    return Evaluation(
        **usual | given,
        against=real,
        features={
            "name": features, "package": "ganzoo", "version": "1", "options": {},
            "sha256": features * 3, "note": "93.1% of 10,000 test images right",
        },
        images=images,
        scores={**scores, "frechet": distance},
    )  # fmt: skip
