"""The measures: what each is called, which way is better, and what it means for a reader."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

IMAGES = 10_000
"""Pictures that are judged unless you say otherwise: of fewer, a Fréchet distance is larger."""


@dataclass(frozen=True)
class Measure:
    """One number about a set of pictures, compared with a set of real ones."""

    title: str
    better: Literal["lower", "higher", "near"]
    """Which values are better; "near" means near to the value of real pictures."""

    sees: str
    """What it sees, in a sentence without a full stop."""

    scale: float = 1.0
    """Factor by which it is multiplied where it is shown; the title says so."""

    share: bool = False
    """Whether it is a share or about as large: three decimals say all that its error allows."""

    def shown(self, value: float | None) -> str:
        """Return a value of it, or an error, as tables show it; "-" for None."""
        if self.share and value is not None and abs(value) < LARGE:  # NaN is not less
            return f"{value:,.3f}".replace("-0.000", "0.000")
        return number(value, self.scale)


ROUNDING, LARGE = 1e-6, 1e7
"""Sizes: below the first a measure is shown as 0, from the second on with an exponent."""

MEASURES: dict[str, Measure] = {
    "frechet": Measure(
        "Fréchet distance", "lower", "distance of all pictures to all real ones, as two clouds"
    ),
    "kernel": Measure(
        "KID x 1000", "lower", "the same without the bias of few pictures; it may fall below 0", 1e3
    ),
    "wasserstein": Measure(
        "SWD", "lower",
        "distance of small patches: texture, sharpness, noise; of the first 2,000",
    ),
    "precision": Measure(
        "precision", "higher", "share of pictures that lie among real ones", share=True
    ),
    "recall": Measure(
        "recall", "higher", "share of real pictures that lie among these", share=True
    ),
    "density": Measure(
        "density", "higher", "how many real pictures are around a picture; 1 for real ones",
        share=True,
    ),
    "coverage": Measure(
        "coverage", "higher", "share of real pictures with a picture close to them: modes found",
        share=True,
    ),
    "classes": Measure(
        "classes (KL)", "lower", "how far the shares of the classes are from the real ones, in nats"
    ),
    "confidence": Measure(
        "confidence", "near", "how sure the classifier is of a picture; ghosts make it unsure",
        share=True,
    ),
    "diversity": Measure(
        "diversity", "near",
        "how much two pictures differ, as a share of two real ones; of the first 1,000",
        share=True,
    ),
    "copies": Measure(
        "copies", "near",
        "share nearer to a training picture than 99% of real ones; of the first 1,000",
        share=True,
    ),
}  # fmt: skip
"""The measures by the name that files and Python use, in the order of the table."""

ALWAYS = ("frechet", "precision", "recall", "coverage")
"""Measures that every evaluation has; a file without them is refused."""
OF_CLASSES = {"classes", "confidence"}
"""Measures that take a classifier."""


def number(value: float | None, scale: float = 1.0) -> str:
    """Return a distance as a table shows it: three digits that count, "-" for None.

    What is nearer to 0 than features of float32 can tell is 0.000. A very large one, as of features
    that are not scaled, gets an exponent. Losses are shown by `ganzoo.runs.quantities.number`.
    """
    if value is None:
        return "-"
    if abs(value) < ROUNDING:
        return "0.000"
    value *= scale
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= LARGE:
        return f"{value:.2e}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"
