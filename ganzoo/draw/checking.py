"""Check latents, labels and numbers that the user gives, and make them what a model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import UsageError
from ganzoo.storage import is_special

USUAL_ROWS = 8
"""Images that a study is made of, unless you say otherwise."""
Own = NDArray[Any] | None
"""Latents of the user's own, (n, latent_dim), or None for those of a seed."""


def rows_of(dim: int, rows: int | None, seed: int | None, z: Own) -> NDArray[np.float32]:
    """Return the latents that a study begins from, a row each: float32 (rows, dim).

    They are `z` as it is, or those of images 0 … rows - 1 of `seed`, by default eight of seed 0.
    Raises UsageError where `z` is given together with one of these, or is not (rows, dim).
    """
    check_alone(z, rows=rows, seed=seed)
    if z is not None:
        return check_latents(z, dim)
    return latents.normal(USUAL_ROWS if rows is None else positive(rows, "rows"), dim, seed or 0)


def check_alone(z: object, **others: object) -> None:
    """Raise UsageError where `z` is given together with one of `others`, which say the same."""
    if z is not None and any(other is not None for other in others.values()):
        names = " and ".join(f"{name}=" for name in others)
        raise UsageError(f"z= says which images to draw: leave {names} out", "z", *others)


def read_latents(path: Path, dim: int) -> NDArray[Any]:
    """Return the latents (n, dim) in an .npy file, each number of which is read when it is used.

    A file of one latent may have the shape (dim,). Raises UsageError where a picture could not be
    drawn from all of them. This is checked now, so that no user has to wait an hour for the error.
    """
    if is_special(path):
        raise UsageError(f"{path} is a device or a pipe, and latents are in an .npy file")
    try:
        z: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except ValueError as error:
        raise UsageError(f"{path} is no .npy file of numbers: np.save writes one") from error
    z = z[None] if z.shape == (dim,) else z
    if z.shape[1:] != (dim,) or not len(z) or z.dtype.kind not in "iuf":
        check_latents(z, dim)  # raises an error that says what is wrong
    largest = np.finfo(np.float32).max
    for first in range(0, len(z), 2**12):
        if not (np.abs(z[first : first + 2**12]) <= largest).all():  # NaN included
            raise UsageError(f"the latents in {path} must be finite numbers, as float32")
    return z


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


def check_classes(info: ModelInfo) -> None:
    """Raise UsageError where a model has no classes."""
    if not info.classes:
        raise UsageError(f"{info.architecture} has no classes to choose of", "label")


def check_truncation(truncation: float, info: ModelInfo) -> float:
    """Return how far z may lead from the mean image; UsageError where that makes no sense."""
    if not info.truncation:
        raise UsageError(
            f"{info.architecture} takes no truncation: it has no mean image to go to", "truncation"
        )
    if not 0 <= truncation <= 2:
        raise UsageError(
            "truncation must be from 0 to 2 (0 is the mean image, 1 as trained, above 1 farther "
            f"from the mean), not {truncation:g}",
            "truncation",
        )
    return float(truncation)


def positive(value: int, name: str) -> int:
    """Return `value`; UsageError, which calls it `name`, where it is below 1."""
    if value < 1:
        raise UsageError(f"{name} must be at least 1, not {value}")
    return value
