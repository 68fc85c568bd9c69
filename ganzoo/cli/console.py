"""What commands print with, and how they open the plugin that a user named."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.zoo import registry

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ganzoo.architecture import Architecture
    from ganzoo.zoo.registry import Loaded


def table(*headers: str) -> Table:
    """An empty table in ganzoo's style."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*headers, box=SIMPLE_HEAD, header_style="bold")


def show(shown: RenderableType) -> None:
    """Print a table or a line; what plugins say in it is not ours to style."""
    terminal().print(shown)


def terminal() -> Console:
    """Standard output as rich writes to it, without reading markup in what it is given."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:  # rich would exit here and now; `main` knows what to do
            raise BrokenPipeError

    return Ours(markup=False, highlight=False)


def note(message: str) -> None:
    """Say something that is not the command's answer."""
    print(f"ganzoo: {message}", file=sys.stderr)


def open_architecture(name: str, options: Mapping[str, Any]) -> Loaded[Architecture]:
    """Load an architecture with options, words or JSON values; say so if it misbehaves."""
    loaded = registry.load_architecture(name, options)
    if loaded.faults:
        note(f"{loaded.entry.label} {' and '.join(loaded.faults)}, which was put right")
    return loaded
