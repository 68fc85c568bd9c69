"""`ganzoo data`: what the cache holds of decoded images, and how to empty it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import candidates, console
from ganzoo.cli.options import AsJson
from ganzoo.printable import one_line
from ganzoo.storage import megabytes

if TYPE_CHECKING:
    from ganzoo.data.inventory import Stored

app = typer.Typer(invoke_without_command=True)


@app.callback()
def data(context: typer.Context, as_json: AsJson = False) -> None:
    """List the decoded images in the cache: what they are of, and how much of the disk they take.

    Images are decoded once, and used from the cache for as long as they are what was decoded.
    """
    if context.invoked_subcommand:
        return
    from ganzoo.data.inventory import cached
    from ganzoo.storage import cache_folder

    found = cached()
    if as_json:
        _print_json(found)
        return
    if not found:
        console.note("the cache has no decoded images")
        return
    table = console.table("name", "of", "images", "pixels", "size", "made")
    for number in (2, 4):
        table.columns[number].justify = "right"
    for one in found:
        count, pixels = "", ""
        if one.shape:
            count, pixels = f"{one.shape[0]:,}", _pixels(one)
        told = f"{one.data}: {one.origin}" if one.state == "whole" else one.state
        table.add_row(
            one.name[:8], one_line(told), count, pixels, megabytes(one.bytes), one.made[:10]
        )
    console.show(table)
    total = megabytes(sum(one.bytes for one in found))
    print_line(f"{total} in {cache_folder() / 'images'}")


@app.command()
def clear(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A data set, its path, or the first digits of a name from `ganzoo data`. "
            "Default: all.",
            autocompletion=candidates.data,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove decoded images from the cache; they are decoded again when they are needed.

    Downloads, trained features and measurements stay, and so does what another process decodes at
    the moment.
    """
    from ganzoo.data.inventory import clear as remove

    removed = remove(name)
    if as_json:
        _print_json(removed)
        return
    for one in removed:
        told = f"{one.data} {_pixels(one)}" if one.shape else one.state
        print_line(f"removed {one.name[:8]}: {told}, {megabytes(one.bytes)}")
    if not removed:
        console.note("the cache has no decoded images that can be removed")


def _print_json(found: list[Stored]) -> None:
    print_json([one.to_json() for one in found], indent=2)


def _pixels(one: Stored) -> str:
    """Return the size and kind of its images in words."""
    _, height, width, channels = one.shape
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"
