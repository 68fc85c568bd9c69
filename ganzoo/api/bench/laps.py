"""Train one architecture for so many seconds, in laps; each lap ends with a checkpoint.

A lap that was not finished is forgotten: its run goes on from the lap before, with the same seconds
left. So a comparison that was interrupted gives each run the same time as one that was not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ganzoo.errors import DivergedError
from ganzoo.runs.beginning import begin
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Say
from ganzoo.runs.resuming import resume
from ganzoo.storage import write_whole
from ganzoo.train.events import Event

LAPS = "laps.json"
ENDLESS = 1_000_000
"""Epochs of a run that ends by the clock."""

Clock = Literal["wall", "cpu"]
CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""Clocks to choose from. "cpu" counts the seconds of all threads of this process together, and no
seconds in which another program had the CPU: on a busy machine that is the fair one."""


@dataclass(frozen=True)
class Lap:
    """The end of a lap: the seconds of training since the beginning, and what was done in them.

    `why` says why the run ended here, if it did: it diverged, and there will be no further lap.
    """

    seconds: float
    step: int
    samples_seen: int
    why: str = ""


def laps(run: Run) -> list[Lap]:
    """Return the laps of a run that are finished, in order."""
    try:
        return [Lap(**lap) for lap in json.loads((run.path / LAPS).read_bytes())]
    except FileNotFoundError:
        return []


def train_laps(
    architecture: str,
    folder: Path,
    *,
    seconds: float,
    count: int,
    clock: Clock = "wall",
    data: str | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str = "auto",
    stop: Callable[[], bool] = lambda: False,
    say: Say = lambda remark: None,
) -> Iterator[Lap]:
    """Train `architecture` in a run below `folder` for `seconds` in all; yield each lap's end.

    There are `count` laps of equal seconds. Laps that a call before finished are yielded too, and
    not trained again. Seconds count from the first step to the last of a lap: the preparation of
    data is left out. When `stop` says yes, the lap in progress is given up. The rest is as in
    `ganzoo.runs.beginning.begin`.
    """
    usual = {
        "epochs": ENDLESS, "save_every": f"{ENDLESS} epochs", "keep": count + 1,
        "snapshots": str(ENDLESS), "report": False,
    }  # fmt: skip
    paths = sorted(folder.glob("*/run.json"))
    known = laps(Run(paths[0].parent)) if paths else []
    yield from known
    while len(known) < count and not (known and known[-1].why):
        now = CLOCKS[clock]
        began, done = 0.0, known[-1].seconds if known else 0.0
        limit = seconds * (len(known) + 1) / count - done

        def over() -> bool:
            return stop() or now() - began >= limit  # noqa: B023 - asked in this round only

        if known:
            events = resume(paths[0].parent, stop=over, say=say)
        else:
            if paths:
                _forget(paths[0].parent)
            events = begin(
                architecture, options=options, data=data, device=device, runs=folder,
                settings=usual | dict(settings or {}), stop=over, say=say,
            )  # fmt: skip
        last: Event = next(events)
        paths = sorted(folder.glob("*/run.json"))
        began, why = now(), ""
        try:
            for event in events:
                last = event
        except DivergedError as error:
            why = str(error)
        if stop():
            return
        lap = Lap(done + now() - began, last.state.step, last.state.samples_seen, why)
        known.append(lap)
        write_whole(paths[0].parent / LAPS, json.dumps([asdict(lap) for lap in known]).encode())
        yield lap


def _forget(run: Path) -> None:
    """Remove a run that did not finish its first lap."""
    import shutil

    shutil.rmtree(run)
