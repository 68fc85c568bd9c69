"""Going on with a run: from which checkpoint, as what, and for how much longer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError, UsageError
from ganzoo.runs.checkpoints import Checkpoints, step_of, verified
from ganzoo.runs.folder import Run
from ganzoo.runs.state_files import restore
from ganzoo.storage import write_whole
from ganzoo.train.state import TrainState
from ganzoo.train.world import World
from ganzoo.zoo.options import unparse
from ganzoo.zoo.registry import load_architecture

Files = dict[str, bytes]
"""The content of a checkpoint's files, by name."""

EXTENDING = ("epochs", "max_steps", "log_every")
"""What of a config may change from one resume to the next: not what is learned until a step."""

Say = Callable[[str], None]
"""Tells the user something that is no error."""

Reject = Callable[[Path, str], None]
"""Hears which checkpoint cannot be gone on from, and why."""


@dataclass(frozen=True)
class Wishes:
    """What the user wants of a run besides that it goes on."""

    epochs: str | None = None
    """`30` in all, or `+10` more than was asked for until now."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the config, from `EXTENDING`."""

    saving: Mapping[str, Any] = field(default_factory=dict)
    """When checkpoints are written and which are kept."""

    same: Mapping[str, Any] = field(default_factory=dict)
    """Of the config: what the user believes it to be. Where it is not, that is refused."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture, in words: likewise."""

    data: str | None = None
    """Where the images are now, if not where they were."""


def whole_checkpoints(run: Run, reject: Reject) -> Iterator[tuple[Path, Files]]:
    """The run's checkpoints that are what was written, newest first; `reject` hears of others."""
    for path in Checkpoints(run.path / "checkpoints").newest_first():
        try:
            files = verified(path)
        except ModelFileError as error:
            reject(path, str(error))
        else:
            yield path, files


def facts_of(run: Run, newest: Files | None, say: Say) -> dict[str, Any]:
    """What run.json says, put back from the `newest` checkpoint if it says something else."""
    file = run.path / "run.json"
    if (
        newest
        and "run.json" in newest
        and not (file.is_file() and file.read_bytes() == newest["run.json"])
    ):
        say(f"{file} is not what it was: it is put back from the newest checkpoint")
        write_whole(file, newest["run.json"])
    facts = run.facts()
    if missing := {"architecture", "data", "config", "saving"} - facts.keys():
        raise ModelFileError(
            f"{run.path} was begun by a ganzoo that could not go on with runs (its run.json has no "
            f"{min(missing)}): it can be exported, and `ganzoo train` begins a new one"
        )
    return facts


def extended(
    facts: Mapping[str, Any], earlier: Mapping[str, Any], wishes: Wishes
) -> dict[str, Any]:
    """A run's facts with the config and saving that an `earlier` resume and this one ask for.

    UsageError where a wish would make it another run.
    """
    config = facts["config"] | {k: v for k, v in earlier.items() if k in EXTENDING}
    saving = facts["saving"] | earlier.get("saving", {})
    differences = [
        f"--{name.replace('_', '-').replace('learning-rate', 'lr')} is "
        f"{'what the architecture says' if config[name] is None else config[name]}, not {value}"
        for name, value in wishes.same.items()
        if config[name] != value
    ]
    made = facts["architecture"]
    if wishes.options:
        asked = load_architecture(
            f"{made['package']}:{made['name']}", made["options"] | dict(wishes.options)
        )
        differences += [
            f"--set {name} is {unparse(made['options'][name])}, not {unparse(value)}"
            for name, value in asked.options.items()
            if unparse(made["options"][name]) != unparse(value)
        ]
    if differences:
        raise UsageError(
            f"that would be another run: {'; '.join(differences)}. "
            "Leave that out, or begin a new run with `ganzoo train`"
        )
    new = dict(wishes.changes)
    if wishes.epochs:
        if not re.fullmatch(r"\+?[1-9][0-9]*", wishes.epochs):
            raise UsageError(f"--epochs takes a number like 30, or +10, not '{wishes.epochs}'")
        more = config["epochs"] if wishes.epochs.startswith("+") else 0
        new = {"epochs": more + int(wishes.epochs), "max_steps": None} | new
    return {**facts, "config": config | new, "saving": saving | wishes.saving}


def restored(
    candidates: Iterable[tuple[Path, Files]], fresh: Callable[[], TrainState], reject: Reject
) -> tuple[TrainState, Files | None]:
    """The state of the first checkpoint that fits, and its files; else a fresh one, and None."""
    for path, files in candidates:
        state = fresh()
        try:
            restore(state, files, step_of(path))
        except ModelFileError as error:
            reject(path, f"{path} is rejected: {error}")
        else:
            return state, files
    return fresh(), None


def tell_files(world: World, files: Files) -> Files:
    """The leader's files, in every process."""
    names = json.loads(world.tell(json.dumps(list(files)).encode()))
    return {name: world.tell(files.get(name, b"")) for name in names}
