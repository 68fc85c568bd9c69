"""What a comparison does, and what was asked for in its folder before."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.api.bench.laps import CLOCKS, Clock
from ganzoo.errors import DeviceError, ModelFileError, PluginError, UsageError
from ganzoo.evaluate.measures import IMAGES
from ganzoo.evaluate.reading import (
    LARGEST,
    Check,
    check_fields,
    number,
    options,
    or_none,
    text,
    whole,
)
from ganzoo.evaluate.sets import FEWEST
from ganzoo.runs.job import Say
from ganzoo.storage import read_regular, write_whole
from ganzoo.train.device import choose
from ganzoo.zoo import catalogue

PLAN = "plan.json"
GROWING = ("architectures", "seeds")
"""Parts of a plan to which more can be added later."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a comparison does: train each architecture with each seed, and judge each lap.

    `clock` is "wall", or "cpu" for seconds of the CPU, which are fair on a busy machine. `data`,
    `settings` and `device` are as for `ganzoo.train`, `images` and `features` as for
    `ganzoo.evaluate`. Raises UsageError where that makes no sense, PluginError where there are no
    such architectures or features.
    """

    architectures: Sequence[str]
    seeds: Sequence[int] = (0, 1, 2)
    seconds: float = 300.0
    laps: int = 5
    clock: Clock = "wall"
    data: str | None = None
    settings: Mapping[str, Any] | None = None
    device: str = "auto"
    images: int = IMAGES
    features: str | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "laps"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be positive, not {getattr(self, name)}", name)
        if self.images < FEWEST:  # said now, and not after the first training
            raise UsageError(f"images must be at least {FEWEST}, not {self.images}", "images")
        if self.features is not None:
            catalogue.find(catalogue.features(), self.features)
        if self.clock not in CLOCKS:
            raise UsageError(f"clock must be one of {', '.join(CLOCKS)}, not {self.clock}", "clock")
        named = {"architectures": [e.qualified for e in self.entries], "seeds": self.seeds}
        for name, values in named.items():
            if not values or len(set(values)) < len(values):
                raise UsageError(f"{name} must be one or more, each named once", name)
        if self.clock == "cpu" and choose(self.device).torch.type != "cpu":
            raise DeviceError("clock='cpu' does not see a GPU at work: use clock='wall'", "clock")

    @property
    def entries(self) -> list[catalogue.Entry]:
        """The architectures, as they are registered."""
        known = catalogue.architectures()
        return [catalogue.find(known, name) for name in self.architectures]


@dataclass(frozen=True)
class Trial:
    """One architecture, which is trained with one seed in a folder of its own."""

    name: str  # as the page shows it
    architecture: str  # "package:name"
    seed: int
    folder: Path


def trials(plan: Plan, folder: Path) -> list[Trial]:
    """Return what `plan` trains below `folder`: all architectures with a seed, then the next seed.

    An architecture is shown as `package:name` where two have the same name.
    """
    entries = plan.entries
    names = [entry.name for entry in entries]
    return [
        Trial(
            entry.name if names.count(entry.name) == 1 else entry.qualified,
            entry.qualified,
            seed,
            folder / f"{entry.package}-{entry.name}-seed{seed}",
        )
        for seed in plan.seeds
        for entry in entries
    ]


def together(plan: Plan, folder: Path, say: Say = lambda remark: None) -> Plan:
    """Return `plan` with the architectures and seeds that were asked for in `folder` before.

    Architectures that are not installed any more are left out; `say` is told. Raises UsageError
    where the folder is of a comparison with other seconds, data or settings.
    """
    before = _before(plan, folder)
    known, entries = catalogue.architectures(), dict[str, None]()
    for name in [*before["architectures"], *plan.architectures]:
        try:
            entries[catalogue.find(known, name).qualified] = None
        except PluginError as error:
            say(f"{name} is left out: {error}")
    seeds = [*dict.fromkeys([*before["seeds"], *plan.seeds])]
    return replace(plan, architectures=[*entries], seeds=seeds)


def note(plan: Plan, folder: Path) -> None:
    """Write `plan` into `folder`, together with what was asked for there before."""
    before, content = _before(plan, folder), asdict(plan)
    content["architectures"] = [entry.qualified for entry in plan.entries]
    for name in GROWING:
        content[name] = [*dict.fromkeys([*before[name], *content[name]])]
    write_whole(folder / PLAN, (json.dumps(content, indent=2) + "\n").encode())


def _list(holds: Check) -> Check:
    return lambda value: isinstance(value, list) and bool(value) and all(map(holds, value))


FIELDS: dict[str, Check] = {
    "architectures": _list(text),
    "seeds": _list(whole(-LARGEST)),
    "seconds": number,
    "laps": whole(1),
    "clock": text,
    "data": or_none(text),
    "settings": or_none(options),
    "device": text,
    "images": whole(1),
    "features": or_none(text),
}
"""What holds for each field of the file."""


def _before(plan: Plan, folder: Path) -> dict[str, list[Any]]:
    """Return the architectures and seeds of the plan in `folder`, by the names in `GROWING`.

    Raises UsageError where the rest of it is another than in `plan`, ModelFileError where it cannot
    be read.
    """
    if not (folder / PLAN).exists():
        return {name: [] for name in GROWING}
    try:
        before = json.loads(read_regular(folder / PLAN))
        check_fields(before, FIELDS)
    except OSError as error:
        raise ModelFileError(f"{folder / PLAN} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{folder / PLAN} is damaged ({error}): remove it, and ask for the same as before"
        ) from error
    wanted = json.loads(json.dumps(asdict(plan)))
    for name in wanted.keys() - set(GROWING):
        if before[name] != wanted[name]:
            raise UsageError(
                f"{folder} is of a comparison with {name}={before[name]}, not "
                f"{wanted[name]}: name another folder, or ask for the same",
                name,
            )
    return {name: before[name] for name in GROWING}
