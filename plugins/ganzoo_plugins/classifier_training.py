"""The network of `classifier`, and its training with torch on labelled images."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo_plugins.limits import reduction

FEATURES = 64
BATCH = 128
RATE = 0.1  # highest learning rate
WARM_UP = 0.2  # share of the training in which the rate rises; then it falls to 0


class Classifier(nn.Module):
    """Three convolutions, 64 features, and the classes.

    Behind a linear map, a batch norm gives each feature mean 0 and variance 1 over the training
    images, so that distances have about one scale for all data sets. The features are the positive
    parts of these, and the classes are a linear map of them. Measured on Fashion-MNIST as multiples
    of the floor of the Frechet distance, signed features see a blur of 0.6 pixels at 131 and a
    missing class at 29; positive parts see 89 and 34, which is nearer to what people see.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        super().__init__()
        height, wide, channels = shape
        self.shape = shape
        self.reduce = reduction(height, wide)
        widths = [channels, width, 2 * width, 4 * width]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in widths[1:])
        for norm in self.norms:
            # The next layer can scale as well. A scale that stays positive goes through the
            # pooling, and so into the convolution when the network is written.
            norm.get_parameter("weight").requires_grad_(False)
        cells = (height // self.reduce // 8) * (wide // self.reduce // 8)
        self.linear = nn.Linear(widths[-1] * cells, FEATURES, bias=False)
        self.standardise = nn.BatchNorm1d(FEATURES, affine=False)
        self.classes = nn.Linear(FEATURES, classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the features (n, 64) of images (n, C, H, W) in [0, 1]."""
        x = F.avg_pool2d(x, self.reduce) if self.reduce > 1 else x
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(F.max_pool2d(convolution(x), 2)))
        return F.relu(self.standardise(self.linear(x.flatten(1))))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, C, H, W) in [0, 1]."""
        logits: Tensor = self.classes(self.features(x))
        return logits


def train(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    used: NDArray[np.int64],
    classes: int,
    *,
    width: int,
    seed: int,
    shown: int,
) -> Classifier:
    """Return a network trained on some of the uint8 images (N, H, W, C), in evaluation mode.

    `labels` (N,) are numbers below `classes`; `used` are the indices of the images to train on.
    Training shows `shown` images in all; of few images ten epochs and 10,000 more, if that is less.
    It is SGD on the CPU, with one rise and fall of the rate. Each batch is moved by up to a 28th of
    its side. The same seed gives the same network on one machine. The process's random state stays
    as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(pixels.shape[1:], classes, width)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # a third faster
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=RATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    random = np.random.default_rng(seed)
    steps = ceil(min(shown, 10_000 + 10 * len(used)) / BATCH)
    for step, chosen in zip(range(steps), _batches(used, random), strict=False):
        done = step / steps
        optimizer.param_groups[0]["lr"] = RATE * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
        images = _moved(torch.from_numpy(pixels[chosen]), random)
        loss = F.cross_entropy(network(images), torch.from_numpy(labels[chosen]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()


def _batches(used: NDArray[np.int64], random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of full batches for ever, each epoch in another order."""
    size = min(BATCH, len(used))
    while True:
        order = random.permutation(used)
        for start in range(0, len(used) - size + 1, size):
            yield np.sort(order[start : start + size])  # sorted: faster from a mapped file


def _moved(images: Tensor, random: np.random.Generator) -> Tensor:
    """Return uint8 images (n, H, W, C) as (n, C, H, W) in [0, 1], moved by a few pixels."""
    height, wide = images.shape[1:3]
    reach = max(height, wide) // 28
    down, right = random.integers(0, 2 * reach + 1, 2).tolist()
    x = F.pad(images.permute(0, 3, 1, 2) / 255, (reach,) * 4, mode="replicate")
    x = x[:, :, down : down + height, right : right + wide]
    return x.contiguous(memory_format=torch.channels_last)
