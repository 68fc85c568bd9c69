"""`ganzoo eval`: how good a model's pictures are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from signal import SIGTERM
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.api.terminal import print_json, print_line, terminal
from ganzoo.cli import candidates, console
from ganzoo.cli.evaluations import check_folder, show_steps, where, write_sheets
from ganzoo.cli.options import AsJson, Runs
from ganzoo.evaluate.measures import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ganzoo.evaluate.evaluation import Evaluation


def evaluate(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A run, its name, a checkpoint, a .safetensors or an .onnx file (needs no torch), "
            "or a folder, .zip or .npz of pictures. Default: the latest run.",
            autocompletion=candidates.models,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="The real images: a name from `ganzoo list`, or a path. Default: what it was "
            "trained on, its test split if it has one.",
            autocompletion=candidates.data,
        ),
    ] = None,
    data_options: Annotated[
        list[str] | None,
        typer.Option(
            "--set-data",
            metavar="KEY=VALUE",
            help="An option of the data set.",
            autocompletion=candidates.options_of("against"),
        ),
    ] = None,
    images: Annotated[int, typer.Option(help="How many pictures to judge.")] = IMAGES,
    seed: Annotated[int, typer.Option(help="Decides which pictures are drawn.")] = 0,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to compare by. Default: classifier if the data has labels, else patches.",
            autocompletion=candidates.features,
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An option of the features.",
            autocompletion=candidates.options_of("features"),
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out real images that cannot be read.")
    ] = False,
    each_checkpoint: Annotated[
        bool, typer.Option("--each-checkpoint", help="Judge each checkpoint of the run.")
    ] = False,
    device: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, cpu, cuda, cuda:1 or mps.",
            autocompletion=candidates.devices,
        ),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Write the sheets of pictures there as well."
        ),
    ] = None,
    as_json: AsJson = False,
    runs: Runs = Path("runs"),
) -> None:
    """Judge a model's pictures: a table of measures, each between real and untrained."""
    from ganzoo.api.signals import signals
    from ganzoo.evaluate.text import text
    from ganzoo.evaluate.words import brief
    from ganzoo.zoo.guard import divert_stdout
    from ganzoo.zoo.options import parse_pairs

    given = {
        "against": against,
        "data_options": parse_pairs(data_options or []),
        "images": images,
        "seed": seed,
        "features": features,
        "options": parse_pairs(options or []),
        "skip_bad": skip_bad,
        "device": device,
        "runs": runs,
    }
    check_folder(output)
    several: list[Evaluation] = []
    with signals(SIGTERM) as stop, divert_stdout():  # whatever a plugin prints goes to stderr
        try:
            for evaluation in _judged(model, given, each_checkpoint):
                several.append(evaluation)
                if each_checkpoint and not as_json:
                    console.note(f"step {evaluation.step:,}: FD {brief(evaluation)}")
        except KeyboardInterrupt:
            if stop.received is None:
                raise
            console.note("stopped by SIGTERM: what is not finished is not kept")
            raise typer.Exit(128 + SIGTERM) from None
    failed = None
    if output is not None:
        try:
            several = [replace(e, sheets=write_sheets(e, output)) for e in several]
        except OSError as error:  # a full disk: the numbers are shown all the same
            failed = error
    if as_json:
        contents = [evaluation.to_json() for evaluation in several]
        print_json(contents if each_checkpoint else contents[0], indent=2)
    else:
        if each_checkpoint:
            show_steps(several)
        else:
            console.show(text(several[0], terminal().width))
        if not failed:
            print_line(where(several))
    if failed:
        raise failed


def _judged(
    model: Path | None, given: dict[str, Any], each_checkpoint: bool
) -> Iterator[Evaluation]:
    """Yield the evaluation of a model, or one for each checkpoint of a run."""
    from ganzoo.api.evaluating.evaluate import evaluate as judge
    from ganzoo.api.evaluating.evaluate import evaluate_checkpoints

    if each_checkpoint:
        yield from evaluate_checkpoints(model, **given)
    else:
        yield judge(model, **given)
