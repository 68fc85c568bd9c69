"""Layers of stylegan2_small: equalised learning rates, and resizing with a smooth filter.

Weights are drawn from N(0, 1) and scaled when they are used, so that Adam changes those of all
layers at the same relative speed (Karras et al., "Progressive Growing of GANs", ICLR 2018). Sizes
are doubled and halved with the filter [1, 3, 3, 1] in both directions and zeros around the image.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def leaky(x: Tensor) -> Tensor:
    """Return the leaky ReLU of x, times the square root of 2 to keep the variance."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def normalised(x: Tensor) -> Tensor:
    """Return each row of x (n, d), scaled to a mean square of 1."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def filtered(x: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """Return x (n, C, h, w), filtered: (n, C, h + 2 * padding - 3, w + 2 * padding - 3)."""
    place = torch.arange(4, dtype=x.dtype, device=x.device)  # numbers of Python's would be copied
    taps = (1 + place * (3 - place)) / 8  # 1, 3, 3, 1
    kernel = (gain * torch.outer(taps, taps)).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, padding=padding, groups=x.shape[1])


def doubled(images: Tensor) -> Tensor:
    """Return images (n, C, h, w) in twice the size: (n, C, 2h, 2w)."""
    # Between pixels, bilinear interpolation is this filter; beyond the border, zeros must be given.
    larger = F.interpolate(F.pad(images, [1] * 4), scale_factor=2.0, mode="bilinear")
    return larger[:, :, 2:-2, 2:-2]


class Dense(nn.Linear):
    """A linear layer: (n, wide_in) to (n, wide_out)."""

    def __init__(self, wide_in: int, wide_out: int, *, rate: float = 1.0, bias: float = 0.0):
        """Learn at `rate` times the learning rate, and begin with the bias `bias`."""
        super().__init__(wide_in, wide_out)
        nn.init.normal_(self.weight, std=1 / rate)
        nn.init.constant_(self.bias, bias)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out) of x (n, wide_in)."""
        scale = self.rate / math.sqrt(self.in_features)
        return F.linear(x, scale * self.weight, self.rate * self.bias)


class Conv(nn.Conv2d):
    """A convolution, which keeps the size, or doubles or halves it."""

    def __init__(
        self,
        wide_in: int,
        wide_out: int,
        kernel: int = 3,
        *,
        resize: Literal["up", "down"] | None = None,
        bias: bool = True,
    ) -> None:
        """Begin with a bias of 0, if there is one; a layer that doubles has none."""
        super().__init__(wide_in, wide_out, kernel, bias=bias)
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
        self.resize = resize

    def scaled(self) -> Tensor:
        """Return the weights (wide_out, wide_in, k, k) that it computes with."""
        return self.weight / math.sqrt(self.weight[0].numel())

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, H, W) of x (n, wide_in, h, w)."""
        weight, around = self.scaled(), self.kernel_size[0] // 2
        if self.resize == "up":
            # Zeros between pixels take three quarters of the brightness, which the gain gives back.
            return filtered(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), around, 4.0)
        if self.resize == "down":
            return F.conv2d(filtered(x, around + 1), weight, self.bias, stride=2)
        return F.conv2d(x, weight, self.bias, padding=around)
