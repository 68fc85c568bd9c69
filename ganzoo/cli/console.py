"""Functions with which commands print."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ganzoo.api.terminal import terminal
from ganzoo.printable import cells as wide
from ganzoo.printable import one_line
from ganzoo.storage import STDOUT, naming

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LONGEST = 1000
"""Most characters of a line of a table, however long its words are."""


def table(*headers: str) -> Table:
    """Return an empty table in ganzoo's style: words that find no room are broken, never cut."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    columns = (Column(header, overflow="fold") for header in headers)
    return Table(*columns, box=SIMPLE_HEAD, header_style="bold")


def longest(*cells: str) -> int:
    """Return how many columns of a terminal the longest line in a column of a table takes."""
    return max((wide(line) for cell in cells for line in cell.split("\n")), default=0)


def width(columns: Iterable[int]) -> int:
    """Return how wide a line of a table is, with columns of these widths."""
    widths = [*columns]
    return sum(widths) + 3 * (len(widths) - 1) + 4


def broken(name: str, width: int) -> str:
    """Return a name in lines that take at most `width` columns of a terminal, at least 2.

    They end at a space; where a word is too long, after `_`, `-`, `:`, `/`, `=` or a comma, and
    elsewhere only where a part of it is too long.
    """
    from rich.cells import chop_cells

    if wide(name) <= width:
        return name
    lines = [""]
    for word in name.split():
        if wide(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
            continue
        lines += [""] if lines[-1] else []
        for whole in re.findall(r"[^_:/=,-]*[_:/=,-]|[^_:/=,-]+", word):
            for part in chop_cells(whole, width):
                if wide(lines[-1] + part) > width:
                    lines.append("")
                lines[-1] += part
    return "\n".join(lines)


def show(shown: RenderableType) -> None:
    """Print a table or a line; markup in the words of plugins is printed as it is.

    What could control the terminal is "?": see `ganzoo.api.terminal`.
    """
    with naming(STDOUT):
        terminal().print(shown)


def show_whole(shown: Table) -> None:
    """Print a table whose words are all whole, also where the terminal has no room for them."""
    from rich.measure import Measurement

    screen = terminal()
    needed = Measurement.get(screen, screen.options.update(width=LONGEST), shown).minimum
    screen.width = max(screen.width, needed)
    with naming(STDOUT):
        screen.print(shown)


def note(message: str) -> None:
    """Print a remark to stderr, in one line: stdout is only for the command's answer."""
    print(f"ganzoo: {one_line(message)}", file=sys.stderr)  # noqa: T201


def agreed(question: str) -> bool | None:
    """Ask on stderr, and return whether the answer is yes; None where nobody answers."""
    print(f"{one_line(question)} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
    answer = sys.stdin.readline()
    if not answer:
        print(file=sys.stderr)  # noqa: T201
        return None
    return answer.strip().lower() in {"y", "yes"}


def note_logged() -> None:
    """Print what the core logs as remarks, such as that features are trained, or a font lacks."""
    import logging

    class Remarks(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage())

    logging.getLogger("ganzoo").handlers = [Remarks()]
