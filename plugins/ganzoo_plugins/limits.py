"""Limits of the options of features, and of the images that a small network takes."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Annotated

from ganzoo.errors import DataError
from ganzoo.limits import Within

if TYPE_CHECKING:
    from ganzoo.data import Images

Seed = Annotated[int, Within(0, 2**63 - 1)]
"""A seed that torch takes."""
SIDE = 48
"""Pixels of the longer side that a network sees at most; it averages larger images."""
HALVED = 3
"""How often a network halves what it sees."""


def reduction(height: int, width: int) -> int:
    """Return the side of the squares of pixels that a network averages: 1 where it sees all."""
    return ceil(max(height, width) / SIDE)


def require_size(features: str, images: Images) -> None:
    """Raise DataError where so little is left of the shorter side that nothing can be seen."""
    height, width = images.pixels.shape[1:3]
    fewest = reduction(height, width) * 2**HALVED
    if min(height, width) < fewest:
        raise DataError(
            f"the images of {images.name} are {width}x{height}: where the longer side has "
            f"{max(height, width):,} pixels, the features '{features}' need a shorter one of at "
            f"least {fewest:,}; crop them, or use other features",
            "features",
        )
