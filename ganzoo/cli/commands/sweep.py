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

if TYPE_CHECKING:
    from ganzoo.draw.checking import Own
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
        str,
        typer.Option(
            metavar="LIST",
            help="What each coordinate is set to; '-3,0,3;-1,0,1' is a list for each of two.",
        ),
    ] = "-3,0,3",
    rows: Annotated[
        int | None, typer.Option(min=1, help="How many images, each of its own z.  [8]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Image i of a seed is always the same.  [0]")
    ] = None,
    z: OwnLatents = None,
    label: Class = None,
    truncation: Truncation = None,
    output: Output = None,
    title: Title = None,
    runs: Runs = Path("runs"),
) -> None:
    """Set single coordinates of z, all others as they are: a sheet, or a GIF or WebP.

    The first column has the images that nothing was changed in.
    """
    from ganzoo.draw import sheets, studies
    from ganzoo.draw.checking import USUAL_ROWS, check_alone
    from ganzoo.draw.coordinates import values_of_each

    check_alone(z, rows=rows, seed=seed)
    wanted = _wanted(dims)
    lists = [numbers("--values", part, float, "-3,0,3") for part in values.split(";")]
    if output is not None:
        sheets.is_animation(output)
    found, generator = open_model(model, runs, label, truncation)
    own = read_own(z, generator)
    count = len(wanted) if isinstance(wanted, list) else min(wanted, generator.info.latent_dim)
    chosen = values_of_each(lists[0] if len(lists) == 1 else lists, count)
    drawn = (rows or USUAL_ROWS) if own is None else len(own)
    less = "--rows, --dims or --values less" if own is None else "fewer latents"
    check_sheet(drawn * (1 + count * len(chosen[0])), f"give {less}")
    indices = wanted if isinstance(wanted, list) else _most_moving(generator, wanted, seed, own)
    name, made_of = (f"seed{seed or 0}", f"seed {seed or 0}") if z is None else (z.stem, z.name)
    target = output or Path(f"{found.name}-sweep-{name}{slug(generator)}.png")
    sheet = studies.sweep(generator, indices, chosen, rows, seed, z=own)
    replace(sheet, title=f"{title or found.name}, {made_of}{about(generator)}").save(target)
    print_line(target)


def _wanted(dims: str) -> list[int] | int:
    """Return the coordinates in `--dims`, or the number of coordinates to choose."""
    if dims == "auto":
        return AUTO
    if count := re.fullmatch(r"auto:0*([1-9][0-9]{0,5})", dims):
        return int(count[1])
    return numbers("--dims", dims, int, "3,17, or auto, or auto:3")


def _most_moving(generator: Generator, count: int, seed: int | None, z: Own) -> list[int]:
    """Print and return the coordinates that change the picture most, the strongest first."""
    chosen = generator.most_moving(count, REACH, seed, z=z)
    print_line(f"from {-REACH:g} to {REACH:g}, these move the picture most, in grey levels of 255:")
    for index, levels in chosen:
        print_line(f"z[{index}]  {levels:.1f}")
    return [index for index, _ in chosen]
