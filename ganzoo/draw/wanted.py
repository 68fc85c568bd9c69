"""Which images are wanted of a generator, and all of them batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The first `n` images of `seed`, or those of the latents `z`, (n, latent_dim).

    With `each` they are drawn n of each class, all classes from the same z: image k is z number
    k % n as class k // n.
    """

    generator: Generator
    n: int
    seed: int = 0
    z: NDArray[np.float32] | None = None
    each: bool = False

    def __post_init__(self) -> None:
        if self.each and not self.generator.classes:
            self.generator.of(0)  # raises an error that says so

    @property
    def count(self) -> int:
        """Number of images."""
        return self.n * (len(self.generator.classes) if self.each else 1)

    def batches(self, batch_size: int, start: int = 0) -> Iterator[Pixels]:
        """Draw images start … count - 1, uint8 (n, H, W, C) each, in memory that does not grow."""
        if self.z is None and not self.each:
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
        labels = places // self.n if self.each else self.generator.labels(end - first, 0, first)
        return self.generator.draw(z, end - first, labels=labels)

    def sheet(self) -> Sheet:
        """Draw a sheet with a row for each class; UsageError unless `each`."""
        if not self.each:
            raise UsageError("a sheet with a row for each class is of each class: each=True")
        images = np.concatenate(list(self.batches(64)))
        rows = images.reshape(-1, 1, self.n, *images.shape[1:])
        return Sheet(rows, rows=self.generator.classes)
