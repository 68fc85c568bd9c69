"""What several commands share: options, and a name for what they make."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="An option of the architecture; may be repeated."
    ),
]
Runs = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="Where runs are kept.", envvar="GANZOO_RUNS")
]
Timeout = Annotated[
    float, typer.Option(min=1, help="Seconds that loading a plugin, or one check, may take.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def model_name(path: Path) -> str:
    """What files made from a model are named after: its file without suffix, or its folder."""
    real = path.resolve()
    return real.name if real.is_dir() else real.stem
