"""Judge sets of pictures, all against the same real images and by the same features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import PluginError, UsageError
from ganzoo.evaluate import frechet, histogram, kernel, manifold, nearest, spread, wasserstein
from ganzoo.evaluate.contract import check_steady
from ganzoo.evaluate.features import Described, FeatureModel, Pixels, describe, yardstick
from ganzoo.evaluate.sets import Real

LOOKED_AT = 2_000
"""Pictures of a set whose pixels are measured; features are made of all of them."""
WIDE = 512
"""Numbers in a feature above which the error of a Fréchet distance would take minutes."""
COMPARED = 1_000
"""Pictures of a set whose pixels are compared with each other."""

Value = tuple[float, float | None]
"""Value of a measure, and its standard error where that is known."""


@dataclass(frozen=True)
class Pictures:
    """A set of pictures as the measures see it: features of all, and the pixels of the first."""

    described: Described
    pixels: Pixels

    def __len__(self) -> int:
        return len(self.described.features)


@dataclass(frozen=True)
class Judged:
    """What one set of pictures got: the value and the error of each measure, by name."""

    values: dict[str, Value]
    shares: dict[str, float]
    """Share of each class."""

    best: list[int]
    """Pictures with the most real ones around them, of those whose pixels are at hand."""

    worst: list[int]
    """Pictures with the fewest real ones around them."""

    pairs: list[tuple[int, int, float]]
    """Pictures nearest to a training image: (picture, training image, grey levels between them)."""


@dataclass(frozen=True)
class Judge:
    """Judges sets of `real.count` pictures; `model` makes the features, `name` is for messages."""

    real: Real
    model: FeatureModel
    name: str = "features"

    def look(self, batches: Iterable[Pixels]) -> Pictures:
        """Return `real.count` pictures, uint8 (n, H, W, C) batch by batch, with their features."""
        described, seen, pixels = list[Described](), 0, list[Pixels]()
        for batch in batches:
            described.append(describe(self.model, batch, self.name))
            if seen < LOOKED_AT:
                pixels.append(batch[: LOOKED_AT - seen])
            seen += len(batch)
        if seen != self.real.count:
            raise UsageError(f"{seen:,} pictures are judged against {self.real.count:,}")
        return Pictures(_joined(described), np.concatenate(pixels))

    @property
    def yardstick(self) -> str:
        """Hash that is the same where numbers can be compared."""
        fingerprint = self.real.reference.images.fingerprint
        return yardstick(self.model.sha256, fingerprint, self.real.count)

    @cached_property
    def reference(self) -> Pictures:
        """The real images that sets are compared with; they also show whether features are steady.

        Raises PluginError where an image has other features alone than in its batch.
        """
        found = self.look(self.real.reference)
        check_steady(self.model, found.pixels, found.described, self.name)
        return found

    @cached_property
    def moments(self) -> frechet.Moments:
        """Mean and covariance of the reference's features."""
        return frechet.Moments.of(self.reference.described.features)

    @cached_property
    def radii(self) -> NDArray[np.float64]:
        """How far the neighbourhood of each image of the reference reaches."""
        return manifold.radii(self.reference.described.features)

    @cached_property
    def threshold(self) -> float:
        """Distance to a training image below which a picture counts as a copy."""
        return nearest.near_threshold(self.real.training, self.real.held_back)

    def prepare(self) -> None:
        """Measure now, and keep, what `brief` compares with; raise PluginError where that fails."""
        _ = self.moments, self.radii

    @cached_property
    def classes(self) -> histogram.Histogram | None:
        """The classes of the reference, as the classifier sees them; None without a classifier."""
        probabilities = self.reference.described.probabilities
        return None if probabilities is None else histogram.compare(probabilities, probabilities)

    @property
    def unseen(self) -> dict[str, Value]:
        """Floors of measures for which the real images must not have been trained on.

        A classifier is surer of its training images. These are nearer to training images than any.
        """
        floors: dict[str, Value] = {"copies": (nearest.NEAR, None)}  # by its definition
        if self.classes:
            floors["confidence"] = (self.classes.confidence, None)
        return floors

    def brief(self, pictures: Pictures) -> dict[str, float]:
        """Return what is measured during training: Fréchet distance and coverage."""
        features = pictures.described.features
        real = self.reference.described.features
        found = manifold.coverage(features, real, real_radii=self.radii)
        distance = frechet.frechet_distance(frechet.Moments.of(features), self.moments)
        return {"frechet": distance, "coverage": found}

    def judge(self, pictures: Pictures) -> Judged:
        """Return all measures of a set of pictures."""
        features, real = pictures.described.features, self.reference.described.features
        around = manifold.compare_manifolds(features, real, real_radii=self.radii)
        close = nearest.nearest_training(
            pictures.pixels, self.real.training, threshold=self.threshold
        )
        small = features.shape[1] <= WIDE
        values: dict[str, Value] = {
            "frechet": (
                frechet.frechet_distance(frechet.Moments.of(features), self.moments),
                frechet.frechet_error(features, self.moments) if small else None,
            ),
            "kernel": kernel.kernel_distance(features, real),
            "wasserstein": (
                wasserstein.sliced_wasserstein(pictures.pixels, self.reference.pixels).mean, None
            ),
            "precision": (around.precision, around.precision_error),
            "recall": (around.recall, around.recall_error),
            "density": (around.density, around.density_error),
            "coverage": (around.coverage, around.coverage_error),
            "diversity": (
                spread.diversity(pictures.pixels[:COMPARED], self.reference.pixels[:COMPARED]),
                None,
            ),
            "copies": (close.share, close.error),
        }  # fmt: skip
        shares = dict[str, float]()
        if self.model.classes:
            drawn, theirs = pictures.described.probabilities, self.reference.described.probabilities
            assert drawn is not None
            assert theirs is not None
            of = histogram.compare(drawn, theirs)
            values |= {"classes": (of.divergence, None), "confidence": (of.confidence, of.error)}
            shares = dict(zip(self.model.classes, of.shares.tolist(), strict=True))
        order = np.argsort(around.densities[: len(pictures.pixels)], kind="stable").tolist()
        return Judged(values, shares, order[::-1][:16], order[:16], close.pairs)


def _joined(parts: list[Described]) -> Described:
    """Return several batches as one; raise PluginError where they are not equally wide."""
    if len(widths := {part.features.shape[1] for part in parts}) > 1:
        raise PluginError(f"features have {' and '.join(map(str, sorted(widths)))} numbers")
    features = np.concatenate([part.features for part in parts])
    if parts[0].probabilities is None:
        return Described(features)
    probabilities: list[Any] = [part.probabilities for part in parts]
    return Described(features, np.concatenate(probabilities))
