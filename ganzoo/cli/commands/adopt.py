"""`ganzoo adopt`: make a file that ganzoo works with of another project's ONNX generator."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli.options import AsJson, Force
from ganzoo.config import listed
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.export.adopting import Adopted


def adopt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX file that draws images.")],
    image_range: Annotated[
        str | None,
        typer.Option(
            "--range", metavar="LOW,HIGH", help="Values of black and of white, such as -1,1 or 0,1."
        ),
    ] = None,
    latent_input: Annotated[
        str | None, typer.Option("--latent", metavar="NAME", help="Input that takes the latents.")
    ] = None,
    label_input: Annotated[
        str | None, typer.Option("--label", metavar="NAME", help="Input that takes the labels.")
    ] = None,
    image_output: Annotated[
        str | None, typer.Option("--image", metavar="NAME", help="Output that is the images.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="N", help="How many classes there are, or their names, as cat,dog."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Default: exports/NAME.onnx."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a file that ganzoo draws from of another project's ONNX generator."""
    from ganzoo.export import adopting

    done = adopting.adopt(
        file,
        output or Path("exports", f"{file.stem}.onnx"),
        image_range=None if image_range is None else _range(image_range),
        latent_input=latent_input,
        label_input=label_input,
        image_output=image_output,
        classes=None if classes is None else _classes(classes),
        force=force,
    )
    if as_json:
        print_json(done.to_json())
    else:
        _report(file, done)


def _range(words: str) -> tuple[float, float]:
    """Return the numbers of "-1,1"."""
    try:
        low, high = map(float, listed(words))
    except ValueError:
        raise UsageError(f"--range takes two numbers, as in --range=-1,1, not {words!r}") from None
    return low, high


def _classes(words: str) -> int | list[str]:
    """Return the number of "10", or the names of "cat,dog"."""
    if words.isdecimal():
        return int(words.lstrip("0")[:10] or 0)  # Python reads no number of thousands of digits
    if re.fullmatch(r"[-+.\d\s]+", words):
        raise UsageError(f"--classes takes a whole number, or names, not {words!r}")
    return listed(words)


def _report(source: Path, done: Adopted) -> None:
    """Print what the file takes and gives; the path is the last line."""
    info = done.info
    low, high = info.image_range
    print_line(f"from       {source}")
    print_line(f"graph      {info.takes(done.batch)} to {info.output.in_words(done.batch)}")
    drawn = f"{done.lowest:.3g} to {done.highest:.3g} in the first images"
    print_line(f"values     {drawn}; black is {low:g}, white is {high:g}")
    if info.classes:
        print_line(f"classes    {', '.join(info.classes)}")
    print_line(f"file       {done.nbytes:,} bytes, SHA-256 {done.sha256}")
    print_line(f"next: ganzoo sample {quote(str(done.path))}")
    print_line(done.path)
