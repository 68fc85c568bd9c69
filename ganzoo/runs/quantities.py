"""What is measured of a run: how it is called, where it has which name in metrics.jsonl."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOSSES = {"loss_d": "loss D", "loss_g": "loss G"}
PROBABILITIES = {"d_real": "D(x)", "d_fake": "D(G(z))"}
CRITIC = {"d_real": "critic(x)", "d_fake": "critic(G(z))", "wasserstein": "Wasserstein"}


def labels(scores: str) -> dict[str, str]:
    """The names of losses and scores; `scores` are an objective's, "logits" or "critic"."""
    return LOSSES | (PROBABILITIES if scores == "logits" else CRITIC)


def measured(entry: Mapping[str, Any], scores: str) -> dict[str, float]:
    """Those that an entry of metrics has.

    Of a critic also how far apart it finds real and generated images, which estimates a multiple of
    their Wasserstein distance that depends on the critic's bound (Arjovsky et al. 2017).
    """
    values = {name: float(entry[name]) for name in labels(scores) if name in entry}
    if scores == "critic" and {"d_real", "d_fake"} <= values.keys():
        values["wasserstein"] = values["d_real"] - values["d_fake"]
    return values


def number(value: float) -> str:
    """A loss or a score in at most nine characters."""
    size = abs(value)
    if size >= 1000 or 0 < size < 0.001:
        return f"{value:.2e}"
    return f"{value:.4f}" if 0 < size < 0.01 else f"{value:.3f}"
