"""What a user wants of a resumed run, and whether that leaves it the same run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ganzoo.config import TrainConfig
from ganzoo.errors import UsageError
from ganzoo.runs.facts import Facts, Made
from ganzoo.runs.saving import Settings, extending
from ganzoo.zoo import registry
from ganzoo.zoo.options import unparse


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user wants to change in a resumed run, or believes about it."""

    epochs: int | str | None = None
    """How many epochs: 30 in all, or "+10" for ten more than were asked for until now."""

    settings: Settings = field(default_factory=Settings)
    """Settings by name. Those that may change are changed. The others only say what the user
    believes: where the run has another value, resuming is refused."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the architecture, words or values. A value that differs is refused, too."""

    data: str | None = None
    """The place where the images are now, if they were moved."""


def extended(facts: Facts, wishes: Wishes) -> Facts:
    """Return a run's facts with the settings that the user wants.

    Raises UsageError where that would make it another run.
    """
    config, changes = facts.config, dict(wishes.settings.config)
    free = extending(TrainConfig)
    differing = {
        name: value
        for name, value in changes.items()
        if name not in free and getattr(config, name) != value
    }
    differences = [
        f"{name}={value} (the run has {_in_words(getattr(config, name))})"
        for name, value in differing.items()
    ] + _other_options(facts.architecture, wishes.options)
    if differences:
        raise UsageError(
            f"that would be another run: {'; '.join(differences)}. "
            "Leave that out, or begin a new run with `ganzoo train`",
            *differing,
        )
    new = {name: value for name, value in changes.items() if name in free}
    if wishes.epochs is not None:
        wanted = str(wishes.epochs)
        if not re.fullmatch(r"\+?[1-9][0-9]*", wanted):
            raise UsageError(
                f"epochs takes a number like 30, or +10 for more, not '{wishes.epochs}'", "epochs"
            )
        more = config.epochs if wanted.startswith("+") else 0
        new = {"epochs": more + int(wanted), "max_steps": None} | new
    return replace(
        facts, config=replace(config, **new), saving=replace(facts.saving, **wishes.settings.saving)
    )


def _in_words(value: object) -> object:
    """Return a setting's value as a message shows it."""
    return "what the architecture says" if value is None else value


def _other_options(made: Made, given: Mapping[str, Any]) -> list[str]:
    """Return, in words, the architecture's options that are not as the user believes."""
    if not given:
        return []
    asked = registry.load_architecture(made.qualified, made.options | dict(given))
    return [
        f"option {name}={unparse(value)} (the run has {unparse(made.options[name])})"
        for name, value in asked.options.items()
        if unparse(made.options[name]) != unparse(value)
    ]
