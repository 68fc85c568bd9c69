"""The terminal, and how a run may be shown there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

Mode = Literal["auto", "rich", "plain", "json", "none"]
"""A panel, lines, one JSON object a line, nothing; or what suits the place."""


def terminal() -> Console:
    """Return standard output, without reading markup in what is printed there."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:  # rich would exit here and now; `main` knows what to do
            raise BrokenPipeError

    return Ours(markup=False, highlight=False)
