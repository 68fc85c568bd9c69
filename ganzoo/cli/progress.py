"""What a user sees while ganzoo works: two calm lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from ganzoo.train import Event, Logged, Stepped, Warned

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN_SECONDS = 5.0  # between two plain lines, but for the ends of epochs


def follow(
    events: Iterable[Event], epochs: int, steps: int, console: Console | None = None
) -> Event:
    """Show `events` of a run of so many epochs and steps as they come, and return the last."""
    console = console or Console()
    display = _Live(console, epochs, steps) if console.is_terminal else _Plain(epochs)
    last: Event | None = None
    with display.context():
        for last in events:
            display.update(last)
    assert last is not None
    return last


@contextmanager
def decoding() -> Iterator[Callable[[int, int], None]]:
    """A progress bar for decoding images, on a terminal; what it yields is called (done, all)."""
    console = Console()
    columns = (
        TextColumn("preparing images"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    if not console.is_terminal:
        yield lambda done, total: None
        return
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Plain:
    """One line every few seconds and at the end of every epoch."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.epoch = epochs, 0
        self.printed = time.monotonic()

    def context(self) -> AbstractContextManager[object]:
        return nullcontext()

    def update(self, event: Event) -> None:
        if isinstance(event, Warned):
            print(f"warning: {event.text}", flush=True)
        if not isinstance(event, Logged):
            return
        late = time.monotonic() - self.printed > PLAIN_SECONDS
        if late or event.epoch > self.epoch or event.state.step == event.steps:
            where = f"epoch {event.epoch}/{self.epochs}  step {event.state.step}/{event.steps}"
            print(f"{where}  {_words(event)}", flush=True)
            self.epoch, self.printed = event.epoch, time.monotonic()


class _Live:
    """A bar, and a line of metrics below it."""

    def __init__(self, console: Console, epochs: int, steps: int) -> None:
        self.epochs = epochs
        self.metrics = Text("")
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            expand=True,
        )
        self.task = self.progress.add_task("", total=steps, epoch=f"0/{epochs}")
        self.live = Live(Group(self.progress, self.metrics), console=console, refresh_per_second=4)

    def context(self) -> AbstractContextManager[object]:
        return self.live

    def update(self, event: Event) -> None:
        epoch = f"{event.epoch}/{self.epochs}"
        if isinstance(event, Warned):
            self.live.console.print(f"warning: {event.text}", markup=False, highlight=False)
        if isinstance(event, Logged):
            self.metrics.plain = _words(event)
        if isinstance(event, Stepped):
            self.progress.update(self.task, completed=event.state.step, epoch=epoch)


def _words(event: Logged) -> str:
    m = event.metrics
    names = {"loss_d": "loss D", "loss_g": "loss G", "d_real": "D(x)", "d_fake": "D(G(z))"}
    shown = [f"{label} {m[name]:.3f}" for name, label in names.items() if name in m]
    return "  ".join([*shown, f"{event.images_per_second:,.0f} images/s"])
