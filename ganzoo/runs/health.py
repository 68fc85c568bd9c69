"""Signs that training goes wrong, with what shows it. Only ever said; nothing is cured."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.runs.quantities import PROBABILITIES

WINDOWS = 5
"""Entries of metrics in a row that must agree before a discriminator is called saturated."""

SURE = 0.02
"""How near to certainty its mean probabilities are then."""

ALIKE = 0.25
"""Images nearer to each other than this share of real ones' distance are called collapsed."""


def saturation(metrics: Sequence[Mapping[str, Any]]) -> str | None:
    """What to say of a discriminator of probabilities that is sure of every image, if it is.

    Its loss is then near 0, and the generator learns from gradients near 0 (Arjovsky and Bottou,
    ICLR 2017). `metrics` are the entries of metrics.jsonl, oldest first.
    """
    last = [m for m in metrics if "d_real" in m and "d_fake" in m][-WINDOWS:]
    if sum(m["d_real"] > 1 - SURE and m["d_fake"] < SURE for m in last) < WINDOWS:
        return None
    over = math.ceil(1000 * min(m["d_real"] for m in last)) - 1  # rounded to what is true
    under = math.floor(1000 * max(m["d_fake"] for m in last)) + 1
    return (
        f"saturated discriminator: D(x) over {over / 1000:.3f}, D(G(z)) under {under / 1000:.3f} "
        f"since step {last[0]['step']:,}, which teaches the generator little"
    )


def diversity(drawn: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """The mean distance of two of the `drawn` images, as a share of that of two `real` ones.

    Both are (n, H, W, C); distances are root mean squares over pixels. 1 where the real ones do not
    differ themselves.
    """
    spread = _spread(real) if len(real) > 1 else 0.0
    return _spread(drawn) / spread if spread else 1.0


def collapse(metrics: Sequence[Mapping[str, Any]]) -> str | None:
    """What to say of a generator whose images are nearly the same, two epochs in a row."""
    last = [m["diversity"] for m in metrics if "diversity" in m][-2:]
    if len(last) < 2 or max(last) >= ALIKE:
        return None
    return (
        f"collapsed generator: two images differ {math.floor(100 * last[1])}% as much as two real "
        "ones, which is called mode collapse"
    )


class Watch:
    """The rules, held against the entries of metrics.jsonl as they come.

    `scores` is what the objective says of its discriminator: "logits" or "critic".
    """

    def __init__(self, scores: str) -> None:
        self.scores = scores
        self.measured: deque[Mapping[str, Any]] = deque(maxlen=WINDOWS)
        self.spread: deque[Mapping[str, Any]] = deque(maxlen=2)
        self.warnings: dict[str, str] = {}
        """What to say now, by the name of the rule."""

    def see(self, entry: Mapping[str, Any]) -> list[str]:
        """What to say of an entry that was not to be said of the one before."""
        (self.spread if "diversity" in entry else self.measured).append(entry)
        found = {"collapse": collapse(self.spread)}
        if self.scores == "logits":
            found["saturation"] = saturation(self.measured)
        before, self.warnings = self.warnings, {name: text for name, text in found.items() if text}
        return [text for name, text in self.warnings.items() if name not in before]

    def evidence(self) -> str:
        """The numbers that the rules look at, as they are now: `D(x) 0.61, D(G(z)) 0.35`."""
        names = PROBABILITIES if self.scores == "logits" else {}
        newest = {name: entry[name] for entry in self.measured for name in names if name in entry}
        shown = [f"{label} {newest[name]:.2f}" for name, label in names.items() if name in newest]
        shown += [f"diversity {entry['diversity']:.2f}" for entry in list(self.spread)[-1:]]
        return ", ".join(shown)


def _spread(images: NDArray[np.uint8]) -> float:
    flat = images.reshape(len(images), -1).astype(np.float64) / 255
    distances = np.sqrt(
        np.maximum(0, _squares(flat)[:, None] + _squares(flat)[None] - 2 * flat @ flat.T)
        / flat.shape[1]
    )
    return float(distances.sum() / (len(flat) * (len(flat) - 1)))


def _squares(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = (flat**2).sum(1)
    return squares
