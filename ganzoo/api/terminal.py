"""The terminal, and the ways to show a run there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

Mode = Literal["auto", "rich", "plain", "json", "none"]
"""Ways to show a run: "rich" is a panel, "plain" lines of text, "json" one object a line, "none"
nothing; "auto" chooses."""


def terminal() -> Console:
    """Return a console on standard output that prints markup as it is."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:  # rich would exit the process; `main` handles it
            raise BrokenPipeError

    return Ours(markup=False, highlight=False)
