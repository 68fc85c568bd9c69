"""What a program finds when it is started: its streams, Ctrl-C, and settings of libraries."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.api.signals import patient
from ganzoo.storage import cache_folder

STREAMS = ("stdin", "stdout", "stderr")


@contextmanager
def settled() -> Iterator[None]:
    """Prepare this process for a command, and give Ctrl-C back at the end."""
    _open_streams()
    # A program of its own needs no style of the user's, and leaves its list of fonts in our cache.
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # `nohup`, or a program that handles Ctrl-C itself
        return
    signal.signal(signal.SIGINT, patient(signal.default_int_handler))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _open_streams() -> None:
    """Open the streams that are closed, as `ganzoo … >&-` leaves them; let none refuse a character.

    A file that is opened later would get the number of a closed stream, and what is printed by C
    would be written into it.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
            os.set_inheritable(opened, True)
        stream = getattr(sys, name)
        if stream is None:
            raw = os.fdopen(number, "w" if number else "r", errors="replace", closefd=False)
            setattr(sys, name, raw)
        elif number and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
