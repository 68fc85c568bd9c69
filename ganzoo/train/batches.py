"""Batches of real images, in an order that is a function of (seed, how many images were seen)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.seeds import derive
from ganzoo.train.device import room_for


class Batches:
    """Random access to the endless, shuffled sequence of training images.

    Image k of a run is `permutation(seed, k // N)[k % N]`, so one integer is the whole state of
    the data. Pixels stay uint8 (on the device where they fit) and are scaled a batch at a time.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        image_range: tuple[float, float],
        device: torch.device,
        seed: int,
        labels: NDArray[np.int64] | None = None,
    ) -> None:
        self.device = device
        self.low, high = image_range
        self.scale = (high - self.low) / 255
        self.pixels = torch.from_numpy(pixels if pixels.flags.writeable else pixels.copy())
        if room_for(self.pixels.nbytes, device):
            self.pixels = self.pixels.to(device)
        self.labels = None if labels is None else torch.from_numpy(labels).to(self.pixels.device)
        self._permutation = lru_cache(maxsize=2)(
            lambda epoch: torch.randperm(
                len(self), generator=torch.Generator().manual_seed(derive(seed, "order", epoch))
            ).to(self.pixels.device)
        )

    def __len__(self) -> int:
        return len(self.pixels)

    def at(self, start: int, count: int) -> Tensor:
        """Return images `start` … `start + count - 1` of the run: floats (count, C, H, W)."""
        pixels = self.pixels[self._indices(start, count)].to(self.device, non_blocking=True)
        return (
            pixels.permute(0, 3, 1, 2).to(torch.get_default_dtype()).mul_(self.scale).add_(self.low)
        )

    def labels_at(self, start: int, count: int) -> Tensor | None:
        """Return the labels of the images of `at`, int64 (count,); None where there are none."""
        if self.labels is None:
            return None
        return self.labels[self._indices(start, count)].to(self.device, non_blocking=True)

    def _indices(self, start: int, count: int) -> Tensor:
        parts = []
        while count:
            epoch, offset = divmod(start, len(self))
            parts.append(self._permutation(epoch)[offset : offset + count])
            start, count = start + len(parts[-1]), count - len(parts[-1])
        return torch.cat(parts)


def usable_labels(
    labels: NDArray[np.int64] | None, images: int, classes: int
) -> NDArray[np.int64] | None:
    """Return `labels` of so many `images` where an architecture has `classes`; None without.

    Raises DataError where it has classes, and labels are missing, not one for each image, or of
    other classes.
    """
    if not classes:
        return None
    if labels is None:
        raise DataError(
            f"the architecture needs labels of the images: labels=..., int64 ({images})"
        )
    found = np.asarray(labels)  # of a list, or of a tensor of torch's
    if found.shape != (images,) or found.dtype.kind not in "iu":
        told = f"{found.dtype} {found.shape}".replace(",)", ")")
        raise DataError(f"labels are {told}, where {images} images need int64 ({images})")
    if not 0 <= found.min() <= found.max() < classes:
        raise DataError(
            f"labels are from {found.min()} to {found.max()}, and the architecture has "
            f"{classes} classes: from 0 to {classes - 1}"
        )
    return np.array(found, np.int64, order="C")  # torch takes no view that runs backwards
