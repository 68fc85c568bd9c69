"""The moving average of a generator's weights: smoother pictures than any single step's."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

EVERY = 4
"""Steps from one update to the next: each step would cost the smallest networks 4 % of it."""


def decay_per_step(ema: float, batch_size: int) -> float:
    """What `TrainConfig.ema` means for one step: below 1 it is that, else a half-life in images."""
    return ema if ema < 1 else 0.5 ** (batch_size / ema)


def shadow(network: nn.Module) -> nn.Module:
    """A copy of `network` to keep the average in, in evaluation mode."""
    return copy.deepcopy(network).eval().requires_grad_(False)


class MovingAverage:
    """Keeps `average` at the mean of what `network` was after steps 1, 5, 9 and so on.

    After u of these and with D = decay ** EVERY, it is the sum over i = 1 … u of
    (1 - D) D^(u - i) w_i / (1 - D^u): weights and batch-norm statistics alike, with no share of
    where they started. Counters are copied. The weights of the sum are known to the host, so no
    update waits for the device.
    """

    def __init__(self, average: nn.Module, network: nn.Module, decay: float) -> None:
        self.decay = decay**EVERY
        pairs = list(zip(_tensors(average), _tensors(network), strict=True))
        self.numbers = [pair for pair in pairs if pair[0].is_floating_point()]
        self.counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in what the network is after that many steps, where it is its turn."""
        if step % EVERY != 1:
            return
        averages, current = zip(*self.numbers, strict=True)
        share = (1 - self.decay) / (1 - self.decay ** (step // EVERY + 1))
        torch._foreach_lerp_(averages, current, share)
        for counter, now in self.counters:
            counter.copy_(now)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
