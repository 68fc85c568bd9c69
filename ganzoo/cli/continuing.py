"""Going on with a run: what `resume` does, and `train` where torchrun starts it anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.cli.carrying import Saving, carry_out, open_data
from ganzoo.cli.console import note, open_architecture
from ganzoo.cli.progress import Display
from ganzoo.cli.signals import signals
from ganzoo.data import Images
from ganzoo.errors import DataError, GanzooError, ModelFileError, UsageError
from ganzoo.runs.folder import Run, now
from ganzoo.runs.job import Job, data_of
from ganzoo.runs.resuming import (
    EXTENDING,
    Files,
    Wishes,
    extended,
    facts_of,
    restored,
    tell_files,
    whole_checkpoints,
)
from ganzoo.runs.state_files import restore
from ganzoo.train.device import Device
from ganzoo.train.schedule import total_steps
from ganzoo.train.state import TrainState
from ganzoo.train.world import World, launch, restarted
from ganzoo.zoo import registry
from ganzoo.zoo.guard import explained
from ganzoo.zoo.registry import Loaded


def device_of(run: Run | None) -> str:
    """The name of the device that a run was on, as far as it can be told."""
    if run is None:
        return "auto"
    try:
        facts = run.facts()
        kind, _, index = str(facts["device"]["name"]).partition(":")
        known = kind in {"cpu", "cuda", "mps"}
        alone = facts["processes"] == 1
    except (GanzooError, KeyError, TypeError):
        return "auto"
    return (f"{kind}:{index}" if index and alone else kind) if known else "auto"


def continue_run(
    run: Run | None, where: Device, world: World, display: Display, wishes: Wishes | None = None
) -> None:
    """Go on with `run`, which only the leader has; the others are told what they need."""
    with signals() as stop, run.locked() if run else nullcontext():
        job, saving, state, rejected = _opened(run, where, world, display, wishes or Wishes())
        steps = total_steps(job.config, len(job.images.pixels))
        notes = {}
        if run:
            notes["resumed"] = f"{run.path}, at step {state.step:,} of {steps:,}"
            if state.step == steps:
                notes["complete"] = f"longer with: ganzoo resume {run.path} --epochs +10"
            else:
                run.cut_metrics(state.step, mid_window=bool(state.metrics.known))

        def same() -> AbstractContextManager[Run]:
            assert run  # only the leader asks
            return nullcontext(run)

        carry_out(job, saving, stop, same, display, state, notes, rejected)


def _opened(
    run: Run | None, where: Device, world: World, display: Display, wishes: Wishes
) -> tuple[Job, Saving, TrainState, set[Path]]:
    """What is trained on, from which state, in every process the same; and what was rejected."""
    rejected: set[Path] = set()

    def reject(path: Path, why: str) -> None:
        rejected.add(path)
        note(why)

    candidates: Iterator[tuple[Path, Files]] = iter(())
    facts: dict[str, Any] = {}
    if run:
        run.sweep()
        candidates = whole_checkpoints(run, reject)
        newest = next(candidates, None)
        candidates = chain([newest] if newest else [], candidates)
        if not (newest or rejected) and run.lines("metrics.jsonl"):
            note(f"{run.path} has no checkpoint: it begins anew")
        facts = facts_of(run, newest[1] if newest else None, note)
        earlier = (run.lines("resumes.jsonl") or [{}])[-1]
        if restarted() and earlier.get("launch") == launch():  # what it wished for, it got
            wishes = replace(wishes, epochs=None)
        facts = extended(facts, earlier, wishes)
    facts = json.loads(world.tell(json.dumps(facts).encode()))
    config, saving = TrainConfig(**facts["config"]), Saving(**facts["saving"])
    made = facts["architecture"]
    loaded = open_architecture(f"{made['package']}:{made['name']}", made["options"])

    def fresh() -> TrainState:
        with explained("its networks and optimizers cannot be made"):
            return TrainState.fresh(loaded.value, config, where.torch)

    with registry.blame(loaded.entry):
        state, files = restored(candidates, fresh, reject)
        if run and rejected and not files:
            raise ModelFileError(
                f"no checkpoint of {run.path} can be gone on from; `ganzoo train` begins anew"
            )
        files = tell_files(world, files or {})
        if files and not world.leads:
            restore(state, files)
    images = _same_images(facts, wishes.data, loaded, world, display)
    job = Job(loaded=loaded, images=images, config=config, device=where, world=world)
    if state.step > (steps := total_steps(config, len(images.pixels))):
        epochs = state.samples_seen / len(images.pixels)
        raise UsageError(
            f"the run has done {state.step:,} steps already, {epochs:.4g} epochs, and was to end "
            f"after {steps:,}: --epochs +10 would train on"
        )
    if run:
        if differences := job.differences(facts):
            note(f"not bit for bit what it would have been: {'; '.join(differences)}")
        extension = {name: facts["config"][name] for name in EXTENDING}
        entry = {"time": now(), "step": state.step, "command": sys.argv[1:], "launch": launch()}
        entry |= extension | {"saving": facts["saving"]} | job.circumstances()
        run.write_lines("resumes.jsonl", [*run.lines("resumes.jsonl"), entry])
    return job, saving, state, rejected


def _same_images(
    facts: dict[str, Any],
    moved: str | None,
    loaded: Loaded[Architecture],
    world: World,
    display: Display,
) -> Images:
    """The images that the run was begun with; DataError where there are others now."""
    spec, data_options = data_of(facts)
    then = facts["data"]
    if moved and moved not in (spec, then["source"].get("name")):
        spec, data_options = moved, {}
    skip = bool(then["skipped"])
    images = open_data(spec, loaded.value.image_shape, data_options, skip, world, display)
    if images.fingerprint != then["fingerprint"]:
        raise DataError(
            f"the images in '{spec}' are not the {then['images']:,} that the run was begun with: "
            "give those with --data, or begin a new run with `ganzoo train`"
        )
    return images
