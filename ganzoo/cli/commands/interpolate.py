"""`ganzoo interpolate`: draw the way from one image to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli.opening import (
    Class,
    Model,
    Output,
    Truncation,
    about,
    check_sheet,
    numbers,
    open_model,
    slug,
)
from ganzoo.cli.options import Runs
from ganzoo.errors import UsageError


def interpolate(
    model: Model = None,
    seeds: Annotated[
        str, typer.Option(metavar="LIST", help="The way leads through image 0 of each.")
    ] = "0,1,2,3",
    steps: Annotated[
        int | None,
        typer.Option(min=2, help="Images from one to the next.  [8; in a GIF or WebP 24]"),
    ] = None,
    label: Class = None,
    truncation: Truncation = None,
    output: Output = None,
    runs: Runs = Path("runs"),
) -> None:
    """Walk from image to image: a sheet with a row for each part of the way, or a GIF or WebP."""
    from ganzoo.draw import sheets, studies

    stops = numbers("--seeds", seeds, int, "0,1,2,3")
    if len(stops) < 2:
        raise UsageError(
            f"--seeds {seeds} is one image, and a way needs two: --seeds {seeds},{stops[0] + 1}"
        )
    moving = output is not None and sheets.is_animation(output)
    steps = steps or (24 if moving else 8)
    check_sheet((len(stops) - 1) * steps, "give --steps or --seeds less")
    found, generator = open_model(model, runs, label, truncation)
    name = "-".join(map(str, stops))
    target = output or Path(f"{found.name}-interpolate-{name}{slug(generator)}.png")
    sheet = (studies.walk if moving else studies.interpolation)(generator, stops, steps)
    replace(sheet, caption=f"{found.name}{about(generator)}").save(target)
    print_line(target)
