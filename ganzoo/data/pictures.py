"""Pictures from any program, exactly as they are: nothing is cropped, resized or cached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data.decoding import require_size
from ganzoo.data.sources import from_path
from ganzoo.errors import DataError
from ganzoo.seeds import derive

_BATCH = 500


@dataclass(frozen=True)
class Given:
    """Pictures of a folder, zip or npz."""

    dataset: Dataset

    @classmethod
    def open(cls, path: Path) -> Given:
        """Open the pictures at `path`; raise DataError where there are none, or too small ones."""
        given = cls(from_path(path).train)
        try:
            require_size(*given.size)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        return given

    def __len__(self) -> int:
        return len(self.dataset.images)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the first picture."""
        height, width = self.dataset.images[0].shape[:2]
        return height, width

    @property
    def channels(self) -> int:
        """Channels of the first picture: 1 or 3."""
        first = self.dataset.images[0]
        return 1 if first.ndim == 2 else first.shape[2]

    def batches(
        self, count: int, seed: int, shape: tuple[int, int, int]
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield `count` of the pictures, in an order by `seed`, batch by batch: uint8 (n, H, W, C).

        Files may be sorted by class, so the first of them would not be like the others. Grey and
        colour are the same where all channels agree. Raises DataError for a picture that is not of
        `shape` (H, W, C).
        """
        random = np.random.default_rng(derive(seed, "evaluate/pictures"))
        chosen = random.permutation(len(self))[:count]
        for start in range(0, count, _BATCH):
            yield np.stack([self._one(int(i), shape) for i in chosen[start : start + _BATCH]])

    def _one(self, index: int, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        image = np.asarray(self.dataset.images[index])
        image = image[:, :, None] if image.ndim == 2 else image
        height, width, channels = shape
        if image.dtype != np.uint8 or image.shape[:2] != (height, width):
            found = f"{image.shape[1]}x{image.shape[0]} pixels, {image.dtype}"
            raise DataError(
                f"picture {index} is of {found}, and the real images are {width}x{height}: draw or "
                "save them in that size, as resizing would change the numbers"
            )
        if channels == 1 and image.shape[2] == 3:
            if (image != image[:, :, :1]).any():
                raise DataError(f"picture {index} has colours, and the real images are grey")
            return image[:, :, :1]
        return image.repeat(channels, axis=2) if image.shape[2] < channels else image
