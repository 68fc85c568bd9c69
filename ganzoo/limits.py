"""Limits of a plugin's options: `width: Annotated[int, Within(1)] = 64`, or `width: Count = 64`.

A function of a plugin declares them, and ganzoo checks what it is given before it calls it. So a
wrong number is told as such, and not by what a network makes of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Within:
    """The numbers from `low` to `high`; where they lie `above` it, `low` itself is none of them."""

    low: float
    high: float = math.inf
    above: bool = False

    def holds(self, number: float) -> bool:
        """Return whether a number is one of them; infinity and NaN never are."""
        enough = number > self.low if self.above else number >= self.low
        return enough and number <= self.high and number < math.inf  # no float of a huge int

    def __str__(self) -> str:
        """Return what a number must be: "at least 1", "from 0 to 1", "above 0 and at most 1"."""
        low, high = (f"{limit:,}" for limit in (self.low, self.high))
        if self.above:
            return f"above {low}" + ("" if self.high == math.inf else f" and at most {high}")
        return f"at least {low}" if self.high == math.inf else f"from {low} to {high}"


Count = Annotated[int, Within(1)]
"""A number of channels, of latents, of layers, of batches: at least 1."""
LossWeight = Annotated[float, Within(0)]
"""How much a part of a loss counts: 0 leaves it out."""
