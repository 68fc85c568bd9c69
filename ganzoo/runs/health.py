"""Rules that find signs of failing training; they only warn, and change nothing."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any

from ganzoo.runs.quantities import PROBABILITIES
from ganzoo.runs.scores import evaluations

WINDOWS = 5
"""Number of entries of metrics in a row that must agree before there is a warning of saturation."""

SURE = 0.02
"""Largest distance of a saturated discriminator's mean probabilities from 1 (real) or 0 (fake)."""

ALIKE = 0.25
"""Diversity below which images are called collapsed: a share of that of real images."""

STEADY = 500
"""Fewest steps over which images must be alike to be called collapsed. A generator that has hardly
begun draws them alike, too: a perceptron for some hundred steps, whatever an epoch is."""

WORSE = 0.1
"""Smallest change of the Fréchet distance that is called worse, as a share of the best one."""


def saturation(metrics: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a warning if the discriminator is sure of every image, else None.

    Its loss is then near 0, and the generator gets gradients near 0 (Arjovsky and Bottou, ICLR
    2017). The rule is for scores that are logits. `metrics` are the entries of metrics.jsonl,
    oldest first.
    """
    last = [m for m in metrics if "d_real" in m and "d_fake" in m][-WINDOWS:]
    if sum(m["d_real"] > 1 - SURE and m["d_fake"] < SURE for m in last) < WINDOWS:
        return None
    over = math.ceil(1000 * min(m["d_real"] for m in last)) - 1  # rounded so that "over" stays true
    under = math.floor(1000 * max(m["d_fake"] for m in last)) + 1
    return (
        f"saturated discriminator: D(x) over {over / 1000:.3f}, D(G(z)) under {under / 1000:.3f} "
        f"since step {last[0]['step']:,}, which teaches the generator little"
    )


def collapse(metrics: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a warning if the images have been nearly the same for `STEADY` steps, else None.

    They must have been so after each epoch that ended in these steps, and after two at least.
    """
    newest_first = [m for m in metrics if "diversity" in m][::-1]
    same = [*takewhile(lambda m: m["diversity"] < ALIKE, newest_first)]
    if not same or same[0]["step"] - same[-1]["step"] < STEADY:
        return None
    return (
        f"collapsed generator: two images differ {math.floor(100 * same[0]['diversity'])}% as much "
        "as two real ones, which is called mode collapse"
    )


def alike(metrics: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the images of the last epoch were nearly the same; `collapse` takes more."""
    last = [m["diversity"] for m in metrics if "diversity" in m][-1:]
    return bool(last) and last[0] < ALIKE


def worsening(entries: Sequence[Mapping[str, Any]], steps: int) -> str | None:
    """Return a warning if the pictures have got worse for a third of the run's `steps`, else None.

    `entries` are the evaluations in metrics.jsonl, oldest first. The best one must lie further back
    than that third. The last one, and the median of those in the third, of which there are at least
    two, must be above the best: by more than a tenth of it, and by more than twice the usual
    difference of two evaluations in a row, as the distance goes up and down even if nothing is
    wrong.
    """
    judged = evaluations(entries)
    if len(judged) < 3:
        return None
    best = min(judged, key=lambda entry: float(entry["frechet"]))
    since = [entry["frechet"] for entry in judged if entry["step"] >= best["step"]]
    third = judged[-1]["step"] - steps / 3
    recent = [entry["frechet"] for entry in judged if entry["step"] >= third]
    if len(recent) < 2 or best["step"] >= third:
        return None
    noise = statistics.median(abs(after - before) for before, after in pairwise(since))
    limit = best["frechet"] + max(WORSE * best["frechet"], 2 * noise)
    if min(recent[-1], statistics.median(recent)) <= limit:
        return None
    return (
        f"worsening pictures: FD was {best['frechet']:.3g} at epoch {best['epoch']} and is "
        f"{recent[-1]:.3g} now, where less is better; the best checkpoint can be exported"
    )


class Watch:
    """The rules, applied to the entries of metrics.jsonl as they come.

    `scores` is the kind of scores that the objective's discriminator gives, such as "logits".
    `steps` is how many the run will do.
    """

    def __init__(self, scores: str, steps: int) -> None:
        self.scores, self.steps = scores, steps
        self.measured: deque[Mapping[str, Any]] = deque(maxlen=WINDOWS)
        self.spread: list[Mapping[str, Any]] = []  # the last, and since when images are alike
        self.judged: list[Mapping[str, Any]] = []
        self.worse: str | None = None
        self.warnings: dict[str, str] = {}
        """The warnings that are true now, by the name of the rule."""

    def see(self, entry: Mapping[str, Any]) -> list[str]:
        """Take in an entry; return the warnings that were not true before it."""
        if "frechet" in entry:
            self.judged.append(entry)
            self.worse = worsening(self.judged, self.steps)
        elif "diversity" in entry:
            since = self.spread[:1] if alike(self.spread) and alike([entry]) else []
            self.spread = [*since, entry]
        else:
            self.measured.append(entry)
        found = {"collapse": collapse(self.spread), "worsening": self.worse}
        if self.scores == "logits":
            found["saturation"] = saturation(self.measured)
        before, self.warnings = self.warnings, {name: text for name, text in found.items() if text}
        return [text for name, text in self.warnings.items() if name not in before]

    def evidence(self) -> str:
        """Return the newest numbers that the rules use, such as `D(x) 0.61, D(G(z)) 0.35`."""
        names = PROBABILITIES if self.scores == "logits" else {}
        newest = {name: entry[name] for entry in self.measured for name in names if name in entry}
        shown = [f"{label} {newest[name]:.2f}" for name, label in names.items() if name in newest]
        shown += [f"diversity {entry['diversity']:.2f}" for entry in self.spread[-1:]]
        return ", ".join(shown)
