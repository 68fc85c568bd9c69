"""What optimizers and networks are told: the user's settings, then the architecture's schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.architecture import Architecture, Objective, Schedule
from ganzoo.config import TrainConfig
from ganzoo.errors import PluginError, SettingError
from ganzoo.zoo.guard import explained

Pair = tuple[Optimizer, Optimizer]

RATE, BETA = "learning_rate", "beta2"
BASE = "initial_lr"
"""Key of a parameter group's first learning rate, which the factor is of; torch calls it that."""


class Scheduled(dict[str, float]):
    """Values by the names of their schedules; it says which there are where one is not."""

    def __missing__(self, name: str) -> float:
        """Raise PluginError."""
        known = f"it has those of {', '.join(self)}" if self else "it has none"
        raise PluginError(f"D.scheduled[{name!r}]: the architecture has no such schedule; {known}")


def values_at(architecture: Architecture, seen: int, whole: int) -> Scheduled:
    """Return the value of each schedule by name, after `seen` of `whole` images.

    Raises PluginError where one fails, is no finite number, or none that an optimizer can use.
    """
    found = Scheduled()
    for name, schedule in architecture.schedules.items():
        ranges = {RATE: (0.0, math.inf), BETA: (0.0, 1.0), "ema": (0.0, math.inf)}
        found[name] = value_at(schedule, name, seen, whole, ranges.get(name))
    return found


def value_at(
    schedule: Schedule,
    name: str,
    seen: int,
    whole: int,
    within: tuple[float, float] | None = None,
) -> float:
    """Return the value of one schedule after `seen` of `whole` images.

    Raises PluginError where it fails, or is not a finite number `within` this range.
    """
    when = f"after {seen:,} of {whole:,} images"
    with explained(f"its schedule of {name} fails {when}"):
        value = schedule(seen, whole)
    low, high = within or (-math.inf, math.inf)
    if not (isinstance(value, int | float) and math.isfinite(value) and low <= value < high):
        raise PluginError(f"its schedule of {name} gives {value!r} {when}")
    return float(value)


def set_up(architecture: Architecture, config: TrainConfig, optimizers: Pair) -> None:
    """Give the optimizers, of (generator, discriminator), the settings that the user chose.

    Raises SettingError where an optimizer has no such setting or a schedule decides it, PluginError
    where an optimizer lacks what a schedule is of.
    """
    rates = (config.generator_learning_rate, config.discriminator_learning_rate)
    for optimizer, own in zip(optimizers, rates, strict=True):
        rate = config.learning_rate if own is None else own
        for group in optimizer.param_groups:
            if rate is not None:
                group["lr"] = rate
            if RATE in architecture.schedules:
                group[BASE] = group["lr"]
            if BETA in architecture.schedules and "betas" not in group:
                raise PluginError("it has a schedule of beta2, and an optimizer has no betas")
            _set_betas(group, architecture, config, type(optimizer).__name__)


def _set_betas(
    group: dict[str, Any], architecture: Architecture, config: TrainConfig, kind: str
) -> None:
    for place, name in enumerate(("beta1", "beta2")):
        value = getattr(config, name)
        if value is None:
            continue
        if "betas" not in group:
            raise SettingError(f"{name} is none of {kind}'s settings, which is the optimizer", name)
        if name in architecture.schedules:
            raise SettingError(f"{name} is what the architecture has a schedule for", name)
        betas = list(group["betas"])
        betas[place] = value
        group["betas"] = tuple(betas)


def described(optimizer: Optimizer) -> dict[str, Any]:
    """Return what a report says of an optimizer: its name, learning rate and, if any, betas.

    The settings are those of its first group of parameters. A learning rate that is scheduled is
    the one that the schedule's factor is of.
    """
    group = optimizer.param_groups[0]
    found = {"name": type(optimizer).__name__, "learning_rate": group.get(BASE, group["lr"])}
    if "betas" in group:
        found["betas"] = list(group["betas"])
    return {name: float(v) if isinstance(v, Tensor) else v for name, v in found.items()}


def in_words(objective: Objective) -> dict[str, str]:
    """Return what a report says of an objective: its words, and the formula of each loss."""
    for_d, for_g = objective.formulas
    return {"words": objective.words, "discriminator": for_d, "generator": for_g}


def follow(values: dict[str, float], optimizers: Iterable[Optimizer]) -> None:
    """Give the optimizers the learning rates and the beta2 of this step."""
    if not values.keys() & {RATE, BETA}:
        return
    for group in (g for optimizer in optimizers for g in optimizer.param_groups):
        if RATE in values:
            group["lr"] = group[BASE] * values[RATE]
        if BETA in values:
            group["betas"] = (group["betas"][0], values[BETA])


def fill(values: dict[str, float], networks: Iterable[nn.Module | None]) -> None:
    """Write what is scheduled into the networks' own buffers of those names, of no dimension."""
    if not values:
        return
    for network in networks:
        for name, buffer in network.named_buffers(recurse=False) if network is not None else ():
            if name in values and buffer.dim() == 0:
                buffer.fill_(values[name])
