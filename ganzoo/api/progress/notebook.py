"""Show a run in a notebook: in one output that is updated, or, for `!ganzoo train`, in one line."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import Any

from rich.console import Console

from ganzoo.api.progress.panel import draw
from ganzoo.api.progress.view import Shown, Update, View
from ganzoo.api.terminal import print_line
from ganzoo.printable import printable
from ganzoo.runs.quantities import QUALITY, number
from ganzoo.train.events import Event, Warned

SECONDS = 1.0  # between two updates


def in_kernel() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def cell(shown: Shown, display: Callable[..., Any] | None = None) -> Iterator[Update]:
    """Show a run in one output of the cell, which is updated; `display` is IPython's function."""
    show = display or import_module("IPython.display").display
    view = View(shown)
    handle = show(_Picture(view), display_id=True)
    with _now_and_then(view, lambda: handle.update(_Picture(view))) as update:
        yield update


@contextmanager
def line(shown: Shown) -> Iterator[Update]:
    """Show a run in one line, which is rewritten and at most as wide as the terminal."""
    view = View(shown)
    width = Console().width - 1

    def rewrite() -> None:
        sys.stdout.write(f"\r{_line(view, width):<{width}}")
        sys.stdout.flush()

    try:
        with _now_and_then(
            view, rewrite, clear=lambda: sys.stdout.write(f"\r{'':<{width}}\r")
        ) as update:
            yield update
    finally:
        print_line()


@contextmanager
def _now_and_then(
    view: View, refresh: Callable[[], None], clear: Callable[[], object] = lambda: None
) -> Iterator[Update]:
    """Yield a function that refreshes once a second, and prints warnings; refresh at the end."""
    due = 0.0

    def update(event: Event) -> None:
        nonlocal due
        view.update(event)
        if isinstance(event, Warned):
            clear()
            print_line(f"warning: {event.text}")
        if time.monotonic() >= due:
            refresh()
            due = time.monotonic() + SECONDS

    try:
        yield update
    finally:
        refresh()


def _line(view: View, width: int) -> str:
    """Return what there is room for in `width` characters, the most important first."""
    line = f"epoch {view.epoch[0]}/{view.shown.epochs}  step {view.step:,}/{view.shown.steps:,}"
    last = {
        name: f"{view.labels[name]} {number(curve[-1])}"
        for name, curve in view.curves.items()
        if curve
    }
    judged = [last.pop(name) for name in QUALITY if name in last]
    metrics = [*last.values()]
    for part in (view.time(), *judged, *metrics[2:4], *metrics[:2], view.speed()):
        if part and len(line) + 2 + len(part) <= width:
            line += f"  {part}"
    return line[:width]


class _Picture:
    """The panel as text, and as HTML in a font of fixed width."""

    def __init__(self, view: View) -> None:
        console = Console(
            file=io.StringIO(), width=80, height=24, color_system=None, force_jupyter=False
        )
        with console.capture() as captured:
            console.print(draw(view, console.options))
        self.text = printable(captured.get().rstrip())

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.2">{escape(self.text)}</pre>'
