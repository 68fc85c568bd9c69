"""Which real images are used for what: to compare with, for the floor, to look for copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.data import Images, Splits
from ganzoo.errors import DataError
from ganzoo.evaluate.features import BATCH, Pixels
from ganzoo.seeds import derive

FEWEST = 100
"""Fewest images that are judged: distances of fewer say nothing."""


@dataclass(frozen=True)
class Picked:
    """Some images of a set, by index, in an order by chance: the first few are like the others.

    They are read batch by batch, as they may be on disk.
    """

    images: Images
    indices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Pixels]:
        """Yield the pixels batch by batch."""
        for start in range(0, len(self), BATCH):
            yield self.first(BATCH, start)

    def first(self, count: int, start: int = 0) -> Pixels:
        """Return the pixels of `count` images, from number `start` on."""
        return np.array(self.images.pixels[self.indices[start : start + count]], np.uint8)


@dataclass(frozen=True)
class Real:
    """The real images of an evaluation.

    Pictures are compared with `reference`. As many other real images are the `floor`: no model can
    expect to get nearer. `training` is all that a model may have copied from. `held_back` is what
    it was not trained on, or None where it was trained on everything.

    The choice depends on the data and on the number of images alone. So the numbers of all models
    are about the same real images, whatever the seed.
    """

    splits: Splits
    reference: Picked
    floor: Picked

    @classmethod
    def choose(cls, splits: Splits, images: int) -> Real:
        """Choose `images` images for the reference and as many for the floor, or what there is.

        The reference is of the test split where there is one. Otherwise it is of one half of the
        data, and the floor is of the other. Raises DataError where there are too few.
        """
        train, test = splits.train, splits.test
        order = _order(len(train.pixels), "floor")
        if test is None:
            half = len(order) // 2
            reference, floor = Picked(train, order[:half]), Picked(train, order[half:])
        else:
            reference = Picked(test, _order(len(test.pixels), "reference"))
            floor = Picked(train, order)
        require_enough(train.name, len(train.pixels), None if test is None else len(test.pixels))
        count = min(images, len(reference), len(floor))
        return cls(
            splits,
            Picked(reference.images, reference.indices[:count]),
            Picked(floor.images, floor.indices[:count]),
        )

    @property
    def count(self) -> int:
        """Number of images in the reference, and in every set that is compared with it."""
        return len(self.reference)

    @property
    def split(self) -> str:
        """What the reference is of: "test", or "half of train"."""
        return "half of train" if self.splits.test is None else "test"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (H, W, C) of each image."""
        height, width, channels = map(int, self.training.shape[1:])
        return height, width, channels

    def noise(self) -> Iterator[Pixels]:
        """Yield as many pictures of grey noise as the reference has, batch by batch."""
        random = np.random.default_rng(derive(0, "evaluate/noise"))
        for batch in self.reference:
            yield random.integers(0, 256, batch.shape, np.uint8)

    @property
    def training(self) -> Pixels:
        """All images that models are trained on."""
        return self.splits.train.pixels

    @property
    def held_back(self) -> Pixels | None:
        """The images that no model was trained on."""
        return None if self.splits.test is None else self.splits.test.pixels


def require_enough(name: str, train: int, held_back: int | None) -> None:
    """Raise DataError where so many images, and so many that are held back, are too few."""
    count = min(train // 2 if held_back is None else held_back, train)
    if count < FEWEST:
        part = f" (half of its {train})" if held_back is None else ""
        whole = f", so {2 * FEWEST} images in all" if held_back is None else ""
        what = f"{count} real images of {name}{part} to compare with"
        raise DataError(f"there are {what}: at least {FEWEST} are needed{whole}", "against")


def _order(count: int, stream: str) -> NDArray[np.int64]:
    """Return the numbers below `count` in an order of their own, always the same."""
    return np.random.default_rng(derive(0, f"evaluate/{stream}")).permutation(count)
