"""What a comparison does, and what was asked for in its folder before."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
from ganzoo.zoo.options import parse_pairs

PLAN = "plan.json"
GROWING = ("architectures", "seeds")
"""Parts of a plan to which more can be added later."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a comparison does: train each architecture with each seed, and judge each lap.

    An architecture is a name, or a name and options, as in "r1gan conditional=false width=32".
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
        named = {"architectures": [c.spelled for c in self.choices], "seeds": self.seeds}
        for name, values in named.items():
            if not values or len(set(values)) < len(values):
                raise UsageError(f"{name} must be one or more, each named once", name)
        if self.clock == "cpu" and choose(self.device).torch.type != "cpu":
            raise DeviceError("clock='cpu' does not see a GPU at work: use clock='wall'", "clock")

    @property
    def choices(self) -> list[Choice]:
        """The architectures, as they are registered, with their options."""
        return [Choice.parse(words) for words in self.architectures]


@dataclass(frozen=True)
class Choice:
    """An architecture that is registered, and the options that it is built with, as words."""

    entry: catalogue.Entry
    options: Mapping[str, str]

    @classmethod
    def parse(cls, words: str) -> Choice:
        """Read "r1gan" or "r1gan conditional=false". Raises PluginError, or UsageError."""
        name, *pairs = words.split() or [""]
        return cls(catalogue.find(catalogue.architectures(), name), parse_pairs(pairs))

    def called(self, name: str) -> str:
        """Return `name` and the options, in the order of their names."""
        return " ".join([name, *(f"{key}={self.options[key]}" for key in sorted(self.options))])

    @property
    def spelled(self) -> str:
        """The words that mean this choice and no other: "package:name key=value"."""
        return self.called(self.entry.qualified)


@dataclass(frozen=True)
class Trial:
    """One architecture, which is trained with one seed in a folder of its own."""

    name: str  # as the page shows it
    choice: Choice
    seed: int
    folder: Path


def trials(plan: Plan, folder: Path) -> list[Trial]:
    """Return what `plan` trains below `folder`: all architectures with a seed, then the next seed.

    An architecture is shown as `package:name` where two have the same name.
    """
    choices = plan.choices
    names = [entry.name for entry in {choice.entry for choice in choices}]

    def trial(choice: Choice, seed: int) -> Trial:
        entry = choice.entry
        shown = entry.name if names.count(entry.name) == 1 else entry.qualified
        path = folder / f"{entry.package}-{_as_file(choice)}-seed{seed}"
        return Trial(choice.called(shown), choice, seed, path)

    return [trial(choice, seed) for seed in plan.seeds for choice in choices]


def _as_file(choice: Choice) -> str:
    """Return the name and options as a part of a file's name; others give another one."""
    return "-".join(quote(word, safe="=,+") for word in choice.called(choice.entry.name).split())


def together(plan: Plan, folder: Path, say: Say = lambda remark: None) -> Plan:
    """Return `plan` with the architectures and seeds that were asked for in `folder` before.

    Architectures that are not installed any more are left out; `say` is told. Raises UsageError
    where the folder is of a comparison with other seconds, data or settings.
    """
    before = _before(plan, folder)
    entries = dict[str, None]()
    for name in [*before["architectures"], *plan.architectures]:
        try:
            entries[Choice.parse(name).spelled] = None
        except PluginError as error:
            say(f"{name} is left out: {error}")
    seeds = [*dict.fromkeys([*before["seeds"], *plan.seeds])]
    return replace(plan, architectures=[*entries], seeds=seeds)


def note(plan: Plan, folder: Path) -> None:
    """Write `plan` into `folder`, together with what was asked for there before."""
    before, content = _before(plan, folder), asdict(plan)
    content["architectures"] = [choice.spelled for choice in plan.choices]
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
