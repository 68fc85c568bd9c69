"""`ganzoo models`: the trained models that are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import console
from ganzoo.cli.options import AsJson

COLUMNS = ("model", "architecture,\ndata", "pixels", "FD", "kB", "licence", "package")
WIDTHS = (16, 13, 80, 80, 80, 9, 9)
"""Most characters of a line in each column, so that all fit into 80."""


def models(
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", metavar="PNG", help="Write a sheet: eight pictures of each."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the trained models that are installed: `ganzoo sample NAME` draws from one."""
    from ganzoo.api.models import broken
    from ganzoo.api.models import models as installed
    from ganzoo.zoo import catalogue

    found, packages = installed(), {e.name: e.package for e in catalogue.models()}
    for line in broken():
        console.note(line)
    if as_json:
        where = ({"shipped_by": packages[m.name], "path": str(m.folder)} for m in found)
        print_json([m.to_json() | own for m, own in zip(found, where, strict=True)], indent=2)
    elif not found:
        console.note(
            "no package with trained models is installed: `pip install ganzoo-models`, or "
            "`ganzoo train NAME` trains one"
        )
    else:
        from ganzoo.evaluate.measures import MEASURES

        table = console.table(*COLUMNS)
        for model in found:
            size = next(iter(model.files.values())).nbytes
            cells = (
                model.name,
                f"{model.architecture},\n{model.dataset}",
                "x".join(map(str, model.size)),
                MEASURES["frechet"].shown(model.scores.get("frechet")),
                f"{size / 1000:,.0f}",
                model.licence or "-",
                packages[model.name],
            )
            table.add_row(*map(_broken, cells, WIDTHS))
        console.show(table)
    if pictures is not None and found:
        from ganzoo.api.models import sheet

        sheet(found).save(pictures)
        if not as_json:
            print_line(pictures)


def _broken(cell: str, width: int) -> str:
    return "\n".join(console.broken(line, width) for line in cell.splitlines())
