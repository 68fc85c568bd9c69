"""The shared part of `train` and `resume`: show a run, say how it went, choose the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from functools import partial
from shlex import quote
from signal import SIGINT, SIGTERM
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import Mode, print_line
from ganzoo.cli.console import note
from ganzoo.cli.options import in_shell

if TYPE_CHECKING:
    from ganzoo.api.progress import Display
    from ganzoo.api.watching import Watched
    from ganzoo.train.events import Event

EXIT_CODES = {SIGINT: 130, SIGTERM: 75}


def command() -> tuple[str, ...]:
    """Return the words of the command that began this process, for run.json, torchrun included."""
    processes = os.environ.get("WORLD_SIZE", "1")
    program = ("torchrun", "--nproc-per-node", processes, "-m") if processes != "1" else ()
    return (*program, "ganzoo", *sys.argv[1:])


def carry_out(events: Callable[..., Generator[Event]], progress: Mode) -> None:
    """Show the events that `events(stop=…, say=…, preparing=…)` yields, until the run ends.

    Prints the run's folder as the last line. Raises typer.Exit where a signal stopped the run.
    """
    from ganzoo.api.progress import choose, decoding
    from ganzoo.api.signals import signals
    from ganzoo.api.watching import watch
    from ganzoo.train.device import keep_freed_memory

    display = choose(progress)
    keep_freed_memory()
    with signals(*EXIT_CODES) as stop:
        begun = events(stop=stop, say=note, preparing=partial(decoding, display))
        try:
            watched = watch(begun, display, stop, note, in_shell)
        except KeyboardInterrupt as error:
            if stop.received == SIGTERM:
                note(f"interrupted {error}")
                raise typer.Exit(EXIT_CODES[SIGTERM]) from None
            raise
        if watched.leads:
            _say_how_it_went(watched, stop.told.name, display)
        if watched.last.outcome == "stopped":
            raise typer.Exit(EXIT_CODES[stop.told])


def _say_how_it_went(watched: Watched, signal: str, display: Display) -> None:
    """Print the next command, and the run's folder, as far as `display` wants them."""
    run, last = watched.opened.run, watched.last
    path, step = quote(str(run.path)), f"step {last.state.step:,} of {last.steps:,}"
    if display.words and last.outcome == "stopped":
        print_line(f"to look at it: ganzoo report {path}")
        print_line(f"stopped by {signal} after {step}; go on with: ganzoo resume {path}")
    elif display.words:
        best = " --best" if watched.opened.work.saving.keep_best else ""
        print_line(f"next: ganzoo export {path} --onnx{best}")
    if display.path:
        print_line(run.path)


Progress = Annotated[
    Mode,
    typer.Option(
        metavar="HOW",
        help="How training is shown: a panel on a terminal (rich), lines (plain), an object a line "
        "(json), nothing but the run's folder (none).",
    ),
]
