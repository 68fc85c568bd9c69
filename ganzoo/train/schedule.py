"""How often something is done: `500`, `2 epochs`, `10 minutes`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

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
