"""Numbers of many steps, left on the device until somebody asks for them.

`train/step.py` measures them; `runs/quantities.py` says how people call them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

import torch
from torch import Tensor

from ganzoo.errors import DivergedError
from ganzoo.train.world import World

DIVERGED = 1e8
"""A number beyond this is not coming back; for comparison, logits of 100 are certainty."""

Numbers = dict[str, list[tuple[int, float]]]
"""By name: (step, value) in the order in which they were measured."""


@dataclass
class Metrics:
    """Scalars of the steps since the last `clear`: part of a run's state, as it is of its output.

    Their names end in _d or _g, or say what the discriminator thought of real or fake images.
    """

    known: Numbers = field(default_factory=dict)
    """Those that were fetched, the same in every process."""

    on_device: list[tuple[str, int, Tensor]] = field(default_factory=list)

    def add(self, name: str, step: int, value: Tensor) -> None:
        """Keep a scalar that was measured in a step; nothing is waited for."""
        self.on_device.append((name, step, value.detach()))

    def fetch(
        self, world: World, step: int, more: Mapping[str, Tensor] | None = None
    ) -> dict[str, float]:
        """Make all known, and return `more`, of `step`: the one place that waits for the device.

        DivergedError where one is not finite or beyond `DIVERGED`; it says which was the first.
        """
        more = more or {}
        if not (self.on_device or more):
            return {}
        tensors = [*(value for _, _, value in self.on_device), *more.values()]
        values = torch.stack([tensor.float().reshape(()) for tensor in tensors])
        if world.size > 1:  # in float64, so that the mean of equal numbers is that number
            values = values.double()
            world.average([values])
        numbers = values.tolist()
        for (name, measured, _), number in zip(self.on_device, numbers, strict=False):
            _check(name, number, measured)
            self.known.setdefault(name, []).append((measured, number))
        self.on_device.clear()
        found = dict(zip(more, numbers[len(numbers) - len(more) :], strict=True))
        for name, number in found.items():
            _check(name, number, step)
        return found

    def means(self) -> dict[str, float]:
        """The mean of each name."""
        return {name: fmean(v for _, v in numbers) for name, numbers in self.known.items()}

    def clear(self) -> None:
        """Begin anew."""
        self.known.clear()


def _check(name: str, number: float, step: int) -> None:
    if not abs(number) < DIVERGED:  # NaN included
        raise DivergedError(f"{_WORDS.get(name, name)} is {number:.3g} at step {step}")


_WORDS = {
    "loss_d": "the discriminator's loss",
    "loss_g": "the generator's loss",
    "grad_d": "the norm of the discriminator's gradient",
    "grad_g": "the norm of the generator's gradient",
    "d_real": "the discriminator's score of real images",
    "d_fake": "the discriminator's score of generated images",
}
