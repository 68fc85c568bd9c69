"""The moving average of a generator's weights: smoother pictures than any single step's."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.spectral_norm import SpectralNorm

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.errors import SettingError, UsageError

EVERY = 4
"""Steps between updates; one at each step would cost the smallest networks 4 % of the step."""


def decay_per_step(ema: float, batch_size: int, *, scheduled: bool = False) -> float:
    """Return the decay of one step: `ema` itself below 1, else it is a half-life in images.

    `ema` is that of `TrainConfig`. Raises UsageError if nothing, or nothing but the first step,
    would be averaged. What is `scheduled` may average nothing for a while, as where it grows from 0
    with the images seen: then the average is the network as it is.
    """
    decay: float = ema if ema < 1 else 0.5 ** (batch_size / ema)
    if not (decay < 1 - 1e-9 and (scheduled or decay > 1e-6)):
        raise UsageError(
            f"a moving average with ema {ema:g} and batches of {batch_size} has the decay "
            f"{decay:g} a step, which averages nothing: use something like 0.999 or 10000"
        )
    return decay


def is_scheduled(architecture: Architecture, config: TrainConfig) -> bool:
    """Return whether the architecture's schedule decides, not the settings of the user."""
    return "ema" in architecture.schedules and config.ema == architecture.defaults.ema


def check_growth(architecture: Architecture, config: TrainConfig) -> None:
    """Raise SettingError where `ema_growth`, which the user chose, would change nothing."""
    chosen = f"ema_growth={config.ema_growth:g} changes nothing"
    if config.ema is None:
        raise SettingError(
            f"{chosen}: no average is kept; ema=10000 keeps one", "ema_growth", "ema"
        )
    if is_scheduled(architecture, config):
        raise SettingError(
            f"{chosen}: the average follows a schedule of the architecture; leave it out, or give "
            "an ema of another value, which takes the schedule's place",
            "ema_growth",
        )


def shadow(network: nn.Module) -> nn.Module:
    """Return a copy of `network` to keep the average in, in evaluation mode."""
    return copy.deepcopy(network).eval().requires_grad_(False)


class MovingAverage:
    """The mean of what `network` was after steps 1, 5, 9 and so on, kept in `average`.

    After u updates of one decay, with D = decay ** EVERY, it is the sum over i = 1 … u of
    (1 - D) D^(u - i) w_i / (1 - D^u). Here w are weights and batch-norm statistics alike; where
    they started has no share. Integer buffers and the extra state of modules, such as the stage of
    a network that grows, are copied. The vectors of a spectral norm fit the averaged weights: their
    mean would be short, and the weights too large by as much. The host knows the factors of the
    sum, so no update waits for the device.
    """

    def __init__(self, average: nn.Module, network: nn.Module) -> None:
        self.average, self.network = average, network
        pairs = list(zip(average.modules(), network.modules(), strict=True))
        plain = nn.Module.get_extra_state
        self.extra = [pair for pair in pairs if type(pair[1]).get_extra_state is not plain]
        self.parametrized = [
            m for m in average.modules() if isinstance(m, ParametrizationList) and [*m.buffers()]
        ]
        self.hooked = [  # torch.nn.utils.spectral_norm, which is older
            (hook, module)
            for module in average.modules()
            for hook in module._forward_pre_hooks.values()
            if isinstance(hook, SpectralNorm)
        ]

    @torch.no_grad()
    def update(self, step: int, decay: float) -> None:
        """Add the network as it is after `step` steps, if an update is due.

        `decay` is that of one step; a schedule may change it.
        """
        if step % EVERY != 1:
            return
        # Look them up each time: a module may put another tensor in a buffer's place.
        pairs = list(zip(_tensors(self.average), _tensors(self.network), strict=True))
        averages, current = zip(*(p for p in pairs if p[0].is_floating_point()), strict=True)
        kept = decay**EVERY
        share = (1 - kept) / (1 - kept ** (step // EVERY + 1))
        torch._foreach_lerp_(averages, current, share)
        for counter, now in pairs:
            if not counter.is_floating_point():
                counter.copy_(now)
        for parametrized in self.parametrized:
            parametrized.train()()  # a step of the power method, on the averaged weights
            parametrized.eval()
        for hook, layer in self.hooked:
            hook.compute_weight(layer, do_power_iteration=True)
        for shown, module in self.extra:
            shown.set_extra_state(copy.deepcopy(module.get_extra_state()))


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]
