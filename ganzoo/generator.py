"""A trained generator that can be drawn from, whatever library runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo import latents
from ganzoo.errors import UsageError
from ganzoo.images import Pixels, to_pixels
from ganzoo.modelinfo import ModelInfo


@dataclass(frozen=True)
class Generator:
    """A function from latents to images, and what is known about it.

    `forward` maps float32 z (n, latent_dim) to float32 images (n, C, H, W); `run` checks z first.
    """

    info: ModelInfo
    forward: Callable[[NDArray[np.float32]], NDArray[np.float32]]

    def run(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Float images (n, C, H, W) in `info.image_range` of z (n, latent_dim), in one batch."""
        return self.forward(self._checked(z))

    def sample(self, n: int = 64, seed: int = 0) -> Pixels:
        """Draw images 0 … n - 1 of `seed`, uint8 (n, H, W, C); image i never depends on n."""
        if n < 1:
            raise UsageError(f"cannot draw {n} images: ask for at least 1")
        return self.draw(latents.normal(n, self.info.latent_dim, seed))

    def draw(self, z: NDArray[np.float32], batch_size: int = 64) -> Pixels:
        """The uint8 images (n, H, W, C) of your own latents z (n, latent_dim)."""
        z = self._checked(z)
        starts = range(0, len(z), batch_size)
        batches = (self.forward(z[start : start + batch_size]) for start in starts)
        return np.concatenate([to_pixels(batch, self.info.image_range) for batch in batches])

    def _checked(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        z = np.asarray(z)
        if z.ndim != 2 or z.shape[1] != self.info.latent_dim or len(z) == 0:
            raise UsageError(
                f"latents must have the shape (n, {self.info.latent_dim}), not {z.shape}"
            )
        if not np.issubdtype(z.dtype, np.number) or not np.isfinite(z).all():
            raise UsageError("latents must be finite numbers")
        return np.ascontiguousarray(z, np.float32)
