"""What a run measured, as curves over epochs, and what of it belongs into one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError
from ganzoo.run import Run

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One quantity as it went: `values` after so many `epochs`, both of shape (n,)."""

    label: str
    epochs: Numbers
    values: Numbers

    def smoothed(self, window: int) -> Numbers:
        """Means over `window` entries around each; fewer, but as many on either side, at the ends.

        So no peak moves, and the first and the last value stay what they are.
        """
        sums = np.concatenate([[0.0], np.cumsum(self.values)])
        at = np.arange(len(self.values))
        reach = np.minimum(np.minimum(at, at[::-1]), max(window, 1) // 2)
        means: Numbers = (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)
        return means


@dataclass(frozen=True)
class Chart:
    """Curves that share an axis: what it is called, and what the reader should compare with."""

    name: str  # of the file that it is saved as
    title: str
    curves: Sequence[Curve]
    limits: tuple[float, float] | None = None
    line: float | None = None  # where the two networks would be even


QUANTITIES = {
    "loss_d": "discriminator",
    "loss_g": "generator",
    "d_real": "D(x): real images",
    "d_fake": "D(G(z)): generated ones",
}
CRITIC = {
    "loss_d": "critic",
    "d_real": "critic of real images",
    "d_fake": "critic of generated ones",
}


def charts(run: Run) -> list[Chart]:
    """The pictures of a run: losses, then probabilities or what a critic says, then diversity.

    UsageError where nothing was measured yet.
    """
    facts, entries = run.facts(), run.lines("metrics.jsonl")
    images = facts["data"]["images"]
    critic = is_critic(facts)
    labels = QUANTITIES | (CRITIC if critic else {})

    def curve(name: str) -> Curve:
        return measured(entries, name, images, labels.get(name, name))

    found = [Chart("losses", "Losses", [curve("loss_d"), curve("loss_g")])]
    if critic:
        found += [
            Chart("critic", "Critic scores", [curve("d_real"), curve("d_fake")]),
            Chart("wasserstein", "Wasserstein estimate", [wasserstein(entries, images)], line=0),
        ]
    else:
        pair = [curve("d_real"), curve("d_fake")]
        found.append(Chart("probabilities", "D(x) and D(G(z))", pair, limits=(0, 1), line=0.5))
    diversity = curve("diversity")
    found.append(Chart("diversity", "Diversity, that of real images being 1", [diversity], line=1))
    known = [c for c in found if any(len(curve.values) for curve in c.curves)]
    if not known:
        raise UsageError(f"{run.path} has measured nothing yet: train for --log-every steps first")
    return known


def is_critic(facts: Mapping[str, Any]) -> bool:
    """Whether the run's discriminator gives scores without bounds instead of probabilities."""
    return bool(facts.get("scores") == "critic")


def measured(
    entries: Sequence[Mapping[str, Any]], name: str, images: int, label: str = ""
) -> Curve:
    """One quantity of metrics.jsonl, where it was measured; an epoch is so many `images`."""
    known = [entry for entry in entries if name in entry]
    epochs = np.array([entry["samples_seen"] / images for entry in known], np.float64)
    values = np.array([entry[name] for entry in known], np.float64)
    return Curve(label or name, epochs, values)


def wasserstein(
    entries: Sequence[Mapping[str, Any]], images: int, label: str = "critic(x) - critic(G(z))"
) -> Curve:
    """How far apart the critic finds real and generated images (Arjovsky et al. 2017).

    That estimates a multiple of their Wasserstein distance, which depends on the critic's bound.
    """
    both = [
        {"samples_seen": entry["samples_seen"], "gap": entry["d_real"] - entry["d_fake"]}
        for entry in entries
        if "d_real" in entry and "d_fake" in entry
    ]
    return measured(both, "gap", images, label)


def usual_window(curve: Curve) -> int:
    """How many entries are smoothed over unless somebody says so: a fortieth of them."""
    return max(1, len(curve.values) // 40)
