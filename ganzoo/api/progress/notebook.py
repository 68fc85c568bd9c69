"""In a notebook: one cell that is updated, or for `!ganzoo train` one line that is rewritten."""

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
from ganzoo.runs.quantities import number
from ganzoo.train.events import Event, Warned

SECONDS = 1.0  # between two updates


def in_kernel() -> bool:
    """Whether this process is a notebook's."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def cell(shown: Shown, display: Callable[..., Any] | None = None) -> Iterator[Update]:
    """Update one output of the cell; `display` is IPython's."""
    show = display or import_module("IPython.display").display
    view = View(shown)
    handle = show(_Picture(view), display_id=True)
    with _now_and_then(view, lambda: handle.update(_Picture(view))) as update:
        yield update


@contextmanager
def line(shown: Shown) -> Iterator[Update]:
    """Rewrite one line, which is at most as wide as the terminal."""
    view = View(shown)
    width = Console().width - 1

    def rewrite() -> None:
        print(f"\r{_line(view, width):<{width}}", end="", flush=True)

    try:
        with _now_and_then(
            view, rewrite, clear=lambda: print(f"\r{'':<{width}}\r", end="")
        ) as update:
            yield update
    finally:
        print()


@contextmanager
def _now_and_then(
    view: View, refresh: Callable[[], None], clear: Callable[[], None] = lambda: None
) -> Iterator[Update]:
    """Refresh once a second and at the end; warnings are printed."""
    due = 0.0

    def update(event: Event) -> None:
        nonlocal due
        view.update(event)
        if isinstance(event, Warned):
            clear()
            print(f"warning: {event.text}", flush=True)
        if time.monotonic() >= due:
            refresh()
            due = time.monotonic() + SECONDS

    try:
        yield update
    finally:
        refresh()


def _line(view: View, width: int) -> str:
    """As much as there is room for, the most important first."""
    line = f"epoch {view.epoch[0]}/{view.shown.epochs}  step {view.step:,}/{view.shown.steps:,}"
    metrics = [
        f"{view.labels[name]} {number(curve[-1])}" for name, curve in view.curves.items() if curve
    ]
    for part in (view.time(), *metrics[2:4], *metrics[:2], view.speed()):
        if part and len(line) + 2 + len(part) <= width:
            line += f"  {part}"
    return line[:width]


class _Picture:
    """The panel as text, and as HTML of a fixed pitch."""

    def __init__(self, view: View) -> None:
        console = Console(
            file=io.StringIO(), width=80, height=24, color_system=None, force_jupyter=False
        )
        with console.capture() as captured:
            console.print(draw(view, console.options))
        self.text = captured.get().rstrip()

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.2">{escape(self.text)}</pre>'
