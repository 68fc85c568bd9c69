"""Which images are wanted of a generator, and all of them batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.generator import BATCH_SIZE, Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.draw.sheets import Sheet


@dataclass(frozen=True, kw_only=True)
class Wanted:
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
        places = np.arange(first, end)
        if self.z is not None:
            z = self.z[places % self.n]
        else:
            dim = self.generator.info.latent_dim
            rows = [latents.normal(1, dim, self.seed, int(place)) for place in places % self.n]
            z = np.concatenate(rows)
        labels = self.generator.labels(end - first, 0, first)
        if self.classes:
            labels = np.asarray(self.classes)[places // self.n]
        return self.generator.draw(z, end - first, labels=labels)

    def sheet(self) -> Sheet:
        """Draw a sheet with a row for each of `classes`, of which there must be some."""
        images = np.concatenate(list(self.batches(BATCH_SIZE)))
        rows = images.reshape(len(self.classes), 1, self.n, *images.shape[1:])
        return Sheet(rows, rows=[self.generator.classes[number] for number in self.classes])
