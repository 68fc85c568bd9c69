"""Optimizers for the pair of networks, in torch's fused or batched form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer

Pair = Callable[[nn.Module, nn.Module], tuple[Optimizer, Optimizer]]


def adam(learning_rate: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)) -> Pair:
    """Return a builder of an Adam each for (G, D); default: DCGAN's (Radford et al., ICLR 2016)."""

    def build(network: nn.Module) -> Optimizer:
        return torch.optim.Adam(network.parameters(), learning_rate, betas, fused=True)

    return lambda generator, discriminator: (build(generator), build(discriminator))


def rmsprop(learning_rate: float = 5e-5) -> Pair:
    """Return a builder of an RMSprop each for (G, D); default: WGAN's."""

    def build(network: nn.Module) -> Optimizer:
        return torch.optim.RMSprop(network.parameters(), learning_rate, foreach=True)

    return lambda generator, discriminator: (build(generator), build(discriminator))
