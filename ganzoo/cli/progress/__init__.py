"""What a user sees while ganzoo works: one panel on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ganzoo.cli.options import Mode
from ganzoo.cli.progress import notebook, panel, plain, stream
from ganzoo.cli.progress.view import Shown, Update
from ganzoo.train.events import Event


@dataclass(frozen=True)
class Display:
    """How a user is told of a run."""

    show: Callable[[Shown], AbstractContextManager[Update]]
    """Shows a run while it is entered: what it gives is called with every event."""

    words: bool = True
    """Whether the plan is printed before, and after it what may come next."""

    path: bool = True
    """Whether the run's folder is the last line."""

    bar: bool = False
    """Whether there is one while images are prepared."""

    tensorboard: bool = False
    """Whether `ganzoo.runs.tensorboard` writes along."""


def choose(
    mode: Mode, tensorboard: bool = False, environment: Mapping[str, str] = os.environ
) -> Display:
    """The display that the user asked for, or that suits what standard output is.

    ModuleNotFoundError where `tensorboard` is asked for and not installed.
    """
    if tensorboard:
        import ganzoo.runs.tensorboard  # noqa: F401 - where it is not installed, that is said now

        return replace(choose(mode, environment=environment), tensorboard=True)
    if mode == "auto":
        mode, width, height = "plain", *Console().size
        if notebook.in_kernel():
            return Display(notebook.cell)
        if sys.stdout.isatty() and environment.get("TERM") not in {"dumb", "unknown"}:
            if "JPY_PARENT_PID" in environment or width < panel.LEAST_WIDTH or height < 16:
                return Display(notebook.line)
            mode = "rich"
    return {
        "rich": Display(panel.show, bar=True),
        "plain": Display(plain.show),
        "json": Display(stream.show, words=False, path=False),
        "none": Display(_nothing, words=False),
    }[mode]


def follow(events: Iterable[Event], shown: Shown, display: Display) -> Event:
    """Show `events` of a run as they come, and return the last."""
    last: Event | None = None
    with display.show(shown) as update:
        for last in events:
            update(last)
    assert last is not None
    return last


@contextmanager
def decoding(display: Display) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for decoding images, on a terminal; what it yields is called (done, all)."""
    columns = (
        TextColumn("preparing images"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console()
    if not (display.bar and console.is_terminal):
        yield lambda done, total: None
        return
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def _nothing(shown: Shown) -> Iterator[Update]:
    yield lambda event: None
