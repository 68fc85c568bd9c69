"""Show a user what ganzoo does: a panel on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ganzoo.api.progress import notebook, panel, plain, stream
from ganzoo.api.progress.view import Shown, Update
from ganzoo.api.terminal import Mode
from ganzoo.errors import UsageError
from ganzoo.train.events import Event, Finished


@dataclass(frozen=True)
class Display:
    """A way to show a run to its user."""

    show: Callable[[Shown], AbstractContextManager[Update]]
    """A context that shows a run; it gives a function that must be called with every event."""

    words: bool = True
    """Whether the plan is printed before the run, and the next command after it."""

    path: bool = True
    """Whether the run's folder is printed as the last line."""

    bar: bool = False
    """Whether there is a progress bar while images are prepared."""

    @classmethod
    def nothing(cls) -> Display:
        """Return the display that shows only the run's folder, at the end."""
        return cls(_nothing, words=False)


def choose(mode: Mode, environment: Mapping[str, str] = os.environ) -> Display:
    """Return the display that the user asked for; "auto" takes what suits standard output."""
    if mode not in get_args(Mode):
        known = ", ".join(get_args(Mode))
        raise UsageError(f"progress must be one of {known}, not {mode!r}", "progress")
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
    """Show the events of a run as they come, until Finished; return the last one."""
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
    """Show a progress bar while images are prepared, if `display` has one and there is a terminal.

    Yields a function to call with the number of prepared images, and the number of all.
    """
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
    """Yield a function that shows nothing."""
    yield lambda event: None
