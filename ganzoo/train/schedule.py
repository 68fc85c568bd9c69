"""How long a run takes, and how often something is done in it: `500`, `2 epochs`, `10 minutes`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

from ganzoo.architecture import TrainConfig
from ganzoo.errors import UsageError

Unit = Literal["steps", "epochs", "minutes"]
_UNITS: dict[str, Unit] = {"": "steps", "s": "steps", "e": "epochs", "m": "minutes"}


@dataclass(frozen=True)
class Every:
    """Once in so many steps, epochs or minutes."""

    count: float = 1
    unit: Unit = "epochs"

    @classmethod
    def parse(cls, text: str, where: str = "") -> Every:
        """Read `500`, `500 steps`, `2 epochs` or `10 minutes`, in short `500s`, `2e` or `10m`.

        UsageError, which says `where`, for all else; only minutes may be less than whole.
        """
        found = re.fullmatch(r"([0-9]*\.?[0-9]+) ?(s|steps?|e|epochs?|m|min|minutes?|)", text)
        if found:
            count, unit = float(found[1]), _UNITS[found[2][:1]]
            if count > 0 and (unit == "minutes" or count == int(count)):
                return cls(count, unit)
        raise UsageError(f"{where}'{text}' is not like 500 (steps), '2 epochs' or '10 minutes'")

    def passed(self, step: int, epoch: int) -> int:
        """How often it was time until then, where steps or epochs are counted; otherwise 0."""
        return int({"steps": step, "epochs": epoch, "minutes": 0}[self.unit] // self.count)

    def is_late(self, seconds: float) -> bool:
        """Whether it is time again after so many seconds, where minutes are counted."""
        return self.unit == "minutes" and seconds >= 60 * self.count


EACH_EPOCH = Every(1, "epochs")


def total_steps(config: TrainConfig, images: int) -> int:
    """How many batches a run takes: the last one may reach into an epoch more."""
    steps = math.ceil(config.epochs * images / config.batch_size)
    return min(steps, config.max_steps or steps)


def epochs_of(config: TrainConfig, images: int) -> int:
    """How many epochs a run gets to see, the last perhaps in part."""
    return min(config.epochs, math.ceil(total_steps(config, images) * config.batch_size / images))


def sized(config: TrainConfig, images: int) -> TrainConfig:
    """`config` with its batch size halved until an epoch has eight batches, or a batch sixteen."""
    size = config.batch_size
    while size > 16 and images < 8 * size:
        size //= 2
    return replace(config, batch_size=size)
