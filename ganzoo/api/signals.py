"""Ctrl-C and SIGTERM while a run is trained: a request to end in good order.

`train/loop.py` asks after every step; `cli/training.py` gives the exit code.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Stop:
    """Asked by the loop after every step; a signal makes it say yes."""

    received: signal.Signals | None = None

    def __call__(self) -> bool:
        """Return whether a signal was received."""
        return self.received is not None

    @property
    def told(self) -> signal.Signals:
        """The signal; where another process of the run got it, what a scheduler would send."""
        return self.received or signal.SIGTERM


@contextmanager
def signals(*numbers: signal.Signals) -> Iterator[Stop]:
    """Turn these signals into a stop after the current step; a second Ctrl-C is at once.

    A second SIGTERM is not: schedulers send one to each process, and torchrun hands its own on.
    Python lets only the main thread do so: elsewhere nothing changes.
    """
    stop = Stop()

    def note(number: int, frame: object) -> None:
        if number == stop.received == signal.SIGINT:
            raise KeyboardInterrupt
        stop.received = signal.Signals(number)

    ours = numbers if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, note) for number in ours}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
