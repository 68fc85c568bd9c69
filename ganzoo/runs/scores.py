"""The evaluations among the measurements of a run: which can be compared, and which is the best."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Examined:
    """What the pictures of a state got during training."""

    scores: dict[str, float]
    """The measures of `ganzoo.runs.quantities.QUALITY` by name."""

    images: int
    """How many pictures were judged, by as many real ones."""

    yardstick: int
    """A number that is another one for other real images, features or numbers of images."""

    def entry(self) -> dict[str, float]:
        """Return what metrics.jsonl has of it."""
        return {**self.scores, "eval_images": self.images, "yardstick": self.yardstick}


def evaluations(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries of metrics.jsonl that are evaluations and can be compared with the last.

    A resumed run may be judged by other features or by another number of images. Such numbers are
    no better or worse than those before. A distance that is no number, as in a damaged file, is
    left out.
    """
    found = [entry for entry in entries if math.isfinite(entry.get("frechet", math.nan))]
    return [entry for entry in found if entry.get("yardstick") == found[-1].get("yardstick")]


def best_step(entries: Sequence[Entry], steps: Collection[int]) -> int | None:
    """Return which of `steps` has the smallest Fréchet distance; None where none was judged."""
    judged = [entry for entry in evaluations(entries) if entry["step"] in steps]
    best = min(judged, key=lambda entry: float(entry["frechet"]), default=None)
    return None if best is None else int(best["step"])
