"""What a run measured, as curves over epochs, and what of it belongs into one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.quantities import labels, measured

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


def charts(run: Run) -> list[Chart]:
    """The pictures of a run: losses, then probabilities or what a critic says, then diversity.

    Those of which something was measured.
    """
    facts, entries = run.facts(), run.lines(METRICS)
    scores = facts.scores

    def curves(*names: str) -> list[Curve]:
        return [curve(entries, name, facts) for name in names]

    found = [Chart("losses", "Losses", curves("loss_d", "loss_g"))]
    if scores == "critic":
        found += [
            Chart("critic", "What the critic says", curves("d_real", "d_fake")),
            Chart("wasserstein", "Wasserstein estimate", curves("wasserstein"), line=0),
        ]
    else:
        pair, title = curves("d_real", "d_fake"), "D(x) and D(G(z))"
        found.append(Chart("probabilities", title, pair, limits=(0, 1), line=0.5))
    title = "Diversity, that of real images being 1"
    found.append(Chart("diversity", title, curves("diversity"), line=1))
    return [chart for chart in found if any(len(c.values) for c in chart.curves)]


def curve(entries: Sequence[Mapping[str, Any]], name: str, facts: Facts, label: str = "") -> Curve:
    """One quantity of a run's metrics.jsonl, where it was measured."""
    scores, images = facts.scores, facts.data.images
    whole = [{**entry, **measured(entry, scores)} for entry in entries]
    known = [(entry["samples_seen"] / images, entry[name]) for entry in whole if name in entry]
    epochs, values = np.array(known, np.float64).reshape(-1, 2).T
    return Curve(label or labels(scores).get(name, name), epochs, values)


def usual_window(curve: Curve) -> int:
    """How many entries are smoothed over: a fortieth of them, but three at least."""
    return max(3, len(curve.values) // 40)
