"""`ganzoo sweep`: show what single coordinates of z do to the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from ganzoo.draw.generator import Generator

AUTO = 5
"""Number of coordinates that `--dims auto` takes."""
REACH = 3.0
"""Distance from 0, in both directions, to which `--dims auto` moves each coordinate. 99.7% of all
normal numbers are no further from 0."""


def sweep(
    model: Model = None,
    dims: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Coordinates of z, as in 3,17; or those that move the picture most: "
            f"auto for {AUTO} of them, auto:N for N.",
        ),
    ] = "auto",
    values: Annotated[
        str, typer.Option(metavar="LIST", help="What each coordinate is set to.")
    ] = "-3,0,3",
    rows: Annotated[int, typer.Option(min=1, help="How many images, each of its own z.")] = 8,
    seed: Annotated[int, typer.Option(help="Image i of a seed is always the same.")] = 0,
    label: Class = None,
    truncation: Truncation = None,
    output: Output = None,
    runs: Runs = Path("runs"),
) -> None:
    """Set single coordinates of z, all others as they are: a sheet, or a GIF or WebP."""
    from ganzoo.draw import sheets, studies

    wanted = _wanted(dims)
    chosen = numbers("--values", values, float, "-3,0,3")
    if output is not None:
        sheets.is_animation(output)
    found, generator = open_model(model, runs, label, truncation)
    count = len(wanted) if isinstance(wanted, list) else min(wanted, generator.info.latent_dim)
    check_sheet(rows * count * len(chosen), "give --rows, --dims or --values less")
    indices = wanted if isinstance(wanted, list) else _most_moving(generator, wanted, seed)
    target = output or Path(f"{found.name}-sweep-seed{seed}{slug(generator)}.png")
    sheet = studies.sweep(generator, indices, chosen, rows, seed)
    replace(sheet, caption=f"{found.name}, seed {seed}{about(generator)}").save(target)
    print_line(target)


def _wanted(dims: str) -> list[int] | int:
    """Return the coordinates in `--dims`, or the number of coordinates to choose."""
    if dims == "auto":
        return AUTO
    if count := re.fullmatch(r"auto:0*([1-9][0-9]{0,5})", dims):
        return int(count[1])
    return numbers("--dims", dims, int, "3,17, or auto, or auto:3")


def _most_moving(generator: Generator, count: int, seed: int) -> list[int]:
    """Print and return the coordinates that change the picture most, the strongest first."""
    chosen = generator.most_moving(count, REACH, seed)
    print_line(f"from {-REACH:g} to {REACH:g}, these move the picture most, in grey levels of 255:")
    for index, levels in chosen:
        print_line(f"z[{index}]  {levels:.1f}")
    return [index for index, _ in chosen]
