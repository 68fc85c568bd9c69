"""How much pictures differ from each other, which falls when a generator collapses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def diversity(drawn: NDArray[np.uint8], real: NDArray[np.uint8]) -> float:
    """Return the mean distance of two `drawn` images, as a share of that of two `real` ones.

    Both are uint8 (n, H, W, C). A distance is the root mean square over pixels. Returns 1 where the
    real images do not differ from each other.
    """
    spread = _spread(real) if len(real) > 1 else 0.0
    return _spread(drawn) / spread if spread else 1.0


def _spread(images: NDArray[np.uint8]) -> float:
    """Return the mean distance of two different images of (n, H, W, C), on a scale from 0 to 1."""
    flat = images.reshape(len(images), -1).astype(np.float64) / 255
    distances = np.sqrt(
        np.maximum(0, _squares(flat)[:, None] + _squares(flat)[None] - 2 * flat @ flat.T)
        / flat.shape[1]
    )
    return float(distances.sum() / (len(flat) * (len(flat) - 1)))


def _squares(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared length of each row."""
    squares: NDArray[np.float64] = (flat**2).sum(1)
    return squares
