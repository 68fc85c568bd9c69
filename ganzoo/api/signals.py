"""Turn Ctrl-C and SIGTERM during training into a request to end in good order.

`train/loop.py` asks after every step; `cli/training.py` gives the exit code. While a library is
imported, signals wait.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ganzoo.libraries import importing

AGAIN = 0.02
"""Seconds after which a signal is told again that came while a library was imported."""


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
    handlers = {number: signal.signal(number, patient(note)) for number in ours}
    try:
        yield stop
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def patient(handler: Callable[[int, FrameType | None], Any]) -> Callable[[int, Any], None]:
    """Return a handler of signals that calls `handler`, but not while a library is imported.

    torch and onnxruntime start in C++, where an exception of Python's becomes one of another name,
    or ends the process by abort(); Python's import system loses some.
    """

    def called(number: int, frame: FrameType | None) -> None:
        if importing(frame):
            again = threading.Timer(AGAIN, _tell_main_thread, [number])
            again.daemon = True
            again.start()
        else:
            handler(number, frame)

    return called


def _tell_main_thread(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # it also ends a call that waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(signal.Signals(number))
