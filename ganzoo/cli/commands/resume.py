"""`ganzoo resume`: go on with a run, exactly as if it had not been stopped."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli import candidates
from ganzoo.cli import options as given
from ganzoo.cli.training import Progress, carry_out, command
from ganzoo.zoo.options import parse_pairs


def resume(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="A run or its name. Default: the one begun last.", autocompletion=candidates.runs
        ),
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(metavar="N|+N", help="Train until epoch N, or for N more than was asked for."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, cuda, cuda:1 or mps. Default: as it was.",
            autocompletion=candidates.devices,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Where the same images are now, if they were moved.",
            autocompletion=candidates.data,
        ),
    ] = None,
    progress: Progress = "auto",
    tensorboard: given.TensorBoard = False,
    settings: dict[str, Any] | None = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="As it was.",
            rich_help_panel="Refused if the run has others",
        ),
    ] = None,
    runs: given.Runs = Path("runs"),
) -> None:
    """Go on with a run from its newest checkpoint; the run's folder is the last line printed.

    On a CPU, with the same versions and number of threads, it ends in the same bits as a run that
    was never stopped. It may be made longer; options that would make it another run are refused.
    """
    from ganzoo.runs.resuming import resume as go_on

    carry_out(
        partial(
            go_on,
            run,
            epochs=epochs,
            options=parse_pairs(options or []),
            data=data,
            device=device,
            settings=settings,
            runs=runs,
            command=command(),
            tensorboard=tensorboard,
        ),
        progress,
    )
