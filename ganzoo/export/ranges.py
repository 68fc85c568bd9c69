"""Whether the values that a network draws fit the range that somebody says it has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
"""Values of black and of white."""

USUAL: tuple[Range, ...] = ((0, 1), (-1, 1), (0, 255))
"""What generators have, the narrowest first."""
BEYOND = 0.5
"""Share of the range by which values may lie outside: those of a network without tanh do."""
NARROW, WIDE = 2, 10
"""Values that span no more than from -1 to 1 have no range wider than this: whoever says 0 to 255
of them means pixels, and they are none."""
FEW = 0.05
"""Share of the values that may lie outside before it is said."""
NEAR = 0.05
"""Values so near to a range lie in it, as a share of it or of what the values span."""


def could_be(values: NDArray[Any], said: Range) -> bool:
    """Return whether `said` may be the range of the values at all."""
    lowest, highest = float(values.min()), float(values.max())
    low, high = said
    outside = max(low - lowest, highest - high) > BEYOND * (high - low)
    return not (outside or (high - low > WIDE and highest - lowest <= NARROW))


def likely(values: NDArray[Any]) -> Range | None:
    """Return the usual range that the values are of; None where they are of none."""
    fit = (each for each in USUAL if could_be(values, each) and _outside(values, each) <= FEW)
    return next(fit, None)


def doubt(values: NDArray[Any], said: Range) -> str:
    """Return in one line why `said` is hardly the range of the values; "" where it may well be.

    Then many of them become black or white, or all are brighter than the middle.
    """
    share, better = _outside(values, said), likely(values)
    if share > FEW:
        why = f"{share:.0%} of the values are outside {in_words(said)} and become black or white"
    elif said[0] < 0 and _outside(values, (0, said[1])) == 0:
        why = f"no value is below 0, so nothing is darker than grey in {in_words(said)}"
    else:
        return ""
    told = f"; the range is more likely {in_words(better)}" if better else ""
    return f"{why}: they are from {values.min():.3g} to {values.max():.3g}{told}"


def in_words(each: Range) -> str:
    """Return a range as "-1 to 1"."""
    return f"{each[0]:g} to {each[1]:g}"


def _outside(values: NDArray[Any], of: Range) -> float:
    """Return the share of the values that lie outside a range, and not just beside it."""
    low, high = of
    exact = values.astype(np.float64)
    near = NEAR * min(high - low, float(np.ptp(exact)))
    return float(np.mean((exact < low - near) | (exact > high + near)))
