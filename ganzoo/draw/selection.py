"""Which images to draw of a generator, and all of them batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.pixels import Pixels


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The first `n` images of `seed`, or those of the latents `z`, (n, latent_dim).

    With `classes`, which are numbers of classes, n of each are drawn, from the same z in each:
    image k is made of z number k % n, and of the class at place k // n.
    """

    generator: Generator
    n: int
    seed: int = 0
    z: NDArray[np.float32] | None = None
    classes: Sequence[int] = ()

    @property
    def count(self) -> int:
        """Number of images."""
        return self.n * (len(self.classes) or 1)

    def batches(self, batch_size: int, start: int = 0) -> Iterator[Pixels]:
        """Draw images start … count - 1, uint8 (n, H, W, C) each, in memory that does not grow."""
        if self.z is None and not self.classes:
            return self.generator.stream(self.n, self.seed, batch_size, start)
        firsts = range(start, self.count, batch_size)
        return (self._draw(first, min(first + batch_size, self.count)) for first in firsts)

    def _draw(self, first: int, end: int) -> Pixels:
        labels = self.generator.labels(end - first, 0, first)
        if self.classes:
            labels = np.asarray(self.classes)[np.arange(first, end) // self.n]
        # What lies in a row of n is drawn from latents that follow each other.
        rows = range(first // self.n * self.n, end, self.n)
        parts = [self._latents(max(first - row, 0), min(end - row, self.n)) for row in rows]
        return self.generator.draw(np.concatenate(parts), end - first, labels=labels)

    def _latents(self, first: int, end: int) -> NDArray[np.float32]:
        if self.z is not None:
            return self.z[first:end]
        return latents.normal(end - first, self.generator.info.latent_dim, self.seed, first)
