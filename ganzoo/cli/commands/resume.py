"""`ganzoo resume`: go on with a run, exactly as if it had not been stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.architecture import Precision
from ganzoo.cli import options as given
from ganzoo.errors import ModelFileError
from ganzoo.zoo import options


def _same(*names: str, metavar: str | None = None) -> Any:
    """An option of `train` that may be repeated, but not with another value."""
    return typer.Option(
        *names, metavar=metavar, help="As it was.", rich_help_panel="Refused if the run has others"
    )


def resume(
    run: Annotated[
        Path | None, typer.Argument(help="The run's folder. Default: the one begun last.")
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(metavar="N|+N", help="Train until epoch N, or for N more than was asked for."),
    ] = None,
    max_steps: given.MaxSteps = None,
    log_every: given.LogEvery = None,
    save_every: given.SaveEvery = None,
    keep: given.Keep = None,
    keep_every: given.KeepEvery = None,
    snapshots: given.Snapshots = None,
    report: given.Report = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps. Default: as it was.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Where the same images are now, if they were moved.")
    ] = None,
    progress: given.Progress = "auto",
    tensorboard: given.TensorBoard = False,
    settings: Annotated[list[str] | None, _same("--set", metavar="KEY=VALUE")] = None,
    seed: Annotated[int | None, _same()] = None,
    batch_size: Annotated[int | None, _same()] = None,
    lr: Annotated[float | None, _same("--lr")] = None,
    discriminator_steps: Annotated[int | None, _same()] = None,
    ema: Annotated[float | None, _same()] = None,
    precision: Annotated[Precision | None, _same()] = None,
    compile_: Annotated[bool | None, _same("--compile")] = None,
    deterministic: Annotated[bool | None, _same("--deterministic")] = None,
    runs: given.Runs = Path("runs"),
) -> None:
    """Go on with a run from its newest checkpoint; the run's folder is the last line printed.

    On a CPU, with the same versions and number of threads, it ends in the same bits as a run that
    was never stopped. It may be made longer; options that would make it another run are refused.
    """
    from ganzoo.cli.continuing import continue_run, device_of
    from ganzoo.cli.progress import choose as choose_display
    from ganzoo.runs.folder import Run
    from ganzoo.runs.resuming import Wishes
    from ganzoo.train.device import choose, keep_freed_memory
    from ganzoo.train.world import joined, leads

    wishes = Wishes(
        epochs=epochs,
        changes=given.given_only({"max_steps": max_steps, "log_every": log_every}),
        saving=given.given_only(
            {
                "save_every": save_every,
                "keep": keep,
                "keep_every": keep_every,
                "snapshots": snapshots,
                "report": report,
            }
        ),
        same=given.given_only(
            {
                "batch_size": batch_size,
                "learning_rate": lr,
                "discriminator_steps": discriminator_steps,
                "seed": seed,
                "ema": ema,
                "precision": precision,
                "compile": compile_,
                "deterministic": deterministic,
            }
        ),
        options=options.parse_pairs(settings or []),
        data=data,
    )
    found = None
    if leads():  # only the leader needs to see the folder
        for lost in () if run else Run.nameless(runs):
            raise ModelFileError(
                f"{lost} has checkpoints but no run.json that can be read, so it cannot be told "
                f"which run is the latest: name it, as in `ganzoo resume {lost}`"
            )
        found = Run(run) if run else Run.latest(runs, among=lambda run: True)
        found.check()
    display = choose_display(progress, tensorboard)
    where = choose(device or device_of(found), None if device else "as before")
    keep_freed_memory()
    with joined(where.torch) as world:
        continue_run(found, where, world, display, wishes)
