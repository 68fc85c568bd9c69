"""`ganzoo train`: train an architecture in a new run folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli import candidates
from ganzoo.cli import options as given
from ganzoo.cli.training import Progress, carry_out, command
from ganzoo.zoo.options import parse_pairs


def train(
    architecture: Annotated[
        str,
        typer.Argument(help="A name from `ganzoo list`.", autocompletion=candidates.architectures),
    ],
    options: given.Settings = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A registered data set, or a path: a folder or zip of images, a folder of IDX "
            "files, an .npz, or FILE.npz:ARRAY. Default: the architecture's own.",
            autocompletion=candidates.data,
        ),
    ] = None,
    data_options: Annotated[
        list[str] | None,
        typer.Option(
            "--set-data",
            metavar="KEY=VALUE",
            help="An option of the data set; may be repeated.",
            autocompletion=candidates.options_of("data"),
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Train without the images that cannot be read.")
    ] = False,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Trained weights to begin with, where they fit: a run, a .safetensors, a "
            "published folder, or the name of a model.",
            autocompletion=candidates.models,
        ),
    ] = None,
    device: given.Device = "auto",
    settings: dict[str, Any] | None = None,
    progress: Progress = "auto",
    tensorboard: given.TensorBoard = False,
    runs: given.Runs = Path("runs"),
) -> None:
    """Train an architecture; the run's folder is the last line printed.

    Defaults for epochs, batch size and the like are the architecture's own. Ctrl-C stops it with
    a checkpoint, and `ganzoo resume` goes on. Started by torchrun, several processes share every
    batch, and the first of them prints and writes.
    """
    from ganzoo.runs.beginning import begin

    carry_out(
        partial(
            begin,
            architecture,
            options=parse_pairs(options or []),
            data=data,
            data_options=parse_pairs(data_options or []),
            skip_bad=skip_bad,
            init=init,
            device=device,
            settings=settings,
            runs=runs,
            command=command(),
            tensorboard=tensorboard,
        ),
        progress,
    )
