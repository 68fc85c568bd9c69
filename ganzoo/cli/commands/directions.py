"""`ganzoo directions`: show what the principal directions of the first layer do to the picture."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli.opening import Class, Model, Title, Truncation, about, check_sheet, open_model, slug
from ganzoo.cli.options import Runs
from ganzoo.errors import ModelFileError, UsageError


def directions(
    model: Model = None,
    count: Annotated[int, typer.Option(min=1, help="How many directions.")] = 5,
    reach: Annotated[
        float, typer.Option(metavar="SIGMA", help="How far to go each way; z has sigma 1.")
    ] = 3.0,
    rows: Annotated[int, typer.Option(min=1, help="How many images, each of its own z.")] = 8,
    seed: Annotated[int, typer.Option(help="Image i of a seed is always the same.")] = 0,
    label: Class = None,
    truncation: Truncation = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="x.png (.svg, .pdf) for the sheets x-1.png, x-2.png and so on, or an animation of "
            "all (.gif, .webp). Default: sheets named after the model.",
        ),
    ] = None,
    title: Title = None,
    runs: Runs = Path("runs"),
) -> None:
    """Find the directions in z that move the first layer most: a sheet each, or a GIF or WebP."""
    from ganzoo.draw import studies
    from ganzoo.draw.directions import principal
    from ganzoo.draw.sheets import is_animation

    if not 0 < reach < math.inf:
        raise UsageError(f"--reach takes a number above 0, such as 3, not {reach:g}")
    moving = output is not None and is_animation(output)
    columns = 1 + 2 * (studies.HALF_MOVING if moving else studies.HALF)
    check_sheet(count * rows * columns, "give --count or --rows less")
    found, generator = open_model(model, runs, label, truncation)
    made = principal(generator, count)
    if len(made.vectors) == 0:
        raise ModelFileError(
            f"no direction in z leads along what the first layer of {found.path} does: it is "
            "the same for z and -z, or for nearly every z; `ganzoo sweep` shows what single "
            "coordinates do"
        )
    print_line("of the variance of the first layer's activations:")
    for number, share in enumerate(made.shares, start=1):
        print_line(f"direction {number}  {share:.1%}")
    if len(made.shares) < count:
        print_line(f"only {len(made.shares)} directions lead anywhere, of {count} asked for")
    target = output or Path(f"{found.name}-directions-seed{seed}{slug(generator)}.png")
    if moving:
        sheets = {target: studies.moving_directions(generator, made, reach, rows, seed)}
    else:
        sheets = {
            target.with_stem(f"{target.stem}-{number}"): sheet
            for number, sheet in enumerate(
                studies.directions(generator, made, reach, rows, seed), start=1
            )
        }
    for path, sheet in sheets.items():
        replace(sheet, title=f"{title or found.name}, seed {seed}{about(generator)}").save(path)
        print_line(path)
