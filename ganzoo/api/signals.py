"""Turn Ctrl-C and SIGTERM during training into a request to end in good order.

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
    """A function that the loop calls after every step; after a signal it returns True."""

    received: signal.Signals | None = None
    patient: bool = False
    """Whether the loop is asked; before that, there is nothing to end in good order."""

    def __call__(self) -> bool:
        """Return whether a signal was received."""
        return self.received is not None

    @property
    def told(self) -> signal.Signals:
        """The signal that stopped the run; SIGTERM where another process of the run received it."""
        return self.received or signal.SIGTERM


@contextmanager
def signals(*numbers: signal.Signals) -> Iterator[Stop]:
    """Turn these signals into a stop after the current step; a second Ctrl-C stops at once.

    So does the first signal, by KeyboardInterrupt, until somebody makes the stop patient.

    A second SIGTERM changes nothing: a scheduler sends one to each process, and torchrun passes its
    own on, so a process may get two. Only the main thread of Python can handle signals; in other
    threads this does nothing.
    """
    stop = Stop()

    def note(number: int, frame: object) -> None:
        before, stop.received = stop.received, signal.Signals(number)
        if before is None and not stop.patient:
            raise KeyboardInterrupt("before the training began")
        if number == before == signal.SIGINT:
            raise KeyboardInterrupt

    ours = numbers if threading.current_thread() is threading.main_thread() else ()
    handlers = {number: signal.signal(number, note) for number in ours}
    try:
        yield stop
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
