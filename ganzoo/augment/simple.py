"""DiffAugment, and mirrored real images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Change = Callable[[Tensor], Tensor]


class DiffAugment(nn.Module):
    """Colour, translation and cutout, each for every image anew.

    Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020. The
    brightness changes by up to a quarter of the range from black to white, the saturation by a
    factor from 0 to 2, the contrast by one from 1/2 to 3/2; images move by up to an eighth of
    their size, and a rectangle of half their size becomes 0, as what moves in from outside is.
    """

    def __init__(
        self,
        *,
        colour: bool = True,
        translation: bool = True,
        cutout: bool = True,
        image_range: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        low, high = image_range
        self.changes: list[Change] = []
        if colour:
            self.changes += [lambda x: _brighter(x, (high - low) / 2), _saturated, _contrasted]
        self.changes += [_moved] if translation else []
        self.changes += [_cut] if cutout else []

    def forward(self, images: Tensor) -> Tensor:
        """Return the images changed, in the same shape."""
        for change in self.changes:
            images = change(images)
        return images


class Flips(nn.Module):
    """Real images mirrored left to right, every second one; generated ones stay as they are.

    So the generator learns both, as if the data set held each image twice.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Return the images as they are."""
        return images

    def of_real(self, images: Tensor) -> Tensor:
        """Return the real images, half of them mirrored."""
        return torch.where(_each(images) < 0.5, images.flip(3), images)


def _each(images: Tensor) -> Tensor:
    """Return a random number from 0 to 1 for each image: (n, 1, 1, 1)."""
    return torch.rand(len(images), 1, 1, 1, dtype=images.dtype, device=images.device)


def _brighter(images: Tensor, width: float) -> Tensor:
    return images + (_each(images) - 0.5) * width


def _saturated(images: Tensor) -> Tensor:
    return torch.lerp(images.mean(1, keepdim=True).expand_as(images), images, 2 * _each(images))


def _contrasted(images: Tensor) -> Tensor:
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (_each(images) + 0.5) + mean


def _moved(images: Tensor, share: float = 0.125) -> Tensor:
    """Move each image by whole pixels, up to `share` of its size; zeros move in."""
    n, _, height, width = images.shape
    reach = [int(size * share + 0.5) for size in (height, width)]
    padded = F.pad(images, (reach[1], reach[1], reach[0], reach[0]))
    rows, columns = (
        torch.randint(2 * most + 1, (n, 1), device=images.device)
        + torch.arange(size, device=images.device)
        for most, size in zip(reach, (height, width), strict=True)
    )
    which = torch.arange(n, device=images.device)[:, None, None]
    found = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
    return found.permute(0, 3, 1, 2)


def _cut(images: Tensor, share: float = 0.5) -> Tensor:
    """Put a rectangle of zeros of `share` of the size at a random place of each image."""
    n, _, height, width = images.shape
    inside = []
    for size in (height, width):
        length = int(size * share + 0.5)
        start = torch.randint(size + 1 - length % 2, (n, 1), device=images.device) - length // 2
        place = torch.arange(size, device=images.device)
        inside.append((place >= start) & (place < start + length))
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images.masked_fill(hole, 0.0)
