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
"""Size from which no number comes back; for comparison, logits of 100 are certainty."""

Numbers = dict[str, list[tuple[int, float]]]
"""Numbers by name: (step, value) in the order in which they were measured."""


@dataclass
class Metrics:
    """Scalars of the steps since the last `clear`; a resumed run needs them, too.

    Their names end in _d or _g, or are d_real and d_fake: what the discriminator thought of real
    and of fake images.
    """

    known: Numbers = field(default_factory=dict)
    """Scalars that were fetched; they are the same in every process."""

    on_device: list[tuple[str, int, Tensor]] = field(default_factory=list)

    def add(self, name: str, step: int, value: Tensor) -> None:
        """Keep a scalar that was measured in a step; do not wait for the device."""
        self.on_device.append((name, step, value.detach()))

    def fetch(
        self, world: World, step: int, more: Mapping[str, Tensor] | None = None
    ) -> dict[str, float]:
        """Fetch all scalars, and return those of `more`, which were measured in `step`.

        This is the one place that waits for the device. Raises DivergedError if a number is not
        finite or beyond `DIVERGED`; it names the first of them.
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
        """Return the mean of each name."""
        return {name: fmean(v for _, v in numbers) for name, numbers in self.known.items()}

    def clear(self) -> None:
        """Forget the scalars that were fetched."""
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
