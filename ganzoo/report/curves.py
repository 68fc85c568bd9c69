"""The measurements of a run as curves over epochs, and the charts that show them together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.quantities import EVEN, QUALITY, SCHEDULED, labels, measured
from ganzoo.runs.scores import evaluations

Numbers = NDArray[np.float64]
MARKS = 20
"""Most values of a curve that get a mark each."""


@dataclass(frozen=True)
class Curve:
    """One quantity over time: `values` at the moments `at`, both of shape (n,).

    The moments are epochs, unless the chart says otherwise. `errors` (n,) are standard errors, or
    standard deviations over runs.
    """

    label: str
    at: Numbers
    values: Numbers
    errors: Numbers | None = None

    def smoothed(self, window: int) -> Numbers:
        """Return, for each value, the mean of the `window` values around it, shape (n,).

        Near the ends there are fewer values, but always as many on the left as on the right. So no
        peak moves, and the first and the last value stay what they are.
        """
        sums = np.concatenate([[0.0], np.cumsum(self.values)])
        place = np.arange(len(self.values))
        reach = np.minimum(np.minimum(place, place[::-1]), max(window, 1) // 2)
        means: Numbers = (sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1)
        return means


@dataclass(frozen=True)
class Chart:
    """Curves on one axis, with a title, limits, and lines to compare them with.

    `across` names what the moments of the curves are, and `up` what their values are. `lines` are
    values, and what is written at each. With `few`, each value of a curve is a measurement of its
    own: it gets a mark and its error, and is not smoothed.
    """

    name: str  # of the file that it is saved as
    title: str
    curves: Sequence[Curve]
    limits: tuple[float, float] | None = None
    lines: Mapping[float, str] = field(default_factory=dict)
    across: str = "epoch"
    up: str = ""
    logarithmic: bool = False
    long: bool = False  # the axis across is logarithmic: some curves are much shorter than others
    few: bool = False


GAPS = {"gap": "Gap of the critic's scores", "wasserstein": "Wasserstein estimate"}
"""Titles of the charts of a critic's d_real - d_fake; a run has one of these quantities."""


def charts(run: Run) -> list[Chart]:
    """Return the charts of a run: losses, then probabilities or a critic's scores, then diversity.

    Then come the Fréchet distance and the coverage of the evaluations that can be compared with the
    last. Charts without any measurement are left out.
    """
    facts, entries = run.facts(), run.lines(METRICS)
    scores = facts.scores

    def curves(*names: str) -> list[Curve]:
        return [curve(entries, name, facts) for name in names]

    pair = curves("d_real", "d_fake")
    found = [
        Chart("losses", "Losses", curves("loss_d", "loss_g"), lines=even(facts.losses), up="loss")
    ]
    if scores != "logits":
        found += [
            Chart("critic", "What the critic says", pair, up="mean score"),
            *(
                Chart(name, title, curves(name), lines={0: ""}, up="difference")
                for name, title in GAPS.items()
            ),
        ]
    else:
        found.append(
            Chart("probabilities", "D(x) and D(G(z))", pair, (0, 1), {0.5: ""}, up="probability")
        )
    found += [
        diversity(curves("diversity")),
        Chart(
            "augment",
            "Probability of augmentation",
            [curve(entries, "augment_p", facts, "p")],
            (0, 1),
            up="probability",
        ),
    ]
    found += _scheduled(entries, facts)
    judged = evaluations(entries)
    of = (
        f" of {judged[-1]['eval_images']:,.0f} pictures"
        if judged and "eval_images" in judged[-1]
        else ""
    )
    for name, title, limits in (
        ("frechet", f"Fréchet distance (FD){of}", None),
        ("coverage", "Coverage of real pictures", (0.0, 1.0)),
    ):
        line = curve(judged, name, facts, QUALITY[name])
        few, up = len(judged) <= MARKS, title.partition(" (")[0].partition(" of ")[0]
        found.append(Chart(name, title, [line], limits, up=up, few=few))
    return [chart for chart in found if any(len(c.values) for c in chart.curves)]


def diversity(curves: Sequence[Curve], **more: Any) -> Chart:
    """Return the chart of the diversity of what is drawn, as a share of that of real images."""
    most = max((float(c.values.max()) for c in curves if len(c.values)), default=1.0)
    return Chart(
        "diversity",
        "Diversity of what is drawn",
        curves,
        (0, max(1.05, 1.05 * most)),
        {1: "real images"},
        up="share of real images' diversity",
        **more,
    )


def even(losses: Mapping[str, str]) -> dict[float, str]:
    """Return where the losses are if D cannot tell real from generated; none if nobody knows."""
    found: dict[float, str] = {}
    for network, name in (("discriminator", "D"), ("generator", "G")):
        if known := EVEN.get(losses.get(network, "")):
            value, words = known
            found[value] = f"D, {name}: {words}" if value in found else f"{name}: {words}"
    return found


TITLES = {
    "learning_rate": "Learning rate",
    "beta2": "Adam's beta2",
    "ema": "The average's decay or half-life",
}


def _scheduled(entries: Sequence[Mapping[str, Any]], facts: Facts) -> Iterator[Chart]:
    """Yield a chart for each thing that the architecture changed by a schedule."""
    names = dict.fromkeys(n for entry in entries for n in entry if n.startswith(SCHEDULED))
    networks = {"_d": "discriminator", "_g": "generator"}
    for thing in dict.fromkeys(re.sub("_[dg]$", "", name) for name in names):
        curves = [
            curve(entries, name, facts, networks.get(name.removeprefix(thing), "value"))
            for name in names
            if re.sub("_[dg]$", "", name) == thing
        ]
        bare = thing.removeprefix(SCHEDULED)
        title = TITLES.get(bare, f"Scheduled: {bare}")
        yield Chart(f"schedule-{bare}", title, curves, up=bare.replace("_", " "))


def curve(entries: Sequence[Mapping[str, Any]], name: str, facts: Facts, label: str = "") -> Curve:
    """Return the curve of the quantity `name`, from all entries of metrics.jsonl that have it."""
    scores, images = facts.scores, facts.data.images
    whole = [{**entry, **measured(entry, scores)} for entry in entries]
    known = [(entry["samples_seen"] / images, entry[name]) for entry in whole if name in entry]
    epochs, values = np.array(known, np.float64).reshape(-1, 2).T
    return Curve(label or labels(scores).get(name, name), epochs, values)


def usual_window(curve: Curve) -> int:
    """Return the number of entries to smooth over: a fortieth of them, but at least three.

    Where there are no more than `MARKS`, each is worth seeing, and it is one.
    """
    return max(3, len(curve.values) // 40) if len(curve.values) > MARKS else 1
