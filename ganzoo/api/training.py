"""Train from Python: `train` and `resume` as functions, the same as the commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import fields
from functools import partial
from inspect import Parameter, Signature, signature
from signal import SIGINT, SIGTERM, raise_signal
from typing import TYPE_CHECKING, Any, get_type_hints

from ganzoo.api.progress import Display, choose, decoding
from ganzoo.api.progress.notebook import in_kernel
from ganzoo.api.remarking import log
from ganzoo.api.run import TrainedRun
from ganzoo.api.signals import signals
from ganzoo.api.terminal import Mode, print_line
from ganzoo.api.watching import watch
from ganzoo.config import TrainConfig
from ganzoo.runs.beginning import begin
from ganzoo.runs.finding import Words, runs_folder
from ganzoo.runs.resuming import resume as go_on
from ganzoo.runs.saving import Saving

if TYPE_CHECKING:
    from ganzoo.train.events import Event


class _AsItIs:
    """What a signature shows for a setting that is not given: the architecture's, or the run's."""

    def __repr__(self) -> str:
        return "..."


_AS_IT_IS = _AsItIs()


def train(
    architecture: str,
    *,
    data: Words | None = None,
    options: Mapping[str, Any] | None = None,
    data_options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    init: Words | None = None,
    device: str = "auto",
    runs: Words | None = None,
    progress: Mode = "auto",
    tensorboard: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Train an architecture and return its run; the same as `ganzoo train`.

    `architecture` is a name from `ganzoo list`, `options` are its options. `data` is a registered
    data set (`data_options` are its options) or a path: a folder or zip of images, a folder of IDX
    files, or an .npz. The default is the architecture's own data set. `skip_bad` leaves out images
    that cannot be read. `init` names trained weights to begin with, where they fit by name and
    shape: a run, a checkpoint, a .safetensors, or a published model. `device` is auto, cpu, cuda,
    cuda:1 or mps. The run's folder is made below `runs`, by default $GANZOO_RUNS or "runs".
    `progress` says how to show the training: "auto" is a panel in a notebook, and nothing
    elsewhere. `settings` are the fields of `ganzoo.TrainConfig` and of
    `ganzoo.runs.saving.Saving`: `epochs`, `batch_size`, `ema`, `save_every` and so on.

    In a notebook, the interrupt button stops the training with a checkpoint, and the run is
    returned. In a script, Ctrl-C writes a checkpoint and raises KeyboardInterrupt; SIGTERM writes
    one too before it ends the process. In each case `ganzoo.resume` goes on. Raises a
    `ganzoo.errors.GanzooError` where something is wrong.
    """
    call = _call("train", architecture, locals(), settings)
    events = partial(
        begin, architecture, data=_text(data), options=options, data_options=data_options,
        skip_bad=skip_bad, init=init, device=device, runs=runs_folder(runs), settings=settings,
        command=(call,), tensorboard=tensorboard,
    )  # fmt: skip
    return _carried_out(events, progress)


def resume(
    run: Words | None = None,
    *,
    epochs: int | str | None = None,
    data: Words | None = None,
    options: Mapping[str, Any] | None = None,
    device: str | None = None,
    runs: Words | None = None,
    progress: Mode = "auto",
    tensorboard: bool = False,
    **settings: Any,
) -> TrainedRun:
    """Go on with a run from its newest checkpoint, and return it; the same as `ganzoo resume`.

    `run` is what `train` returned, a run's folder, or its name below `runs`; the default is the
    latest run. `epochs` is the number of epochs in all (30), or how many more than until now
    ("+10"). `data` is where the same images are now, if they were moved. `settings` are as for
    `train`. Settings and `options` that would make it another run are refused. On a CPU, with the
    same versions and number of threads, the run ends with the same bits as one that was never
    stopped.
    """
    call = _call("resume", run, locals(), settings)
    events = partial(
        go_on, run, epochs=epochs, data=_text(data), options=options, device=device,
        runs=runs_folder(runs), settings=settings, tensorboard=tensorboard,
        command=(call,),
    )  # fmt: skip
    return _carried_out(events, progress)


def _carried_out(events: Callable[..., Generator[Event]], progress: Mode) -> TrainedRun:
    """Show a run's events until it ends, and return the run; Ctrl-C ends it in good order."""
    display = Display.nothing() if progress == "auto" and not in_kernel() else choose(progress)
    with signals(SIGINT, SIGTERM) as stop:
        begun = events(stop=stop, say=log, preparing=partial(decoding, display))
        watched = watch(begun, display, stop, log)
    run = TrainedRun(watched.opened.run.path)
    if stop.received == SIGTERM:
        raise_signal(SIGTERM)  # the run is saved: the process ends as it would have without us
    if watched.last.outcome == "stopped":  # in every process of the run
        if not in_kernel():
            raise KeyboardInterrupt(f"{run.path} is stopped, and saved")
        if display.words:
            print_line(
                f"stopped at step {watched.last.state.step:,}; go on with: ganzoo.resume(run)"
            )
    return run


def _call(
    name: str, what: Words | None, given: Mapping[str, Any], settings: Mapping[str, Any]
) -> str:
    """Return the call of a function as one types it: what was given, but for how it is shown."""
    defaults = {name: p.default for name, p in signature(globals()[name]).parameters.items()}
    names = [n for n in given if n not in ("architecture", "run", "progress", "settings")]
    named = {n: given[n] for n in names if n in defaults and given[n] != defaults[n]} | {**settings}
    words = [] if what is None else [repr(os.fspath(what))]
    return f"ganzoo.{name}({', '.join([*words, *(f'{n}={v!r}' for n, v in named.items())])})"


def _text(path: Words | None) -> str | None:
    """Return a path as text."""
    return None if path is None else os.fspath(path)


def _spelled_out(function: Callable[..., Any], but: tuple[str, ...] = ()) -> None:
    """Give `function` a signature that names every setting, for `help` and notebooks."""
    shown = signature(function)
    own = [p for p in shown.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    rows = [
        Parameter(row.name, Parameter.KEYWORD_ONLY, default=_AS_IT_IS, annotation=hints[row.name])
        for table in (TrainConfig, Saving)
        for hints in [get_type_hints(table)]
        for row in fields(table)
        if row.name not in but
    ]
    function.__signature__ = Signature([*own, *rows], return_annotation=shown.return_annotation)  # type: ignore[attr-defined]


_spelled_out(train)
_spelled_out(resume, but=("epochs",))
