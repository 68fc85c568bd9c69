"""`ganzoo models`: the trained models that are installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import console
from ganzoo.cli.options import AsJson

COLUMNS = ("model", "architecture,\ndata", "pixels,\nkB", "FD", "licence,\npackage")
ROOM = 16
"""Most characters of a line in the columns behind the name, so that all fit into 80."""


def models(
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures",
            metavar="FILE",
            help="Write a sheet (.png, .svg, .pdf): eight pictures of each.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the trained models that are installed: `ganzoo sample NAME` draws from one."""
    from ganzoo.api.models import survey

    found, left_out = survey()
    for line in left_out:
        console.note(line)
    if as_json:
        rows = [
            {**model.to_json(), "shipped_by": entry.package, "path": str(model.folder)}
            for entry, model in found
        ]
        print_json(rows, indent=2)
    elif not found:
        console.note(
            "no package with trained models is installed: `ganzoo train NAME` trains one, and "
            "`ganzoo new-plugin` puts it into a package"
        )
    else:
        from ganzoo.evaluate.measures import MEASURES

        table = console.table(*COLUMNS)
        for column in table.columns:
            column.no_wrap = True
        for entry, model in found:
            kilobytes = next(iter(model.files.values())).nbytes / 1000
            pairs = (
                (model.architecture, model.dataset),
                ("x".join(map(str, model.size)), f"{kilobytes:,.0f}"),
                (MEASURES["frechet"].shown(model.scores.get("frechet")),),
                (model.licence or "-", entry.package),
            )
            table.add_row(model.name, *map(_below, pairs))
        console.show_whole(table)
    if pictures is not None and found:
        from ganzoo.api.models import sheet

        sheet([model for _, model in found], say=console.note).save(pictures)
        if not as_json:
            print_line(pictures)


def _below(words: Sequence[str]) -> str:
    """Return a cell with a line for each of the words, which are broken where they are too long."""
    return ",\n".join(console.broken(word, ROOM) for word in words)
