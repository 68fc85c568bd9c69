"""The moving average of a generator's weights: smoother pictures than any single step's."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def decay_per_step(ema: float, batch_size: int) -> float:
    """What `TrainConfig.ema` means for one step: below 1 it is that, else a half-life in images."""
    return ema if ema < 1 else 0.5 ** (batch_size / ema)


def shadow(network: nn.Module) -> nn.Module:
    """A copy of `network` to keep the average in, in evaluation mode."""
    return copy.deepcopy(network).eval().requires_grad_(False)


class MovingAverage:
    """Keeps `average` at the mean of what `network` was after each update, newest weighing most.

    After k updates it is the sum over i of (1 - d) d^(k - i) w_i / (1 - d^k): weights and
    batch-norm statistics alike, with no share of where they started. Counters are copied. The
    weights of the sum are known to the host, so no update waits for the device.
    """

    def __init__(self, average: nn.Module, network: nn.Module, decay: float) -> None:
        self.decay = decay
        pairs = list(zip(_tensors(average), _tensors(network), strict=True))
        self.numbers = [pair for pair in pairs if pair[0].is_floating_point()]
        self.counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, updates: int) -> None:
        """Take the network in as number `updates`, counted from 1."""
        averages, current = zip(*self.numbers, strict=True)
        share = (1 - self.decay) / (1 - self.decay**updates)
        torch._foreach_lerp_(averages, current, share)
        for counter, now in self.counters:
            counter.copy_(now)


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
