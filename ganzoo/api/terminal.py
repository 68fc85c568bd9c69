"""The terminal, and the ways to show a run there."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Literal

from ganzoo.printable import line, printable
from ganzoo.storage import STDOUT, naming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

Mode = Literal["auto", "rich", "plain", "json", "none"]
"""Ways to show a run: "rich" is a panel, "plain" lines of text, "json" one object a line, "none"
nothing; "auto" chooses."""


def print_line(text: object = "") -> None:
    """Print a line on standard output, at once; no word in it steers a terminal.

    "?" stands for what is not printable, also for a line's end: the last line is one path.
    """
    with naming(STDOUT):
        print(line(str(text)), flush=True)  # noqa: T201


def print_json(value: object, *, indent: int | None = None, file: IO[str] | None = None) -> None:
    """Print a value as JSON, at once; all of it is ASCII, and every name is exact."""
    with naming(STDOUT):
        print(json.dumps(value, indent=indent), file=file, flush=True)


def terminal() -> Console:
    """Return a console on standard output that prints markup as it is.

    For what is not printable it shows "?", so words of data and plugins control no terminal.
    """
    from rich.console import Console
    from rich.text import Text

    class Ours(Console):
        def on_broken_pipe(self) -> None:  # rich would exit the process; `main` handles it
            raise BrokenPipeError

        def render_str(self, text: str, **given: Any) -> Text:
            return super().render_str(printable(text), **given)

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            if isinstance(renderable, Text):
                renderable = renderable.copy()
                renderable.plain = printable(renderable.plain)
            return super().render(renderable, options)

    return Ours(markup=False, highlight=False)
