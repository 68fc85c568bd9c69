"""What several commands share: options, and a name for what they make."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ganzoo.architecture import Precision

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="An option of the architecture; may be repeated."
    ),
]
Runs = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="Where runs are kept.", envvar="GANZOO_RUNS")
]
Timeout = Annotated[
    float, typer.Option(min=1, help="Seconds that loading a plugin, or one check, may take.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]

DeviceName = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Seed = Annotated[int | None, typer.Option(help="Decides weights, order and latents. Default: 0.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Real images in a step.")]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Learning rate of both networks.")]
DiscriminatorSteps = Annotated[
    int | None, typer.Option(min=1, help="Discriminator updates on each batch.")
]
MaxSteps = Annotated[int | None, typer.Option(min=1, help="Stop after that many batches.")]
LogEvery = Annotated[
    int | None, typer.Option(min=1, help="Batches between two entries in metrics.jsonl.")
]
Average = Annotated[
    float | None,
    typer.Option(
        "--ema",
        help="Keep a moving average of the generator, and draw and export that: below 1 its "
        "decay a step (0.999), from 1 on its half-life in images (10000).",
    ),
]
PrecisionName = Annotated[
    Precision | None,
    typer.Option("--precision", help="Of the passes: auto, fp32, tf32 or bf16."),
]
Compile = Annotated[
    bool | None, typer.Option("--compile", help="Put both networks through torch.compile.")
]
Deterministic = Annotated[
    bool | None,
    typer.Option("--deterministic", help="On CUDA, the same bits each time; a CPU gives them."),
]
SaveEvery = Annotated[
    str | None,
    typer.Option(
        metavar="EVERY",
        help="Write a checkpoint every 500 (steps), '2 epochs' or '10 minutes'. Default: 1 epoch.",
    ),
]
Keep = Annotated[int | None, typer.Option(min=1, help="How many checkpoints stay. Default: 2.")]
KeepEvery = Annotated[
    str | None,
    typer.Option(metavar="EVERY", help="Of the older ones keep one every 1000 or '5 epochs'."),
]

Snapshots = Annotated[
    str | None,
    typer.Option(
        metavar="EPOCHS",
        help="Draw a sample grid after these epochs only, as in 1,5,10,20. Default: after each.",
    ),
]

Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        envvar="GANZOO_REPORT",
        help="Draw curves, strip, animation and report.html at the end. Default: yes.",
    ),
]

Mode = Literal["auto", "rich", "plain", "json", "none"]
Progress = Annotated[
    Mode,
    typer.Option(
        help="How training is shown: a panel on a terminal (rich), lines (plain), an object a line "
        "(json), nothing but the run's folder (none)."
    ),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write curves and samples into RUN/tensorboard too.")
]


def model_name(path: Path) -> str:
    """What files made from a model are named after: its file without suffix, or its folder."""
    real = path.resolve()
    return real.name if real.is_dir() else real.stem


def given_only(options: dict[str, Any]) -> dict[str, Any]:
    """Those that the user gave."""
    return {name: value for name, value in options.items() if value is not None}
