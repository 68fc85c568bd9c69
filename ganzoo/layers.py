"""Blocks that several architectures are built of, and how their weights start.

A block is a list of modules to be spread into a network: `nn.Sequential(*up(64, 32), ...)`.
"""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def up(
    wide_in: int,
    wide_out: int,
    *,
    kernel: int = 4,
    stride: int = 2,
    padding: int = 1,
    bias: bool = True,
) -> list[nn.Module]:
    """Return a block that doubles the size: transposed convolution, batch norm, ReLU.

    It maps (n, wide_in, h, w) to (n, wide_out, 2h, 2w). With other numbers the new height is
    (h - 1) * stride + kernel - 2 * padding. DCGAN's generator is built of such blocks (Radford,
    Metz & Chintala, ICLR 2016).
    """
    conv = nn.ConvTranspose2d(wide_in, wide_out, kernel, stride, padding, bias=bias)
    return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]


def down(
    wide_in: int,
    wide_out: int,
    *,
    kernel: int = 4,
    stride: int = 2,
    padding: int = 1,
    bias: bool = True,
    norm: bool = True,
    slope: float = 0.2,
) -> list[nn.Module]:
    """Return a block that halves the size: convolution, batch norm, LeakyReLU.

    It maps (n, wide_in, h, w) to (n, wide_out, h/2, w/2). With other numbers the new height is
    (h + 2 * padding - kernel) // stride + 1. DCGAN's discriminator is built of such blocks; its
    first one has no batch norm.
    """
    conv = nn.Conv2d(wide_in, wide_out, kernel, stride, padding, bias=bias)
    between = [nn.BatchNorm2d(wide_out)] if norm else []
    return [conv, *between, nn.LeakyReLU(slope, inplace=True)]


def normal_weights(network: Network, std: float = 0.02, *, norms: bool = False) -> Network:
    """Draw the weights of every linear and convolution layer from N(0, std²); return `network`.

    With `norms`, the weights of batch norms are drawn from N(1, std²), as in DCGAN's own code.
    Biases stay as torch makes them, and else batch norms, too.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, std)
        elif norms and isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, std)
    return network


def halvings(size: int, least: int = 4) -> int:
    """Return how often `size` pixels can be halved to a whole number of at least `least`.

    28 pixels twice (14, 7), 96 four times (48, 24, 12, 6): so many blocks `up` or `down` there are
    in an architecture that is for several sizes, and it begins at `size >> halvings(size)` pixels.
    """
    count = 0
    while size % 2 == 0 and size // 2 >= least:
        size, count = size // 2, count + 1
    return count
