"""What commands print with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ganzoo.api.terminal import terminal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def table(*headers: str) -> Table:
    """An empty table in ganzoo's style."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*headers, box=SIMPLE_HEAD, header_style="bold")


def show(shown: RenderableType) -> None:
    """Print a table or a line; what plugins say in it is not ours to style."""
    terminal().print(shown)


def note(message: str) -> None:
    """Say something that is not the command's answer."""
    print(f"ganzoo: {message}", file=sys.stderr)
