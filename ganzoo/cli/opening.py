"""What the commands that draw share: which model, how it is opened, and lists of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.draw.generator import Generator

Model = Annotated[
    Path | None,
    typer.Argument(
        help="An .onnx file (needs no torch), or a run, checkpoint or model.safetensors. "
        "Default: the latest run."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="A sheet (.png) or an animation (.gif, .webp). Default: a .png named after the model.",
    ),
]
LARGEST_SHEET = 10_000
"""Images; a sheet is in memory as a whole."""
Number = TypeVar("Number", int, float)


def latest_run(runs: Path) -> Path:
    """The folder of the latest run below `runs` that has a checkpoint; raises ModelFileError."""
    from ganzoo.runs.folder import Run

    return Run.latest(runs).path


def open_model(path: Path) -> Generator:
    """An ONNX file by onnxruntime; anything else by torch, which only then is imported."""
    if path.suffix.lower() == ".onnx":
        from ganzoo.draw.session import load_onnx

        return load_onnx(path)
    from ganzoo.runs.weights import load_generator

    return load_generator(path)[0]


def check_sheet(images: int, instead: str) -> None:
    """UsageError where a sheet would have too many images; `instead` is what to do."""
    if images > LARGEST_SHEET:
        raise UsageError(
            f"{images:,} images are too many for a sheet, which holds {LARGEST_SHEET:,}: {instead}"
        )


def numbers(option: str, given: str, kind: Callable[[str], Number], example: str) -> list[Number]:
    """The comma-separated finite numbers that `option` was given; UsageError where one is none."""
    try:
        found = [kind(word) for word in given.split(",")]
    except ValueError:
        found = []
    if not found or not all(-math.inf < number < math.inf for number in found):
        what = "whole numbers" if kind is int else "finite numbers"
        raise UsageError(
            f"{option} takes {what} with commas between them: {example}, not '{given}'"
        )
    return found
