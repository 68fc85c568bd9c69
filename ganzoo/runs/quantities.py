"""The quantities that are measured of a run: their names in metrics.jsonl, and their labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST = 1e300
"""Largest number that is taken for a measurement; a damaged file may hold any."""

LOSSES = {"loss_d": "loss D", "loss_g": "loss G"}
PROBABILITIES = {"d_real": "D(x)", "d_fake": "D(G(z))"}
CRITIC = {"d_real": "critic(x)", "d_fake": "critic(G(z))"}
GAP, WASSERSTEIN = {"gap": "score gap"}, {"wasserstein": "Wasserstein"}
"""A critic's d_real - d_fake: any critic's, and that of a Wasserstein objective."""
QUALITY = {"frechet": "FD", "coverage": "coverage"}
"""What is measured where pictures are judged: Fréchet distance, and coverage of the real ones. A
terminal may have nothing but ASCII."""

EVEN = {
    "E[-log sigmoid(D(x))] + E[-log(1 - sigmoid(D(G(z))))]": (2 * math.log(2), "2 ln 2"),
    "E[-log sigmoid(D(G(z)))]": (math.log(2), "ln 2"),
    "E[-log sigmoid(D(x) - D(G(z)))]": (math.log(2), "ln 2"),
    "E[-log sigmoid(D(G(z)) - D(x))]": (math.log(2), "ln 2"),
}
"""Losses by formula, each with its value where D gives each image the score 0, and its words."""

COUNTS = ("step", "samples_seen")
"""What each entry of metrics.jsonl says of its place."""

SCHEDULED = "scheduled/"
"""What begins the names of the values that schedules gave."""


def labels(scores: str) -> dict[str, str]:
    """Return the labels of losses and scores by name; `scores` is that of an objective."""
    if scores == "logits":
        return LOSSES | PROBABILITIES
    return LOSSES | CRITIC | (WASSERSTEIN if scores == "wasserstein" else GAP)


def measured(entry: Mapping[str, Any], scores: str) -> dict[str, float]:
    """Return the losses and scores of an entry of metrics.jsonl, by name.

    For a critic there is also the "gap", d_real - d_fake. Where the objective is a Wasserstein one
    it is called "wasserstein": it estimates that distance of real and generated images, times a
    factor that depends on how the critic is bounded (Arjovsky et al. 2017).
    """
    called = labels(scores)
    values = {name: float(entry[name]) for name in called if name in entry}
    if {"d_real", "d_fake"} <= values.keys():
        gap = values["d_real"] - values["d_fake"]
        values |= {name: gap for name in called if name in GAP | WASSERSTEIN}
    return values


def number(value: float) -> str:
    """Return a loss or a score as text of at most nine characters."""
    size = abs(value)
    if size >= 1000 or 0 < size < 0.001:
        return f"{value:.2e}"
    return f"{value:.4f}" if 0 < size < 0.01 else f"{value:.3f}"


def optimizer(told: Mapping[str, Any]) -> str:
    """Return an optimizer of run.json in words: "Adam, learning rate 0.0002, betas 0.5, 0.999"."""
    betas = ", ".join(f"{beta:g}" for beta in told.get("betas", ()))
    rate = f"{told.get('name')}, learning rate {told.get('learning_rate')}"
    return f"{rate}, betas {betas}" if betas else rate


def spread(told: Mapping[str, Sequence[float]]) -> str:
    """Return weights of run.json in words: "Linear 0 ± 0.02, BatchNorm1d 1".

    Where the layers of a kind differ, it is "Linear 0 ± 0.01 to 0.06".
    """
    return ", ".join(f"{kind} {_spread(*numbers)}" for kind, numbers in told.items())


def _spread(mean: float, deviation: float, least: float, most: float) -> str:
    middle = "0" if abs(mean) < deviation / 5 else f"{mean:.3g}"
    if most > 1.5 * least:
        return f"{middle} ± {least:.2g} to {most:.2g}"
    return f"{middle} ± {deviation:.2g}" if deviation else middle


def losses(told: Mapping[str, str]) -> dict[str, str]:
    """Return the losses of run.json as rows of a table; those of a plugin may have no words."""
    titles = {"words": "loss", "discriminator": "loss of D", "generator": "loss of G"}
    return {title: told[name] for name, title in titles.items() if told.get(name)}


def is_number(value: object) -> bool:
    """Return whether a value of a file is a number that float can hold."""
    return isinstance(value, int | float) and not abs(value) >= LARGEST  # NaN is one


def is_count(value: object) -> bool:
    """Return whether a value of a file is a number that counts something, from 0 on."""
    return is_number(value) and not isinstance(value, bool) and value >= 0  # type: ignore[operator]
