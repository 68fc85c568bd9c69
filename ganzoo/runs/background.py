"""A thread for work beside training: it finishes checkpoints while the next steps are done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, get_native_id


class Background:
    """A thread for one piece of work at a time; `wait` raises the error that the work raised.

    The thread has the lowest priority on Linux: training's own threads wait for each other, so none
    of them should be late. As a context manager it waits at the end, but not after Ctrl-C.
    """

    def __init__(self) -> None:
        self.thread: Thread | None = None
        self.error: BaseException | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin a piece of work; the one before must be done."""

        def run() -> None:
            if sys.platform == "linux":
                with suppress(OSError):  # of this thread alone
                    os.setpriority(os.PRIO_PROCESS, get_native_id(), 19)
            try:
                work()
            except BaseException as error:
                self.error = error

        self.thread = Thread(target=run, name="checkpoint", daemon=True)
        self.thread.start()

    def wait(self) -> None:
        """Wait for the work that was begun, if any, and raise its error, if it had one."""
        if self.thread:
            self.thread.join()
        self.thread, error, self.error = None, self.error, None
        if error:
            raise error

    def __enter__(self) -> Background:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self.wait()
        elif not issubclass(kind, KeyboardInterrupt):
            with suppress(Exception):  # there is an error already
                self.wait()
