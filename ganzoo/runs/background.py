"""Work that is done while somebody else works on: checkpoints, while training goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread, get_native_id


class Background:
    """A thread for one piece of work at a time; what that raises is raised where it is waited for.

    It runs when nobody else wants the processor: training's own threads wait for each other.
    Used as a context manager, it waits at the end, unless somebody will not wait any more.
    """

    def __init__(self) -> None:
        self.thread: Thread | None = None
        self.error: BaseException | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin; what was begun before is done."""

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
        """Wait for the work that was begun, if any."""
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
