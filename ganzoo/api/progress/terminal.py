"""Keep a picture on a terminal still: without flicker, and without what the user types."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import ConsoleDimensions, ConsoleRenderable
from rich.control import Control
from rich.live import Live


class Steady(Live):
    """Rich's Live without flicker: each frame is written over the one before.

    Rich erases each line first, and a terminal may show that for a moment. All frames have the same
    size, so nothing has to be erased. When the terminal's size changes, the lines may be anywhere,
    so the terminal is cleared.
    """

    size: ConsoleDimensions | None = None

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what Live prints, without the codes that erase lines."""
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
    """Keep the terminal from showing what the user types, and the ^C of Ctrl-C, in the picture.

    The shell gets what was typed when this ends. This does nothing where standard output is not a
    terminal, or where this process is in the background: it would be stopped.
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
