"""Directions in z that move the first layer of a generator most, as GANSpace finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.coordinates import MAX_COORDINATES
from ganzoo.draw.generator import BATCH_SIZE, Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.errors import ModelFileError, UsageError

MAX_NUMBERS = 2**28
"""Activations that are kept in memory at once: 1 GiB."""
ROUNDS = 8
"""Of subspace iteration, each two products with all activations."""
FAINTEST = 1e-6
"""Of the variance: what explains less is float32's rounding."""


@dataclass(frozen=True)
class Directions:
    """Unit vectors in z, that which explains most of the first layer's variance first.

    z is normal, so that a step of length 1 along any of them is one sigma. `vectors` is float32
    (count, latent_dim), `shares` float64 (count,): of the variance, what each explains.
    """

    vectors: NDArray[np.float32]
    shares: NDArray[np.float64]

    def __repr__(self) -> str:
        shares = ", ".join(f"{share:.1%}" for share in self.shares)
        return f"<{len(self.shares)} directions; of the variance they explain {shares}>"


def principal(
    generator: Generator, count: int = 10, samples: int = 2000, seed: int = 0
) -> Directions:
    """The principal components of the first layer's activations, each as a direction in z.

    PCA of the activations of `samples` latents of `seed` (at least twice latent_dim of them), then
    least squares from the coordinates along each component to z: the coefficients are the direction
    (Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", NeurIPS 2020). Its largest
    number is positive. A component that no direction leads along, z being the same on both sides
    (as of |z|), is left out, so that there may be fewer than `count`, and there are never more than
    z has coordinates. ModelFileError where z changes nothing in the first layer, UsageError where
    there are more than `MAX_COORDINATES` of it: memory and time grow with their square and cube.
    """
    if count < 1:
        raise UsageError(f"count must be at least 1, not {count}")
    dim = generator.info.latent_dim
    if dim > MAX_COORDINATES:
        raise UsageError(
            f"this model has {dim:,} latents, and directions are found among {MAX_COORDINATES:,} "
            "at most: `ganzoo sweep` shows what single ones do"
        )
    z = latents.normal(max(samples, 2 * dim), dim, seed).astype(np.float64)
    # Exactly uncorrelated, z gives a linear layer's singular vectors, and not only nearly.
    z = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(len(z))
    activations = _activations(generator, z.astype(np.float32))
    activations -= activations.mean(axis=0)
    peak = max(activations.max(), -activations.min())
    if not 0 < peak < np.inf:
        raise ModelFileError("this model's first layer is the same for every z: it is of no use")
    activations /= peak
    total = float(np.square(activations, dtype=np.float64).sum())
    coordinates, squares = _components(activations, z[:, : 2 * count + 100])
    vectors = coordinates.T @ z / np.sqrt(len(z))
    lengths = np.linalg.norm(vectors, axis=1)  # squared, how much of a coordinate z determines
    kept = ((squares > FAINTEST * total) & (lengths**2 > 0.5)).nonzero()[0][:count]
    vectors = vectors[kept] / lengths[kept, None]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return Directions((vectors * np.sign(largest)).astype(np.float32), squares[kept] / total)


def along(
    generator: Generator,
    direction: NDArray[np.float32],
    steps: Sequence[float],
    rows: int = 8,
    seed: int = 0,
) -> Pixels:
    """Images of `seed`, moved by each of `steps` along `direction` (latent_dim,).

    Returns uint8 (rows, len(steps), H, W, C): step 0 is the image itself.
    """
    z = latents.normal(rows, generator.info.latent_dim, seed)
    moved = z[:, None] + np.multiply.outer(np.asarray(steps, np.float32), direction)
    return generator.draw_rows(moved, seed)


def _activations(generator: Generator, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the first layer makes of z, float32 (n, features); of very many features every k-th.

    All z are of one class, as a class changes more than z does: the chosen one, or else the first.
    """
    layer = generator.first_layer or generator.forward
    if generator.classes and generator.label is None:
        generator = generator.of(0)
    parts = []
    for start in range(0, len(z), BATCH_SIZE):
        batch = z[start : start + BATCH_SIZE]
        made = layer(*generator.inputs(batch)).reshape(len(batch), -1)
        if not np.isfinite(made).all():
            raise ModelFileError("this model computes numbers that are not finite: it is of no use")
        stride = -(-made.shape[1] * len(z) // MAX_NUMBERS)
        parts.append(made[:, ::stride].astype(np.float32))
    return np.concatenate(parts)


def _components(
    centred: NDArray[np.float32], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest principal components of (n, features), by subspace iteration from (n, k).

    Returns the coordinates along each, orthonormal (n, k), and the squares that each sums up (k,).
    """
    basis = start.astype(np.float32)
    for _ in range(ROUNDS):
        basis = np.linalg.qr(centred @ (centred.T @ basis))[0]
    left, values, _ = np.linalg.svd(basis.T @ centred, full_matrices=False)
    return (basis @ left).astype(np.float64), np.square(values, dtype=np.float64)
