"""What a user sees while ganzoo works: one panel on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ganzoo.api.progress import notebook, panel, plain, stream
from ganzoo.api.progress.view import Shown, Update
from ganzoo.api.terminal import Mode
from ganzoo.train.events import Event, Finished


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

    @classmethod
    def nothing(cls) -> Display:
        """Return the display that shows nothing but the run's folder."""
        return cls(_nothing, words=False)


def choose(mode: Mode, environment: Mapping[str, str] = os.environ) -> Display:
    """Return the display that the user asked for, or that suits what standard output is."""
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
        "none": Display.nothing(),
    }[mode]


def follow(events: Iterable[Event], shown: Shown, display: Display) -> Event:
    """Show events of a run as they come, up to its Finished; return the last that came."""
    last: Event | None = None
    with display.show(shown) as update:
        for last in events:
            update(last)
            if isinstance(last, Finished):
                break
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
