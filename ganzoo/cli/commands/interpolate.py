"""`ganzoo interpolate`: the way from one image to another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.opening import Model, Output, check_sheet, numbers, open_model
from ganzoo.cli.options import Runs
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.draw.pixels import Pixels
    from ganzoo.draw.sheets import Sheet


def interpolate(
    model: Model = None,
    seeds: Annotated[
        str, typer.Option(metavar="LIST", help="The way leads through image 0 of each.")
    ] = "0,1,2,3",
    steps: Annotated[
        int | None,
        typer.Option(min=2, help="Images from one to the next.  [8; in a GIF or WebP 24]"),
    ] = None,
    output: Output = None,
    runs: Runs = Path("runs"),
) -> None:
    """Walk from image to image: a sheet with a row for each part of the way, or a GIF or WebP."""
    import numpy as np

    from ganzoo.draw import sheets

    stops = numbers("--seeds", seeds, int, "0,1,2,3")
    if len(stops) < 2:
        raise UsageError(
            f"--seeds {seeds} is one image, and a way needs two: --seeds {seeds},{stops[0] + 1}"
        )
    moving = output is not None and sheets.is_animation(output)
    steps = steps or (24 if moving else 8)
    check_sheet((len(stops) - 1) * steps, "give --steps or --seeds less")
    found, generator = open_model(model, runs)
    parts = np.stack([generator.interpolate(a, b, steps) for a, b in pairwise(stops)])
    name = "-".join(map(str, stops))
    target = output or Path(f"{found.name}-interpolate-{name}.png")
    sheet = (_walk if moving else _rows)(parts, stops)
    replace(sheet, caption=found.name).save(target)
    print(target)


def _rows(parts: Pixels, stops: list[int]) -> Sheet:
    """A sheet with a row for each of `parts` (len(stops) - 1, steps, H, W, C)."""
    from ganzoo.draw.sheets import Sheet

    steps = parts.shape[1]
    return Sheet(
        parts[:, None],
        rows=[f"seed {a} to {b}" for a, b in pairwise(stops)],
        columns=[f"{round(step / (steps - 1), 2):g}" for step in range(steps)],
        groups=["t, from the first seed to the second"],
    )


def _walk(parts: Pixels, stops: list[int]) -> Sheet:
    """One row, whose frames are the whole way; a stop ends one part and begins the next."""
    import numpy as np

    from ganzoo.draw.sheets import Sheet

    labels = [f"seed {stops[0]}"]
    for a, b in pairwise(stops):
        labels += [f"{a} to {b}"] * (parts.shape[1] - 2) + [f"seed {b}"]
    way = np.concatenate([parts[0, :1], *parts[:, 1:]])
    return Sheet(way[None, None], columns=labels, size=256)
