"""One calm panel on a terminal, as high at the end as in the beginning."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

from rich.console import Console, ConsoleOptions
from rich.panel import Panel
from rich.text import Text

from ganzoo.cli.progress.sparkline import bar, sparkline
from ganzoo.cli.progress.terminal import Steady, unechoed
from ganzoo.cli.progress.view import Shown, Update, View, number, roughly
from ganzoo.train import Event, Warned

A_SECOND = 2  # refreshes
LEAST_WIDTH = 50
TALL = 40  # lines of a terminal in which curves get more of them
LONGEST = 132  # characters of a warning
STYLES = {"loss_d": "cyan", "loss_g": "magenta", "d_real": "cyan", "d_fake": "magenta"}


@contextmanager
def show(shown: Shown, console: Console | None = None) -> Iterator[Update]:
    """Draw on the terminal, now and then, from a thread; a step costs two assignments."""
    console = console or _Console()
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
    """A panel as wide as the terminal, whose height depends on nothing but the terminal's size."""
    width = options.max_width - 4  # without borders and padding
    ascii_only, tall = options.ascii_only, options.size.height >= TALL
    room = width - 9
    health = max(2, -(-LONGEST // room))
    lines = [
        *_bars(view, width, ascii_only),
        Text(),
        *_curves(view, width, 3 if tall else 1, ascii_only),
        *([] if tall else [Text()]),
        *_health(view, room, health),
    ]
    return Panel(
        Text("\n", no_wrap=True, overflow="crop").join(lines),
        title=Text(view.shown.run.name, "bold"),
        title_align="left",
        border_style="dim",
    )


def _bars(view: View, width: int, ascii_only: bool) -> Iterator[Text]:
    epochs, steps, (epoch, share) = view.shown.epochs, view.shown.steps, view.epoch
    left = max(len(f"epoch {epochs:,}/{epochs:,}"), len(f"step {steps:,}/{steps:,}")) + 2
    right = 19 if width - left > 40 else 14
    speed = view.speed(" images/s" if right > 14 else "/s")
    for words, done, fact in (
        (f"epoch {epoch:,}/{epochs:,}", share, speed),
        (f"step {view.step:,}/{steps:,}", view.step / steps, view.time()),
    ):
        full, rest = bar(done, max(4, width - left - right), ascii_only)
        yield Text.assemble(words.ljust(left), (full, "blue"), (rest, "dim"), fact.rjust(right))


def _curves(view: View, width: int, rows: int, ascii_only: bool) -> Iterator[Text]:
    """Each with its name, its last value and its limits."""
    names = max(map(len, view.labels.values())) + 1
    right = 18 if width >= 60 else 0
    room = width - names - 11 - right
    for name, label in view.labels.items():
        curve = view.curves[name]
        low, high = min(curve[-room:], default=0.0), max(curve[-room:], default=0.0)
        ends = [roughly(low), roughly(high)] if curve else ["", ""]
        if view.shown.scores == "logits" and name in {"d_real", "d_fake"}:
            low, high, ends = 0.0, 1.0, ["0", "1"]
        limits = (
            [ends[1], *[""] * (rows - 2), ends[0]]
            if rows > 1
            else [" to ".join(filter(None, ends))]
        )
        value = number(curve[-1]) if curve else "-"
        drawn = sparkline(curve, low, high, room, rows, ascii_only)
        for row, (line, limit) in enumerate(zip(drawn, limits, strict=True)):
            front = f"{label:<{names}}{value:>9}" if row == rows // 2 else ""
            beside = limit.rjust(right) if right else ""
            yield Text.assemble(
                front.ljust(names + 11), (line, STYLES.get(name, "")), (beside, "dim")
            )
        if rows > 1:
            yield Text()


def _health(view: View, room: int, rows: int) -> Iterator[Text]:
    """What is wrong, in full where that is one thing, or the numbers that say that nothing is."""
    texts, style = view.warnings or [view.evidence], "yellow" if view.warnings else "green"
    each = rows if len(texts) == 1 else 1
    words = [line for text in texts for line in _wrapped(text, room, each)]
    for title, line in zip_longest(["health"], words + [""] * (rows - len(words)), fillvalue=""):
        yield Text.assemble(title.ljust(9), (line, style))


def _wrapped(text: str, width: int, lines: int) -> list[str]:
    return textwrap.wrap(text, width, max_lines=lines, placeholder=" ...")


class _Console(Console):
    def on_broken_pipe(self) -> None:  # rich would exit here and now; `main` knows what to do
        raise BrokenPipeError
