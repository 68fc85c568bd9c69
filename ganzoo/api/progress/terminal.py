"""What keeps a picture on a terminal still."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import ConsoleDimensions, ConsoleRenderable
from rich.control import Control
from rich.live import Live


class Steady(Live):
    """Rich's Live without flicker: a frame is written over the one before, of the same size.

    Rich erases each line first, and a terminal may show that. Where the terminal's size changes,
    nobody knows where the lines are: it is cleared.
    """

    size: ConsoleDimensions | None = None

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Put the cursor where the frame begins, and the frame after what is printed."""
        processed = super().process_renderables(renderables)
        if not self.console.is_interactive:
            return processed
        before, self.size = self.size, self.console.size
        if before not in {None, self.size}:
            return [Control.clear(), Control.home(), *processed[1:]]
        reset = processed[0]
        if all(isinstance(printed, Control) for printed in [reset, *renderables]):
            assert isinstance(reset, Control)
            text = reset.segment.text.replace("\x1b[2K", "")
            reset.segment = reset.segment._replace(text=text)
        return processed


@contextmanager
def unechoed() -> Iterator[None]:
    """Keep what is typed, Ctrl-C's ^C included, from being written into the picture.

    It is there for the shell when this ends. Nothing is done where standard output is no terminal,
    or another process's: who is in the background would be stopped.
    """
    try:
        import termios

        screen = sys.stdout.fileno()
        before = termios.tcgetattr(screen)
        ours = os.tcgetpgrp(screen) == os.getpgrp()
    except (ImportError, OSError, ValueError, termios.error):
        ours = False
    if not ours:
        yield
        return
    silent = [*before]
    silent[3] &= ~termios.ECHO  # the local modes
    termios.tcsetattr(screen, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(screen, termios.TCSADRAIN, before)
