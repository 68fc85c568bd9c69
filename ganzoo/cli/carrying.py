"""What `train` and `resume` share: carrying a job out in a run's folder, and saying how it went."""

from __future__ import annotations

import errno
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from shlex import quote
from typing import Any

import typer

from ganzoo.cli.console import note
from ganzoo.cli.opening import numbers
from ganzoo.cli.plan import plan, print_plan
from ganzoo.cli.progress import Display, decoding, follow
from ganzoo.cli.progress.view import Shown
from ganzoo.cli.signals import EXIT_CODES, Stop
from ganzoo.data import Images, open_images
from ganzoo.errors import DeviceError, DivergedError, OutputError, UsageError, is_out_of_memory
from ganzoo.runs.checkpoints import Checkpoints
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Job
from ganzoo.runs.recorder import record
from ganzoo.train.events import Event, Finished
from ganzoo.train.loop import fit
from ganzoo.train.schedule import Every, epochs_of, total_steps
from ganzoo.train.state import TrainState
from ganzoo.train.world import World
from ganzoo.zoo import registry


@dataclass(frozen=True)
class Saving:
    """When a run writes checkpoints, sample grids and a report, and which checkpoints stay."""

    save_every: str = "1 epoch"
    keep: int = 2
    keep_every: str | None = None
    snapshots: str | None = None
    report: bool = True

    def __post_init__(self) -> None:
        Every.parse(self.save_every, "--save-every: ")
        if self.keep_every and Every.parse(self.keep_every, "--keep-every: ").unit == "minutes":
            raise UsageError("--keep-every takes steps or epochs, not minutes")
        self.epochs_shown()

    def epochs_shown(self) -> set[int] | None:
        """The epochs after which a sample grid is written, if not after each."""
        return (
            None
            if self.snapshots is None
            else {*numbers("--snapshots", self.snapshots, int, "1,5,10,20")}
        )

    def checkpoints(self, run: Run, job: Job, rejected: set[Path]) -> Checkpoints:
        """The run's checkpoints, kept as is said here."""
        group = None
        if self.keep_every:
            every, images = Every.parse(self.keep_every), len(job.images.pixels)
            size = job.config.batch_size

            def group(step: int) -> int:
                return every.passed(step, step * size // images)

        return Checkpoints(run.path / "checkpoints", self.keep, group, rejected)


def open_data(
    spec: str,
    shape: tuple[int, int, int],
    options: dict[str, Any],
    skip_bad: bool,
    world: World,
    display: Display,
) -> Images:
    """The images to train on, decoded once for all processes of a machine, with progress."""
    quiet = nullcontext(lambda done, total: None)
    with world.leader_first(), decoding(display) if world.leads else quiet as progress:
        return open_images(spec, shape, options=options, skip_bad=skip_bad, progress=progress)


def carry_out(
    job: Job,
    saving: Saving,
    stop: Stop,
    open_run: Callable[[], AbstractContextManager[Run]],
    display: Display,
    state: TrainState | None = None,
    notes: dict[str, str] | None = None,
    rejected: set[Path] | None = None,
) -> None:
    """Train, from `state` on if there is one, and let the leader say and record what happens.

    The leader's run is opened when the networks are built. `notes` are lines of the plan, and
    checkpoints that were `rejected` are left alone. The run's folder is the last line printed.
    typer.Exit where a signal stopped it.
    """
    with registry.blame(job.loaded.entry):
        events = fit(
            job.loaded.value, job.images.pixels, job.config,
            device=job.device.torch, world=job.world, state=state, stop=stop,
            save_every=Every.parse(saving.save_every),
        )  # fmt: skip
        if job.world.leads:
            started = next(events)
            lines = plan(job, started, notes or {})
            if display.words:
                print_plan(lines)
            with open_run() as run:
                checkpoints = saving.checkpoints(run, job, rejected or set())
                recorded = record(
                    run, chain([started], events), job, checkpoints, saving.epochs_shown()
                )
                shown = _shown(run, job, lines)
                if display.tensorboard:
                    from ganzoo.runs import tensorboard

                    recorded = tensorboard.write(run, recorded, shown.scores)
                try:
                    last = _followed(recorded, job, shown, display, resumed=state is not None)
                except DivergedError:
                    if saving.report:
                        _leave_pictures(run, stop, display)
                    raise
                if saving.report and isinstance(last, Finished) and last.outcome == "completed":
                    _leave_pictures(run, stop, display)
        else:
            (last,) = deque(events, maxlen=1)
    job.world.barrier()  # torchrun takes the end of one for a failure, and ends those that write
    assert isinstance(last, Finished)
    if job.world.leads:
        _say_how_it_went(last, run, stop, display)
    if last.outcome == "stopped":
        raise typer.Exit(EXIT_CODES[stop.told])


def _shown(run: Run, job: Job, plan: dict[str, str]) -> Shown:
    """What a display must know of a run."""
    images = len(job.images.pixels)
    return Shown(
        run=run.path,
        plan=plan,
        epochs=epochs_of(job.config, images),
        steps=total_steps(job.config, images),
        images=images,
        scores=job.loaded.value.objective.scores,
        earlier=run.lines("metrics.jsonl"),
    )


def _followed(
    recorded: Generator[Event], job: Job, shown: Shown, display: Display, *, resumed: bool
) -> Event:
    """Show all events; an error says what is left, and the next command."""
    run = shown.run
    try:
        with closing(recorded):
            return follow(recorded, shown, display)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"training; go on with: ganzoo resume {quote(str(run))}") from None
    except OSError as error:
        why = f"{error.filename or 'input/output'}: {error.strerror or error}"
        room = "make room, then " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise OutputError(f"{why}; {room}go on with: ganzoo resume {quote(str(run))}") from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        size, processes = job.config.batch_size, job.world.size
        smaller = size // 2 // processes * processes
        what = "begin a new run with" if resumed else "try"
        hint = f"; {what} --batch-size {smaller}" if smaller else ""
        raise DeviceError(f"out of memory with batches of {size} images{hint}") from error


def _leave_pictures(run: Run, stop: Stop, display: Display) -> None:
    """Draw what is to be seen of the run; what goes wrong there takes nothing from the training.

    Ctrl-C leaves it out. What a plugin prints is kept from those who read standard output.
    """
    from ganzoo.report.of_run import REPORT, leave

    if display.words:
        print(f"report: {run.path / REPORT}", flush=True)
    later = f"`ganzoo report {quote(str(run.path))}` draws them"
    try:
        with redirect_stdout(sys.stderr):
            for error in leave(run, stop):
                note(f"some pictures could not be drawn: {error}; {later}")
    except KeyboardInterrupt:
        stop.received = stop.received or signal.SIGINT
    if stop():
        note(f"some pictures are not drawn: {later}")


def _say_how_it_went(last: Finished, run: Run, stop: Stop, display: Display) -> None:
    path, step = quote(str(run.path)), f"step {last.state.step:,} of {last.steps:,}"
    if display.words and last.outcome == "stopped":
        print(f"to look at it: ganzoo report {path}")
        print(f"stopped by {stop.told.name} after {step}; go on with: ganzoo resume {path}")
    elif display.words:
        print(f"next: ganzoo export {path} --onnx")
    if display.path:
        print(run.path)
