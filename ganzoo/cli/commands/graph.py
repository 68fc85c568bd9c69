"""`ganzoo graph`: draw the networks of an architecture, a run or an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli import candidates, console
from ganzoo.cli.opening import Title
from ganzoo.cli.options import Runs, Settings
from ganzoo.printable import file_name
from ganzoo.zoo import options


def graph(
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="[NAME|RUN|X.onnx]",
            help="An architecture, a run or its name, or an .onnx file. Default: the latest run.",
            autocompletion=candidates.architectures_and_runs,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .svg, .html, .png or .pdf. Default: graph-NAME.svg.",
        ),
    ] = None,
    settings: Settings = None,
    title: Title = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw the computation graph: both networks layer by layer, with shapes, on one page."""
    from ganzoo.api.graphing import graph as draw

    given = options.parse_pairs(settings or [])
    drawn = draw(what, options=given, runs=runs, title=title or "", say=console.note)
    path = output or Path(f"graph-{file_name(drawn.title.removesuffix('.onnx'))}.svg")
    drawn.save(path)
    if drawn.more:
        console.note(drawn.more)
    print_line(path)
