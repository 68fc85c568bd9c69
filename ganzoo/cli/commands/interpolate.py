"""`ganzoo interpolate`: draw the way from one image to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli.opening import (
    Class,
    Model,
    Output,
    OwnLatents,
    Title,
    Truncation,
    about,
    check_sheet,
    numbers,
    open_model,
    read_own,
    slug,
)
from ganzoo.cli.options import Runs
from ganzoo.errors import UsageError


def interpolate(
    model: Model = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="The way leads through image 0 of each.  [0,1,2,3]"),
    ] = None,
    z: OwnLatents = None,
    steps: Annotated[
        int | None,
        typer.Option(min=2, help="Images from one to the next.  [8; in a GIF or WebP 24]"),
    ] = None,
    label: Class = None,
    truncation: Truncation = None,
    output: Output = None,
    title: Title = None,
    runs: Runs = Path("runs"),
) -> None:
    """Walk from image to image: a sheet with a row for each part of the way, or a GIF or WebP."""
    from ganzoo.draw import sheets, studies
    from ganzoo.draw.checking import check_alone

    check_alone(z, seeds=seeds)
    stops = studies.SEEDS if seeds is None else _stops(seeds)
    moving = output is not None and sheets.is_animation(output)
    steps = steps or (24 if moving else 8)
    found, generator = open_model(model, runs, label, truncation)
    own = read_own(z, generator)
    count = len(stops if own is None else own)
    less = "--steps or --seeds less" if own is None else "--steps less, or fewer latents"
    check_sheet((count - 1) * steps, f"give {less}")
    study = studies.walk if moving else studies.interpolation
    sheet = study(generator, stops if own is None else None, steps, z=own)
    name, made_of = ("-".join(map(str, stops)), "") if z is None else (z.stem, f", {z.name}")
    target = output or Path(f"{found.name}-interpolate-{name}{slug(generator)}.png")
    replace(sheet, title=f"{title or found.name}{made_of}{about(generator)}").save(target)
    print_line(target)


def _stops(seeds: str) -> Sequence[int]:
    """Return the numbers in `--seeds`; UsageError where there are fewer than two."""
    stops = numbers("--seeds", seeds, int, "0,1,2,3")
    if len(stops) < 2:
        raise UsageError(
            f"--seeds {seeds} is one image, and a way needs two: --seeds {seeds},{stops[0] + 1}"
        )
    return stops
