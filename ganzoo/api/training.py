"""Training from Python: what `ganzoo train` and `ganzoo resume` do, as functions."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import fields
from functools import partial
from inspect import Parameter, Signature, signature
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any, get_type_hints

from ganzoo.api.progress import Display, choose, decoding
from ganzoo.api.progress.notebook import in_kernel
from ganzoo.api.run import TrainedRun
from ganzoo.api.signals import signals
from ganzoo.api.terminal import Mode
from ganzoo.api.watching import watch
from ganzoo.architecture import TrainConfig
from ganzoo.runs.beginning import begin
from ganzoo.runs.finding import Words
from ganzoo.runs.resuming import resume as go_on
from ganzoo.runs.saving import Saving

if TYPE_CHECKING:
    from ganzoo.train.events import Event

_log = logging.getLogger("ganzoo")


def train(
    architecture: str,
    *,
    data: Words | None = None,
    options: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    device: str = "auto",
    runs: Words = "runs",
    progress: Mode = "auto",
    tensorboard: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Train an architecture and return its run; the same as `ganzoo train`.

    `architecture` is a name from `ganzoo list`, `options` are its options. `data` is a registered
    data set (`data_options` are its options) or a path: a folder or zip of images, a folder of IDX
    files, an .npz; by default the architecture's own. `skip_bad` leaves out images that cannot be
    read. `device` is auto, cpu, cuda, cuda:1 or mps. The run's folder is made below `runs`.
    `progress` shows how far it is: "auto" is a panel in a notebook, and nothing elsewhere.
    `settings` are the fields of `ganzoo.TrainConfig` and of `ganzoo.runs.saving.Saving`: `epochs`,
    `batch_size`, `ema`, `save_every` and so on.

    In a notebook, the interrupt button stops it with a checkpoint, and the run is returned. In a
    script, Ctrl-C writes a checkpoint and raises KeyboardInterrupt; `ganzoo.resume` goes on.
    Raises a `ganzoo.errors.GanzooError` where something is wrong.
    """
    words = {"data": data, "options": options, "device": device, **settings}
    given = "".join(f", {k}={v!r}" for k, v in words.items() if v not in (None, "auto"))
    events = partial(
        begin, architecture, data=_text(data), options=options, data_options=data_options,
        skip_bad=skip_bad, device=device, runs=Path(runs), settings=settings,
        command=(f"ganzoo.train({architecture!r}{given})",), tensorboard=tensorboard,
    )  # fmt: skip
    return _carried_out(events, progress)


def resume(
    run: Words | None = None,
    *,
    epochs: int | str | None = None,
    data: Words | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    runs: Words = "runs",
    progress: Mode = "auto",
    tensorboard: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Go on with a run from its newest checkpoint, and return it; the same as `ganzoo resume`.

    `run` is what `train` returned, a run's folder or its name below `runs`; by default the latest.
    `epochs` is how many there are to be in all (30), or more than until now ("+10"). `data` is
    where the same images are now, if they were moved. `settings` are as for `train`: those that
    would make it another run are refused, and so are `options` that differ. On a CPU, with the same
    versions and number of threads, it ends in the same bits as a run that was never stopped.
    """
    words = {"epochs": epochs, "data": data, "options": options, "device": device, **settings}
    given = "".join(f", {k}={v!r}" for k, v in words.items() if v is not None)
    events = partial(
        go_on, run, epochs=epochs, data=_text(data), options=options, device=device,
        runs=Path(runs), settings=settings, tensorboard=tensorboard,
        command=(f"ganzoo.resume({'' if run is None else repr(os.fspath(run))}{given})",),
    )  # fmt: skip
    return _carried_out(events, progress)


def _carried_out(events: Callable[..., Generator[Event]], progress: Mode) -> TrainedRun:
    """Show a run's events until it ends; Ctrl-C ends it in good order."""
    display = Display.nothing() if progress == "auto" and not in_kernel() else choose(progress)
    say = _log.warning
    with signals(SIGINT) as stop:
        begun = events(stop=stop, say=say, preparing=partial(decoding, display))
        watched = watch(begun, display, stop, say)
    if stop() and not in_kernel():
        raise KeyboardInterrupt(f"{watched.opened.run.path} is stopped, with a checkpoint")
    return TrainedRun(watched.opened.run.path)


def _text(path: Words | None) -> str | None:
    return None if path is None else os.fspath(path)


def _spelled_out(function: Callable[..., Any], but: tuple[str, ...] = ()) -> None:
    """Let `help` and notebooks show every setting instead of `**settings`."""
    shown = signature(function)
    own = [p for p in shown.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    rows = [
        Parameter(row.name, Parameter.KEYWORD_ONLY, default=None, annotation=hints[row.name])
        for table in (TrainConfig, Saving)
        for hints in [get_type_hints(table)]
        for row in fields(table)
        if row.name not in but
    ]
    function.__signature__ = Signature([*own, *rows], return_annotation=shown.return_annotation)  # type: ignore[attr-defined]


_spelled_out(train)
_spelled_out(resume, but=("epochs",))
