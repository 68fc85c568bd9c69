"""The values of an architecture's schedules at one step, and the optimizers that follow them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.errors import PluginError

RATE, BETA = "learning_rate", "beta2"
BASE = "initial_lr"
"""Key of a parameter group's first learning rate, which the factor is of; torch calls it that."""


def values_at(architecture: Architecture, seen: int, whole: int) -> dict[str, float]:
    """Return the value of each schedule by name, after `seen` of `whole` images.

    Raises PluginError where one is not a finite number, or not one that an optimizer can use.
    """
    found: dict[str, float] = {}
    for name, schedule in architecture.schedules.items():
        value = schedule(seen, whole)
        ranges = {RATE: (0.0, math.inf), BETA: (0.0, 1.0), "ema": (0.0, math.inf)}
        low, high = ranges.get(name, (-math.inf, math.inf))
        if not (isinstance(value, int | float) and math.isfinite(value) and low <= value < high):
            raise PluginError(
                f"its schedule of {name} gives {value!r} after {seen:,} of {whole:,} images"
            )
        found[name] = float(value)
    return found


def remember_rates(architecture: Architecture, optimizers: Iterable[Optimizer]) -> None:
    """Keep the learning rates that optimizers begin with, where a schedule is to change them.

    Raises PluginError where an optimizer lacks what a schedule is of.
    """
    for group in (g for optimizer in optimizers for g in optimizer.param_groups):
        if RATE in architecture.schedules:
            group[BASE] = group["lr"]
        if BETA in architecture.schedules and "betas" not in group:
            raise PluginError("it has a schedule of beta2, and an optimizer has no betas")


def follow(values: dict[str, float], optimizers: Iterable[Optimizer]) -> None:
    """Give the optimizers the learning rates and the beta2 of this step."""
    if not values.keys() & {RATE, BETA}:
        return
    for group in (g for optimizer in optimizers for g in optimizer.param_groups):
        if RATE in values:
            group["lr"] = group[BASE] * values[RATE]
        if BETA in values:
            group["betas"] = (group["betas"][0], values[BETA])
