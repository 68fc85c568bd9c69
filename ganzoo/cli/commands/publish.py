"""`ganzoo publish`: a run's model as a folder that others can use as it is."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import candidates
from ganzoo.cli.options import AsJson, Best, Runs
from ganzoo.config import listed


def publish(
    run: Annotated[Path, typer.Argument(help="A run or its name.", autocompletion=candidates.runs)],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    name: Annotated[
        str | None, typer.Option(help="What people will call it. Default: the folder's name.")
    ] = None,
    variants: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Of float32, float16, int8 and uint8; the first is the one that is drawn from.",
        ),
    ] = "float32,int8",
    weights: Annotated[
        str,
        typer.Option(
            metavar="PRECISION",
            help="To go on training from: float32, float16, or none to leave them out.",
        ),
    ] = "float32",
    licence: Annotated[
        str, typer.Option(metavar="SPDX", help="Of the weights, such as CC-BY-4.0.")
    ] = "",
    best: Best = False,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a folder to upload: ONNX files, weights, a model card, pictures, metrics, facts."""
    from ganzoo.export.publishing import publish as write
    from ganzoo.runs.finding import find_run

    found = find_run(run, runs)
    model = write(
        found.path,
        folder,
        name=name,
        variants=[word for word in listed(variants) if word],
        weights=weights,
        licence=licence,
        best=best,
    )
    if as_json:
        print_json({**model.to_json(), "path": str(model.folder)})
        return
    for file in sorted(model.folder.iterdir()):
        print_line(f"wrote {file}")
    print_line(f"next: ganzoo sample {quote(str(folder))}")
    repository = re.sub(r"[^\w.-]+|-{2,}|\.{2,}", "-", model.name, flags=re.ASCII).strip("-.")
    print_line(f"upload: hf upload USER/{repository or 'MODEL'} {quote(str(folder))}")
    print_line(folder)
