"""Train one architecture for so many seconds, in laps; each lap ends with a checkpoint.

A lap that was not finished is forgotten: its run goes on from the lap before, with the same seconds
left. So a comparison that was interrupted gives each run the same time as one that was not.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ganzoo.errors import DivergedError, ModelFileError
from ganzoo.evaluate.reading import Check, check_fields, number, text, whole
from ganzoo.runs.beginning import begin
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints, step_of
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Say
from ganzoo.runs.resuming import resume
from ganzoo.storage import read_regular, write_whole
from ganzoo.train.events import Event

LAPS = "laps.json"
ENDLESS = 1_000_000
"""Epochs of a run that ends by the clock."""

Clock = Literal["wall", "cpu"]
CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Clocks to choose from. "cpu" counts the seconds of all threads of this process together, and no
seconds in which another program had the CPU: on a busy machine that is the fair one."""


@dataclass(frozen=True)
class Finish:
    """The end of a lap: the seconds of training since the beginning, and what was done in them.

    `why` says why the run ended here, if it did: it diverged, and there will be no further lap.
    """

    seconds: float
    step: int
    samples_seen: int
    why: str = ""

    def checkpoint(self, run: Run) -> Path:
        """Return where the checkpoint of this step is; a run that diverged has none."""
        return run.path / "checkpoints" / f"step-{self.step:08d}"


def run_in(folder: Path) -> Run | None:
    """Return the run below `folder`, which has at most one; None where there is none."""
    path = next(iter(sorted(folder.glob("*/run.json"))), None)
    return Run(path.parent) if path else None


def finishes(folder: Path) -> list[Finish]:
    """Return the ends of the laps that the run below `folder` has finished, in order.

    Raises ModelFileError where they cannot be read, though there are some.
    """
    run = run_in(folder)
    if run is None:
        return []
    file = run.path / LAPS
    try:
        return _parsed(json.loads(read_regular(file)))
    except FileNotFoundError:
        checkpoints = [*Checkpoints(run.path / "checkpoints").newest_first()]
        if len(checkpoints) > 1:  # a run in its first lap has one at most
            raise ModelFileError(f"{file} is lost: {_anew(folder)}") from None
        return []
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{file} is damaged ({error}): {_anew(folder)}") from error


FIELDS: dict[str, Check] = {
    "seconds": lambda value: number(value) and value >= 0,
    "step": whole(),
    "samples_seen": whole(),
    "why": text,
}
"""What holds for each field of a lap in the file."""


def _parsed(content: Any) -> list[Finish]:
    """Return the laps in a parsed file; raise ValueError, which says what is wrong."""
    if not content or type(content) is not list:
        raise ValueError("no list of laps")
    found = [Finish(0.0, 0, 0)]
    for lap in content:
        check_fields(lap, FIELDS)
        found.append(Finish(**lap))
        for name in ("seconds", "step", "samples_seen"):
            before, now = (getattr(finish, name) for finish in found[-2:])
            if now < before:
                raise ValueError(f"its '{name}' fall from {before} to {now}")
    return found[1:]


def _anew(folder: Path) -> str:
    """Return what to do about a run whose laps are not known."""
    return f"remove {folder}, and the run begins anew"


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
    the time to prepare data, to draw samples and to save is left out. When `stop` says yes, the lap
    in progress is given up. The rest is as in `ganzoo.runs.beginning.begin`.

    Raises ModelFileError where the checkpoint of the last lap cannot be used, or as `begin` does.
    """
    usual = {
        "epochs": ENDLESS, "save_every": f"{ENDLESS} epochs", "keep": count + 1,
        "snapshots": str(ENDLESS), "report": False,
    }  # fmt: skip
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
            events = begin(
                architecture, options=options, data=data, device=device, runs=folder,
                settings=usual | dict(settings or {}), stop=over, say=say,
            )  # fmt: skip
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
        so_far = done.seconds + ended - began
        known.append(Finish(so_far, last.state.step, last.state.samples_seen, why))
        write_whole(run.path / LAPS, json.dumps([asdict(lap) for lap in known]).encode())
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
        f"{checkpoint} cannot be used, so the next lap would be longer than others: {_anew(folder)}"
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
