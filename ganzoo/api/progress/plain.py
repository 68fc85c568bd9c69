"""Show a run in plain lines, for a pipe or a file: one every few seconds, one for each epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.api.progress.view import Shown, Update
from ganzoo.api.terminal import print_line
from ganzoo.runs.quantities import QUALITY, labels, measured, number
from ganzoo.train.events import Evaluated, Event, Logged, Warned

SECONDS = 5.0  # between two lines, except at the ends of epochs


@contextmanager
def show(shown: Shown) -> Iterator[Update]:
    """Show a run on standard output; yield a function to call with every event."""
    names = labels(shown.scores)
    epoch, printed = 0, time.monotonic()

    def where(event: Event) -> str:
        done = min(event.epoch, shown.epochs)  # the last batch may reach beyond
        return f"epoch {done}/{shown.epochs}  step {event.state.step}/{event.steps}"

    def update(event: Event) -> None:
        nonlocal epoch, printed
        if isinstance(event, Warned):
            print_line(f"warning: {event.text}")
        if isinstance(event, Evaluated):
            words = [f"{QUALITY[name]} {number(value)}" for name, value in event.scores.items()]
            print_line("  ".join([where(event), *words, f"took {event.seconds:.1f} s"]))
        if not isinstance(event, Logged):
            return
        late = time.monotonic() - printed > SECONDS
        if late or event.epoch > epoch or event.state.step == event.steps:
            values = measured(event.metrics, shown.scores)
            words = [f"{names[name]} {number(value)}" for name, value in values.items()]
            speed = f"{event.images_per_second:,.0f} images/s"
            print_line("  ".join([where(event), *words, speed]))
            epoch, printed = event.epoch, time.monotonic()

    yield update
