"""Show a run in one panel on a terminal, whose height does not change."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

from rich.console import Console, ConsoleOptions
from rich.panel import Panel
from rich.text import Text

from ganzoo.api.progress.sparkline import bar, sparkline
from ganzoo.api.progress.terminal import Steady, unechoed
from ganzoo.api.progress.view import Shown, Update, View, roughly
from ganzoo.api.terminal import terminal
from ganzoo.runs.quantities import PROBABILITIES, QUALITY, number
from ganzoo.train.events import Event, Warned

A_SECOND = 2  # refreshes
LEAST_WIDTH = 50
ROOMY = 44  # columns beside the names; above that, RIGHT of them show limits, speed and time
RIGHT = 19
TALL = 40  # lines of a terminal from which on curves are three lines high
LONGEST = 132  # characters of a warning
STYLES = {"loss_d": "cyan", "loss_g": "magenta", "d_real": "cyan", "d_fake": "magenta"}
STYLES |= dict.fromkeys(QUALITY, "green")


@contextmanager
def show(shown: Shown, console: Console | None = None) -> Iterator[Update]:
    """Show a run on the terminal, drawn twice a second by a thread.

    Yields a function to call with every event; for a step it costs two assignments.
    """
    console = console or terminal()
    view = View(shown)

    def update(event: Event) -> None:
        view.update(event)
        if isinstance(event, Warned):
            console.print(f"warning: {event.text}", markup=False, highlight=False)

    live = Steady(
        get_renderable=lambda: draw(view, console.options),
        console=console,
        refresh_per_second=A_SECOND,
        redirect_stderr=sys.stderr.isatty(),
    )
    with unechoed(), live:
        live.refresh()
        yield update


def draw(view: View, options: ConsoleOptions) -> Panel:
    """Return a panel as wide as the terminal; its height depends only on the terminal's size."""
    width = options.max_width - 4  # without borders and padding
    ascii_only, tall = options.ascii_only, options.size.height >= TALL
    epochs, steps = view.shown.epochs, view.shown.steps
    names = [f"epoch {epochs:,}/{epochs:,}", f"step {steps:,}/{steps:,}"]
    names += [label + " " * 10 for label in view.labels.values()]  # and a number
    left = max(map(len, names)) + 2
    room = width - 9
    lines = [
        *_bars(view, left, width - left, ascii_only),
        Text(),
        *_curves(view, left, width - left, 3 if tall else 1, ascii_only),
        *([] if tall else [Text()]),
        *_health(view, room, max(2, -(-LONGEST // room))),
    ]
    return Panel(
        Text("\n", no_wrap=True, overflow="crop").join(lines),
        title=Text(view.shown.run.name, "not dim bold"),
        title_align="left",
        border_style="dim",
    )


def _bars(view: View, left: int, room: int, ascii_only: bool) -> Iterator[Text]:
    """Yield the bars of the epoch and of the run, with speed and time where they are known."""
    (epoch, share), shown = view.epoch, view.shown
    right = RIGHT if room > ROOMY else 11
    speed = view.speed(" images/s" if room > ROOMY else "/s")
    for words, done, fact in (
        (f"epoch {epoch:,}/{shown.epochs:,}", share, speed),
        (f"step {view.step:,}/{shown.steps:,}", view.step / shown.steps, view.time()),
    ):
        full, rest = bar(done, max(4, room - right), ascii_only)
        yield Text.assemble(words.ljust(left), (full, "blue"), (rest, "dim"), fact.rjust(right))


def _curves(view: View, left: int, room: int, rows: int, ascii_only: bool) -> Iterator[Text]:
    """Yield the curves, each with its name, its last value and, if there is room, its limits."""
    right = RIGHT if room > ROOMY else 0
    for name, label in view.labels.items():
        curve = view.curves[name]
        seen = curve[right - room :]
        low, high = min(seen, default=0.0), max(seen, default=0.0)
        ends = [roughly(low), roughly(high)] if curve else ["", ""]
        from_0_to_1 = {"coverage", *(PROBABILITIES if view.shown.scores == "logits" else ())}
        if name in from_0_to_1:
            low, high, ends = 0.0, 1.0, ["0", "1"]
        one = [" to ".join(filter(None, ends))]
        limits = one if rows == 1 else [ends[1], *[""] * (rows - 2), ends[0]]
        value = number(curve[-1]) if curve else "-"
        front = f"{label:<{left - 11}}{value:>9}"
        for row, line in enumerate(sparkline(curve, low, high, room - right, rows, ascii_only)):
            yield Text.assemble(
                (front if row == rows // 2 else "").ljust(left),
                (line, STYLES.get(name, "")),
                (limits[row].rjust(right) if right else "", "dim"),
            )
        if rows > 1:
            yield Text()


def _health(view: View, room: int, rows: int) -> Iterator[Text]:
    """Yield the warnings; if there is none, the numbers that show that nothing is wrong."""
    texts, style = view.warnings or [view.evidence], "yellow" if view.warnings else "green"
    each = max(1, rows // len(texts))
    words = [line for text in texts for line in _wrapped(text, room, each)]
    for title, line in zip_longest(["health"], words + [""] * (rows - len(words)), fillvalue=""):
        yield Text.assemble(title.ljust(9), (line, style))


def _wrapped(text: str, width: int, lines: int) -> list[str]:
    """Return a text in lines of `width` characters; what is too long ends with "..."."""
    return textwrap.wrap(text, width, max_lines=lines, placeholder=" ...")
