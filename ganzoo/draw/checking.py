"""Check latents and labels that the user gives, and make them what a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError


def check_latents(z: NDArray[Any], dim: int) -> NDArray[np.float32]:
    """Return z as float32 (n, dim); UsageError where it has another shape or is not finite."""
    found = np.asarray(z)
    if found.ndim != 2 or found.shape[1] != dim or len(found) == 0:
        raise UsageError(f"latents must have the shape (n, {dim}), not {found.shape}")
    if found.dtype.kind not in "iuf":
        raise UsageError(f"latents must be real numbers, not {found.dtype}")
    with np.errstate(over="ignore"):
        checked = np.ascontiguousarray(found, np.float32)
    if not np.isfinite(checked).all():
        raise UsageError("latents must be finite numbers, as float32")
    return checked


def check_labels(labels: Any, n: int, classes: int) -> NDArray[np.int64]:
    """Return the labels of n images as int64 (n,); UsageError where they are of no class."""
    found = np.asarray(labels)
    if found.shape != (n,) or found.dtype.kind not in "iu":
        raise UsageError(f"labels must be integers ({n},), not {found.dtype} {found.shape}")
    if found.min() < 0 or found.max() >= classes:
        raise UsageError(f"labels must be from 0 to {classes - 1}")
    return found.astype(np.int64)
