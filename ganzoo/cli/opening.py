"""The shared part of the commands that draw: their options, opening a model, lists of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ganzoo.cli import candidates
from ganzoo.config import listed
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.draw.checking import Own
    from ganzoo.draw.generator import Generator
    from ganzoo.runs.finding import Found

Model = Annotated[
    Path | None,
    typer.Argument(
        help="An .onnx file (needs no torch), or a run, its name, a checkpoint or a .safetensors. "
        "Default: the latest run.",
        autocompletion=candidates.models,
    ),
]
Which = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        help="A run or its name. Default: the latest.",
        autocompletion=candidates.runs,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="A sheet (.png, .svg, .pdf) or an animation (.gif, .webp). Default: a .png named "
        "after the model.",
    ),
]
Title = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What the figure calls it.  [the name of the file or run]"),
]
Class = Annotated[
    str | None,
    typer.Option(
        "--class", metavar="NAME", help="Of one class alone, by its name or number. Default: mixed."
    ),
]
Truncation = Annotated[
    float | None,
    typer.Option(
        "--truncation",
        metavar="PSI",
        help="How far from the mean image, from 0 (that image) to 2, where the model takes it: "
        "below 1, as trained, images are cleaner and more alike, above 1 rarer and less clean.",
    ),
]
OwnLatents = Annotated[
    Path | None,
    typer.Option("--z", metavar="NPY", help="Your own latents (n, latent_dim), not a seed."),
]
LARGEST_SHEET = 10_000
"""Largest number of images in a sheet, which must fit into memory."""
Number = TypeVar("Number", int, float)


def open_model(
    model: Path | None, runs: Path, label: str | None = None, truncation: float | None = None
) -> tuple[Found, Generator]:
    """Return what `model` names, and a generator to draw from; an ONNX file needs no torch.

    With `label` it draws one class, and with `truncation` images nearer to its mean.
    """
    from ganzoo.api.loading import load
    from ganzoo.runs.finding import find

    found = find(model, runs)
    return found, load(found.path).with_settings(label, truncation)


def read_own(z: Path | None, generator: Generator) -> Own:
    """Return the latents (n, latent_dim) in the file that --z names; None where it names none."""
    from ganzoo.draw.checking import read_latents

    return None if z is None else read_latents(z, generator.info.latent_dim)


EACH = "each"
"""The word for all classes, one row each."""


def slug(generator: Generator) -> str:
    """Return the end of a file's name that says what was chosen: "-Ankle-boot-truncation0.5".

    Where a class's name is nothing, or another has the same, its number is first: "-3-Ankle-boot".
    So the pictures of one class never replace those of another.
    """
    psi = "" if generator.truncation == 1 else f"-truncation{generator.truncation:g}"
    if generator.label is None:
        return psi
    words = [re.sub(r"[^\w-]+", "-", name).strip("-")[:40] for name in generator.classes]
    own = words[generator.label]
    alike = [word.casefold() for word in (*words, "", EACH)].count(own.casefold()) > 1
    return (f"-{generator.label}-{own}".rstrip("-") if alike else f"-{own}") + psi


def class_option(generator: Generator) -> str:
    """Return what chooses the class of `generator` in a shell: " --class 'Ankle boot'"."""
    if generator.label is None:
        return ""
    name = generator.classes[generator.label]
    return f" --class {generator.label if name == EACH else quote(name)}"


def about(generator: Generator) -> str:
    """Return the end of a title that says what was chosen: ", Ankle boot, truncation 0.5"."""
    name = "" if generator.label is None else f", {generator.classes[generator.label]}"
    return name + ("" if generator.truncation == 1 else f", truncation {generator.truncation:g}")


def check_sheet(images: int, instead: str) -> None:
    """Raise UsageError where a sheet would have too many images; `instead` says what to do."""
    if images > LARGEST_SHEET:
        raise UsageError(
            f"{images:,} images are too many for a sheet, which holds {LARGEST_SHEET:,}: {instead}"
        )


def numbers(option: str, given: str, kind: Callable[[str], Number], example: str) -> list[Number]:
    """Return the finite numbers in the list `given` to `option`, or raise UsageError."""
    try:
        found = [kind(word) for word in listed(given)]
    except ValueError:
        found = []
    if not found or not all(-math.inf < number < math.inf for number in found):
        what = "whole numbers" if kind is int else "finite numbers"
        raise UsageError(
            f"{option} takes {what} with commas between them: {example}, not '{given}'"
        )
    return found
