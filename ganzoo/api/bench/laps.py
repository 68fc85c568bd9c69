"""Train one architecture for so many seconds, in laps; each lap ends with a checkpoint.

A lap that was not finished is forgotten: its run goes on from the lap before, with the same seconds
left. So a comparison that was interrupted gives each run the same time as one that was not.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ganzoo.api.bench.length import TOO_FAST, steps_for
from ganzoo.errors import DivergedError, ModelFileError
from ganzoo.runs.beginning import begin
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints, step_of
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Say
from ganzoo.runs.laps import LAPS, Finish, anew, finishes, run_in
from ganzoo.runs.resuming import resume
from ganzoo.storage import write_whole
from ganzoo.train.events import Event
from ganzoo.zoo import registry

ENDLESS = 1_000_000
"""Epochs of a run that ends by the clock."""

Clock = Literal["wall", "cpu"]
CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Clocks to choose from. "cpu" counts the seconds of all threads of this process together, and no
seconds in which another program had the CPU: on a busy machine that is the fair one."""


def seconds_left(folder: Path, seconds: float, count: int) -> float:
    """Return how many of the `seconds` of training, in `count` laps, the run has still to do."""
    known = finishes(folder)
    if len(known) >= count or (known and known[-1].why):
        return 0.0
    return max(seconds - (known[-1].seconds if known else 0.0), 0.0)


def train_laps(
    architecture: str,
    folder: Path,
    *,
    seconds: float,
    count: int,
    clock: Callable[[], float] = time.perf_counter,
    data: str | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
    say: Say = lambda remark: None,
) -> Iterator[Finish]:
    """Train `architecture` in a run below `folder` for `seconds` in all; yield each lap's end.

    There are `count` laps of equal seconds. Laps that a call before finished are yielded too, and
    not trained again. Seconds, which `clock` tells, count from the first step to the last of a lap:
    the time to prepare data, to draw samples and to save is left out. An architecture with
    schedules is trained for a fortieth of the seconds first, and that is thrown away: schedules ask
    how long the run will be. When `stop` says yes, the lap in progress is given up. The rest is as
    in `ganzoo.runs.beginning.begin`.

    Raises ModelFileError where the checkpoint of the last lap cannot be used, or as `begin` does.
    """
    usual: dict[str, Any] = {
        "epochs": ENDLESS, "save_every": f"{ENDLESS} epochs", "keep": count + 1,
        "snapshots": str(ENDLESS), "report": False,
    }  # fmt: skip

    def begun(over: Callable[[], bool]) -> Generator[Event]:
        return begin(
            architecture, options=options, data=data, device=device, runs=folder,
            settings=usual | dict(settings or {}), stop=over, say=say,
        )  # fmt: skip

    run, known = run_in(folder), finishes(folder)
    yield from known
    while len(known) < count and not (known and known[-1].why):
        done = known[-1] if known else Finish(0.0, 0, 0)
        limit = seconds * (len(known) + 1) / count - done.seconds
        began = ended = 0.0

        def over() -> bool:
            nonlocal ended
            ended = clock()
            return stop() or ended - began >= limit  # noqa: B023 - asked in this round only

        if run and known:
            _require(done.checkpoint(run), folder)
            _go_back(run, done.step)
            events = resume(run.path, stop=over, say=say)
        else:
            if run:
                _forget(run)
            if registry.load_architecture(architecture, dict(options or {})).value.schedules:
                usual["max_steps"] = steps_for(seconds, begun, clock, stop)
                if run := run_in(folder):
                    _forget(run)
            events = begun(over)
        last: Event = next(events)
        run = run_in(folder)
        assert run
        if last.state.step != done.step:
            raise _unequal(done.checkpoint(run), folder)
        began = ended = clock()
        why = ""
        try:
            for event in events:
                last = event
                if last.state.step == done.step:  # nothing is trained yet
                    began = ended = clock()
        except DivergedError as error:
            why = str(error.__cause__ or error)  # without the advice for a single run
        if stop():
            return
        if not why and ended - began < limit:
            why = TOO_FAST
        so_far = done.seconds + ended - began
        known.append(Finish(so_far, last.state.step, last.state.samples_seen, why))
        content = json.dumps([asdict(lap) for lap in known]).encode()
        write_whole(run.path / LAPS, content, new_folder=False)
        yield known[-1]


def _require(checkpoint: Path, folder: Path) -> None:
    """Raise ModelFileError where the checkpoint that a lap begins from is not whole."""
    try:
        Checkpoint.open(checkpoint)
    except ModelFileError as error:
        raise _unequal(checkpoint, folder) from error


def _unequal(checkpoint: Path, folder: Path) -> ModelFileError:
    """Return the error of a lap that cannot begin from its own checkpoint."""
    return ModelFileError(
        f"{checkpoint} cannot be used, so the next lap would be longer than others: {anew(folder)}"
    )


def _go_back(run: Run, step: int) -> None:
    """Remove the checkpoints after `step`: they are of a lap that was not finished.

    The run would go on from them, and get the seconds of that lap a second time.
    """
    checkpoints = Checkpoints(run.path / "checkpoints")
    with run.locked():
        checkpoints.sweep()
        for path in checkpoints.newest_first():
            if step_of(path) > step:
                checkpoints.disk.rename(path, path.with_name(f".old-{path.name}"))
        checkpoints.disk.sync(checkpoints.path)
        checkpoints.sweep()


def _forget(run: Run) -> None:
    """Remove a run that did not finish its first lap."""
    with run.locked():
        pass  # no other process trains it
    shutil.rmtree(run.path)
