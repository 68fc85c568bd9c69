"""Sheets of the pictures that a person should look at."""

from __future__ import annotations

import numpy as np

from ganzoo.draw.pixels import Pixels, grid
from ganzoo.evaluate.judging import Judged, Pictures


def sheets(found: Judged, pictures: Pictures, training: Pixels | None) -> dict[str, Pixels]:
    """Return sheets by name, uint8 (H, W, C): the best pictures, the worst, and likely copies.

    The sheet "nearest" has pictures near to a training image, and those images below; it is left
    out where `training`, uint8 (n, H, W, C), is None.
    """
    several = {
        name: grid(pictures.pixels[chosen], 8)[0]
        for name, chosen in (("best", found.best), ("worst", found.worst))
    }
    if training is not None:
        ours = pictures.pixels[[pair[0] for pair in found.pairs]]
        theirs = np.asarray(training[[pair[1] for pair in found.pairs]])
        several["nearest"] = grid(np.concatenate([ours, theirs]), len(found.pairs))[0]
    return several
