"""Go on with a run: from which checkpoint, with which settings, and for how much longer."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

from ganzoo.config import TrainConfig
from ganzoo.errors import GanzooError, ModelFileError, UsageError
from ganzoo.runs.carrying import Stop, Work, carry_out, never, steps_of
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints, Reject
from ganzoo.runs.facts import Facts, Resumed
from ganzoo.runs.finding import Words, find, find_run, latest
from ganzoo.runs.folder import METRICS, RESUMES, Run, now
from ganzoo.runs.held import Held
from ganzoo.runs.job import Job, Preparing, Say, open_architecture, quiet
from ganzoo.runs.precision import as_before
from ganzoo.runs.reopening import same_images
from ganzoo.runs.saving import Settings, extending
from ganzoo.runs.state_files import restore
from ganzoo.runs.wishes import Wishes, extended
from ganzoo.storage import write_whole
from ganzoo.train.device import Device, choose
from ganzoo.train.events import Event
from ganzoo.train.schedule import Schedule
from ganzoo.train.state import TrainState
from ganzoo.train.world import World, joined, launch, leads, restarted
from ganzoo.zoo import registry
from ganzoo.zoo.guard import explained


def resume(
    run: Words | None = None,
    *,
    epochs: int | str | None = None,
    options: Mapping[str, Any] | None = None,
    data: str | None = None,
    device: str | None = None,
    settings: Mapping[str, Any] | None = None,
    runs: Path = Path("runs"),
    command: tuple[str, ...] = (),
    tensorboard: bool = False,
    stop: Stop = never,
    say: Say = lambda remark: None,
    preparing: Preparing = quiet,
) -> Generator[Event]:
    """Go on with `run`, by default the latest below `runs`, and yield its events.

    The run goes on from its newest checkpoint, exactly as if it had not been stopped. `epochs` is
    the number of epochs in all (30), or how many more than until now ("+10"). `TrainConfig` and
    `Saving` mark the `settings` that may change. Other settings, and `options`, are refused where
    they differ from the run's: they would make it another run. `data` is where the same images are
    now. `device` is by default the one that the run was on. The rest is as in `begin`.

    Raises a GanzooError: ModelFileError where there is no such run or no checkpoint is whole,
    UsageError, DataError where the images are others, RunInUseError, or as `begin` does.
    """
    if tensorboard:
        import ganzoo.runs.tensorboard  # noqa: F401 - where it is not installed, that is said now
    wishes = Wishes(
        epochs=epochs, settings=Settings.of(settings or {}), options=options or {}, data=data
    )
    found = _find(run, runs) if leads() else None  # only the leader needs to see the folder
    where = choose(device or _device_of(found), None if device else "as before")
    with joined(where.torch) as world:
        yield from go_on(
            found, where, world, wishes, command=command,
            tensorboard=tensorboard, stop=stop, say=say, preparing=preparing,
        )  # fmt: skip


def go_on(
    run: Run | None,
    where: Device,
    world: World,
    wishes: Wishes,
    *,
    command: tuple[str, ...],
    tensorboard: bool,
    stop: Stop,
    say: Say,
    preparing: Preparing,
) -> Generator[Event]:
    """Go on with `run`; it is None in all processes but the leader, which tells them what to do."""
    with run.locked() if run else nullcontext() as held:
        work = _opened(run, held, where, world, wishes, command, say, preparing)
        yield from carry_out(work, stop=stop, tensorboard=tensorboard)


def _find(words: Words | None, runs: Path) -> Run:
    """Return the run to go on with.

    Raises ModelFileError where there is no run, or where it is not clear which one is the latest.
    """
    if words is None:
        for lost in Run.nameless(runs):
            raise ModelFileError(
                f"{lost} has checkpoints but no run.json that can be read, so it cannot be told "
                f"which run is the latest: name it, as in `ganzoo resume {lost}`"
            )
        return latest(runs, among=lambda run: True)
    run, found = find_run(words, runs), find(words, runs)
    newest = next(Checkpoints(run.path / "checkpoints").newest_first(), None)
    inside = {folder.resolve() for folder in (found.path, found.path.parent)}
    if found.kind != "run" and not (newest and newest.resolve() in inside):
        raise UsageError(
            f"{found.path} is not of the newest checkpoint, and a run goes on from that: "
            f"`ganzoo resume {run.path}`"
        )
    return run


def _device_of(run: Run | None) -> str:
    """Return the name of the device that a run was on; "auto" where that is not known."""
    if run is None:
        return "auto"
    try:
        circumstances = run.facts().circumstances
    except GanzooError:
        return "auto"
    kind, _, index = circumstances.device.name.partition(":")
    if kind not in {"cpu", "cuda", "mps"}:
        return "auto"
    return f"{kind}:{index}" if index and circumstances.processes == 1 else kind


def _opened(
    run: Run | None,
    held: Held | None,
    where: Device,
    world: World,
    wishes: Wishes,
    command: tuple[str, ...],
    say: Say,
    preparing: Preparing,
) -> Work:
    """Return the job and the state to go on from, the same in every process."""
    rejected: set[Path] = set()

    def reject(path: Path, why: str) -> None:
        rejected.add(path)
        say(why)

    candidates: Iterator[Checkpoint] = iter(())
    told = b""
    if run:
        run.sweep()
        candidates = Checkpoints(run.path / "checkpoints").opened(reject)
        newest = next(candidates, None)
        candidates = chain([newest] if newest else [], candidates)
        if not (newest or rejected) and (origin := run.facts().origin):
            raise ModelFileError(
                f"{run.path} has no checkpoint, and began with the weights of {origin.name}: "
                "`ganzoo train` begins anew"
            )
        if not (newest or rejected) and run.lines(METRICS):
            say(f"{run.path} has no checkpoint: it begins anew")
        _put_back(run, newest, say)
        facts = run.facts()
        ours = {(line.launch, line.command) for line in facts.resumes}
        if restarted() and (launch(), command) in ours:
            wishes = replace(wishes, epochs=None)  # what it wished for, it got
        if len(facts.resumes) < len(run.lines(RESUMES)):
            say(f"{run.path / RESUMES} has damaged lines, which are left out")
        told = json.dumps(extended(facts, wishes).to_json()).encode()
    facts = Facts.from_json(json.loads(world.tell(told)), run.path if run else "the leader's run")
    made = facts.architecture
    loaded = open_architecture(made.qualified, made.options, say)

    def fresh() -> TrainState:
        with explained("its networks and optimizers cannot be made"):
            return TrainState.fresh(loaded.value, facts.config, where.torch)

    with registry.blame(loaded.entry):
        state, files = restored(candidates, fresh, reject)
        if run and rejected and not files:
            raise ModelFileError(
                f"no checkpoint of {run.path} can be gone on from; `ganzoo train` begins anew"
            )
        files = _tell_files(world, files)
        if files and not world.leads:
            restore(state, files)
    images = same_images(facts, wishes.data, loaded, world, preparing)
    job = Job(
        loaded=loaded, images=images, config=facts.config, device=where, world=world,
        precision=as_before(facts.config, where.torch, facts.circumstances),
    )  # fmt: skip
    _check_length(state, job)
    if run:
        _note(run, job, facts, state, command, say)

    def same(state: TrainState) -> AbstractContextManager[Held]:
        assert held  # only the leader asks
        return nullcontext(held)

    return Work(
        job=job, saving=facts.saving, open_run=same, asked=facts.config, state=state,
        rejected=rejected,
    )  # fmt: skip


def _put_back(run: Run, newest: Checkpoint | None, say: Say) -> None:
    """Restore run.json from the copy in the newest checkpoint, if it is not the same any more."""
    file = run.path / "run.json"
    copy = newest.files.get("run.json") if newest else None
    if copy and not (file.is_file() and file.read_bytes() == copy):
        say(f"{file} is not what it was: it is put back from the newest checkpoint")
        write_whole(file, copy, new_folder=False)


def restored(
    candidates: Iterable[Checkpoint], fresh: Callable[[], TrainState], reject: Reject
) -> tuple[TrainState, dict[str, bytes]]:
    """Return the state of the first checkpoint that fits, and its files.

    Where none fits, return a fresh state and no files.
    """
    for checkpoint in candidates:
        state = fresh()
        try:
            restore(state, checkpoint.files, checkpoint.step)
        except ModelFileError as error:
            reject(checkpoint.path, f"{checkpoint.path} is rejected: {error}")
        else:
            return state, checkpoint.files
    return fresh(), {}


def _tell_files(world: World, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the leader's files, in every process."""
    names = json.loads(world.tell(json.dumps(list(files)).encode()))
    return {name: world.tell(files.get(name, b"")) for name in names}


