"""Adaptive discriminator augmentation: as much as keeps it from learning images by heart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augment.warping import moving, scaling, turning, warped

EVERY = 4
"""Updates of the discriminator between two changes of the probability."""

Draw = Callable[[], Tensor]


class Adaptive(nn.Module):
    """Flips, turns, moves, scales and colours, each with a probability that adapts itself.

    Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020: what
    appendix B calls pixel blitting, general geometric transformations and colour transformations,
    which the paper recommends. The discriminator overfits where its scores of real images are
    nearly all positive. Where the mean of their signs is above `target`, the probability `p` grows,
    elsewhere it falls; from 0 to 1 it takes at least `images` real ones. Scores must be positive
    for what looks real, as logits are.
    """

    p: Tensor
    total: Tensor

    def __init__(
        self,
        *,
        target: float = 0.6,
        images: int = 500_000,
        image_range: tuple[float, float] = (-1.0, 1.0),
    ) -> None:
        super().__init__()
        self.target, self.images = target, images
        low, high = image_range
        self.middle, self.reach = (low + high) / 2, (high - low) / 2
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("total", torch.zeros(()))

    def adapt(self, signs: Tensor, images: int, update: int) -> None:
        """Take in the mean sign of the scores of `images` real images; change p in turn."""
        self.total += signs
        if update % EVERY == EVERY - 1:
            change = torch.sign(self.total / EVERY - self.target) * (EVERY * images / self.images)
            self.p.add_(change).clamp_(0, 1)
            self.total.zero_()

    def forward(self, images: Tensor) -> Tensor:
        """Return the images changed, in the same shape."""
        images = (warped(images, self._maps(images)) - self.middle) / self.reach
        return self._coloured(images) * self.reach + self.middle

    def _maps(self, images: Tensor) -> Tensor:
        """Return where each image is read from for each place of the result: (n, 3, 3)."""
        n, _, height, width = images.shape
        uniform, normal = _drawers(images)
        # Pixels stay whole: flips, quarters of a turn, moves by up to an eighth.
        mirror = self._maybe(1 - 2 * (uniform() * 2).floor(), 1)
        maps = scaling(mirror, torch.ones_like(mirror)) @ turning(
            self._maybe((uniform() * 4).floor() * (math.pi / 2), 0)
        )
        x, y = ((uniform() * 2 - 1) / 8 * size for size in (width, height))
        moved = moving(x.round(), y.round())
        maps = torch.where(self._chosen(n, images)[:, None, None], maps @ moved, maps)
        # The general ones; a turn before and one after the stretch, together with p.
        scale = self._maybe((0.2 * normal()).exp2(), 1)
        turn = 1 - (1 - self.p).sqrt()
        before, after = ((uniform() * 2 - 1) * math.pi for _ in range(2))
        stretch = self._maybe((0.2 * normal()).exp2(), 1)
        maps = maps @ scaling(scale, scale) @ turning(self._maybe(before, 0, turn))
        maps = maps @ scaling(stretch, 1 / stretch) @ turning(self._maybe(after, 0, turn))
        moved = moving(normal() / 8 * width, normal() / 8 * height)
        return torch.where(self._chosen(n, images)[:, None, None], maps @ moved, maps)

    def _coloured(self, images: Tensor) -> Tensor:
        """Return images from -1 to 1 in other colours."""
        channels = images.shape[1]
        uniform, normal = _drawers(images)
        images = images + self._maybe(0.2 * normal(), 0)[:, None, None, None]
        images = images * self._maybe((0.5 * normal()).exp2(), 1)[:, None, None, None]
        one = torch.eye(channels, dtype=images.dtype, device=images.device)
        grey = torch.full_like(one, 1 / channels)  # what is left of a colour on the grey axis
        flip = self._maybe((uniform() * 2).floor(), 0)[:, None, None]
        colours = one - 2 * flip * grey
        if channels == 3:
            colours = _hues(self._maybe((uniform() * 2 - 1) * math.pi, 0)) @ colours
            saturation = self._maybe(normal().exp2(), 1)[:, None, None]
            colours = (grey + (one - grey) * saturation) @ colours
        return (colours @ images.flatten(2)).reshape(images.shape)

    def _maybe(self, values: Tensor, otherwise: float, p: Tensor | None = None) -> Tensor:
        """Return `values` (n,) with probability p each, elsewhere `otherwise`."""
        return torch.where(self._chosen(len(values), values, p), values, otherwise)

    def _chosen(self, n: int, like: Tensor, p: Tensor | None = None) -> Tensor:
        drawn = torch.rand(n, dtype=like.dtype, device=like.device)
        return drawn < (self.p if p is None else p)


def _drawers(images: Tensor) -> tuple[Draw, Draw]:
    """Return functions that draw a number for each image: from 0 to 1, and a normal one."""
    like: dict[str, Any] = {"dtype": images.dtype, "device": images.device}
    return lambda: torch.rand(len(images), **like), lambda: torch.randn(len(images), **like)


def _hues(angle: Tensor) -> Tensor:
    """Return turns of the colours around the grey axis (n, 3, 3), by Rodrigues' formula."""
    axis = 1 / math.sqrt(3)
    cross = angle.new_tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]])
    sine, cosine = angle.sin()[:, None, None], angle.cos()[:, None, None]
    one = torch.eye(3, dtype=angle.dtype, device=angle.device)
    return one + sine * cross + (1 - cosine) * (cross @ cross)
