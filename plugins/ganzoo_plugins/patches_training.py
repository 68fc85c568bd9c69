"""The network of `patches`, and how it learns without labels.

Of each picture of a batch, and of a warped copy of it, two views are made: moved, turned, scaled,
mirrored, in other colours and with a hole. The network learns which two views belong together. To
do so, it must know what is in a picture, and it must not care how it is placed. A warped copy
counts as another picture, so the network has to know shapes. Nothing else is treated as damage
while it learns: networks that had to tell blurred pictures from sharp ones found a blur of half a
pixel worse than half the classes missing.
"""

from __future__ import annotations

from itertools import pairwise
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from ganzoo_plugins.limits import reduction

WIDTHS = (32, 64, 128, 128)
PROJECTED = 64
BATCH = 48
RATE = 2e-3
TEMPERATURE = 0.2
WARP = 2.5 / 48
"""Largest mean distance that a warp moves pixels, as a share of the side."""


class Network(nn.Module):
    """Four convolutions; three of them halve the image."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        height, width, channels = shape
        self.shape = shape
        self.reduce = reduction(height, width)
        pairs = list(pairwise((channels, *WIDTHS)))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, 1, 1, bias=False) if last else nn.Conv2d(a, b, 4, 2, 1, bias=False)
            for (a, b), last in zip(pairs, (False, False, False, True), strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)

    def small(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return uint8 images (n, H, W, C) as the network sees them: (n, C, h, w) in [-1, 1]."""
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
        return F.avg_pool2d(x, self.reduce) if self.reduce > 1 else x

    def forward(self, x: Tensor) -> Tensor:
        """Return the last feature maps of images (n, C, h, w): (n, 128, h/8, w/8)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution(x)))
        return x


def train(pixels: NDArray[np.uint8], *, steps: int, seed: int) -> Network:
    """Return a network that learnt from uint8 images (N, H, W, C), in evaluation mode.

    Training is on the CPU. The same seed gives the same network on one machine, and the process's
    random state stays as it was.
    """
    random = Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(pixels.shape[1:])
        wide = WIDTHS[-1]
        head = nn.Sequential(nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, PROJECTED))
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=1e-3)
    for step in range(steps):
        warm_up = min(1.0, (step + 1) / 30)
        optimizer.param_groups[0]["lr"] = RATE * warm_up * (1 + np.cos(pi * step / steps)) / 2
        chosen = torch.randint(len(pixels), (BATCH,), generator=random).sort().values.numpy()
        pictures = network.small(pixels[chosen])
        pictures = torch.cat([pictures, _warped(pictures, random)])
        views = torch.cat([_view(pictures, random), _view(pictures, random)])
        loss = _contrast(head(network(views).mean((2, 3))))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()


def _contrast(vectors: Tensor) -> Tensor:
    """Return how badly the first half of the vectors tells its partners in the second half.

    It is the NT-Xent loss of Chen et al. 2020: cross-entropy over the cosines, in nats.
    """
    directions = F.normalize(vectors, dim=1)
    alike = (directions @ directions.T / TEMPERATURE).fill_diagonal_(-torch.inf)
    partners = torch.arange(len(vectors)).roll(len(vectors) // 2)
    return F.cross_entropy(alike, partners)


def _warped(x: Tensor, random: Generator) -> Tensor:
    """Return images (n, C, h, w) that are bent smoothly, each in its own way."""
    n, _, height, width = x.shape
    coarse = torch.randn(n, 2, 5, 5, generator=random)
    bend = F.interpolate(coarse, (height, width), mode="bicubic").permute(0, 2, 3, 1)
    size = _between(0.4, 1, (n, 1, 1, 1), random) * 2 * WARP  # the grid goes from -1 to 1
    return _sampled(x, _plain(n), bend * size)


def _view(x: Tensor, random: Generator) -> Tensor:
    """Return images (n, C, h, w) as seen another time: placed, coloured and covered at random."""
    n, channels, height, width = x.shape
    scale, angle = _between(0.75, 1.05, (n,), random), _between(-0.15, 0.15, (n,), random)
    mirror = torch.randint(2, (n,), generator=random) * 2 - 1
    move = _between(-0.15, 0.15, (n, 2), random)
    rows = (
        torch.stack([scale * angle.cos() * mirror, -scale * angle.sin(), move[:, 0]], dim=1),
        torch.stack([scale * angle.sin() * mirror, scale * angle.cos(), move[:, 1]], dim=1),
    )
    x = _sampled(x, torch.stack(rows, dim=1))
    if channels > 1:  # every second one in other hues
        mix = 0.2 * torch.randn(n, channels, channels, generator=random)
        mix *= torch.randint(2, (n, 1, 1), generator=random)
        x = torch.einsum("nij,njhw->nihw", torch.eye(channels) + mix, x)
    x = x * _between(0.8, 1.2, (n, 1, 1, 1), random)
    x = x + _between(-0.15, 0.15, (n, channels, 1, 1), random)
    down, right = torch.rand(2, n, 1, generator=random) * 2 / 3
    rows_in, columns_in = (
        (torch.arange(size) >= start * size) & (torch.arange(size) < (start + 1 / 3) * size)
        for start, size in ((down, height), (right, width))
    )
    hole = rows_in[:, None, :, None] & columns_in[:, None, None, :]
    return x.masked_fill(hole, 0)


def _sampled(x: Tensor, affine: Tensor, bend: Tensor | float = 0.0) -> Tensor:
    """Return images read at the places (n, 2, 3) of an affine map, and `bend` (n, h, w, 2) away."""
    grid = F.affine_grid(affine, list(x.shape), align_corners=False) + bend
    mode = "bilinear" if isinstance(bend, float) else "bicubic"  # a warp must not show by its blur
    return F.grid_sample(x, grid, mode, padding_mode="reflection", align_corners=False)


def _plain(n: int) -> Tensor:
    """Return the affine map that changes nothing, n times."""
    return torch.eye(2, 3).expand(n, 2, 3)


def _between(low: float, high: float, shape: tuple[int, ...], random: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=random)