def _check_length(state: TrainState, job: Job) -> None:
    """Raise UsageError where a run has done more steps than it is to do in all."""
    if state.step > (steps := steps_of(job)):
        epochs = state.samples_seen / len(job.images.pixels)
        raise UsageError(
            f"the run has done {state.step:,} steps already, {epochs:.4g} epochs, and was to end "
            f"after {steps:,}: epochs='+10' would train on",
            "epochs",
        )


def _note(
    run: Run, job: Job, facts: Facts, state: TrainState, command: tuple[str, ...], say: Say
) -> None:
    """Note in resumes.jsonl that the run goes on, and drop what was measured after `state`."""
    circumstances = job.circumstances()
    if differences := circumstances.differences(facts.circumstances):
        say(f"the result will differ in its last bits: {'; '.join(differences)}")
    line = Resumed(
        time=now(),
        step=state.step,
        command=command,
        launch=launch(),
        config={name: getattr(facts.config, name) for name in extending(TrainConfig)},
        saving={row.name: getattr(facts.saving, row.name) for row in fields(facts.saving)},
        circumstances=circumstances,
    )
    run.write_lines(RESUMES, [*run.lines(RESUMES), line.to_json()])
    if state.step < steps_of(job):
        every, schedule = facts.saving.judged(), Schedule(job.config, len(job.images.pixels))
        run.cut_metrics(
            state.step,
            mid_window=bool(state.metrics.known),
            judged=every is None or schedule.in_turn(every, state.step, state.samples_seen),
        )
