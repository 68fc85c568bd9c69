"""`ganzoo train`: from a name to a run folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli import options as given
from ganzoo.cli.console import open_architecture
from ganzoo.cli.signals import signals
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.zoo import catalogue, options, registry

if TYPE_CHECKING:
    from ganzoo.runs.folder import Run


def train(
    architecture: Annotated[str, typer.Argument(help="A name from `ganzoo list`.")],
    settings: given.Settings = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A registered data set, or a path: a folder or zip of images, a folder of IDX "
            "files, an .npz. Default: the architecture's own."
        ),
    ] = None,
    data_settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set-data", metavar="KEY=VALUE", help="An option of the data set; may be repeated."
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Train without the images that cannot be read.")
    ] = False,
    device: given.DeviceName = "auto",
    seed: given.Seed = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often every image is used.")
    ] = None,
    batch_size: given.BatchSize = None,
    lr: given.LearningRate = None,
    discriminator_steps: given.DiscriminatorSteps = None,
    max_steps: given.MaxSteps = None,
    log_every: given.LogEvery = None,
    ema: given.Average = None,
    precision: given.PrecisionName = None,
    compile_: given.Compile = None,
    deterministic: given.Deterministic = None,
    save_every: given.SaveEvery = None,
    keep: given.Keep = None,
    keep_every: given.KeepEvery = None,
    snapshots: given.Snapshots = None,
    report: given.Report = None,
    progress: given.Progress = "auto",
    tensorboard: given.TensorBoard = False,
    runs: given.Runs = Path("runs"),
) -> None:
    """Train an architecture; the run's folder is the last line printed.

    Defaults for epochs, batch size and the like are the architecture's own. Ctrl-C stops it with
    a checkpoint, and `ganzoo resume` goes on. Started by torchrun, several processes share every
    batch, and the first of them prints and writes.
    """
    from ganzoo.cli.carrying import Saving, carry_out, open_data
    from ganzoo.cli.continuing import continue_run
    from ganzoo.cli.progress import choose as choose_display
    from ganzoo.runs.folder import Run
    from ganzoo.runs.job import Job
    from ganzoo.train.device import choose, keep_freed_memory
    from ganzoo.train.schedule import sized
    from ganzoo.train.world import joined

    loaded = open_architecture(architecture, options.parse_pairs(settings or []))
    changes: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": lr,
        "discriminator_steps": discriminator_steps,
        "max_steps": max_steps,
        "log_every": log_every,
        "seed": seed,
        "ema": ema,
        "precision": precision,
        "compile": compile_,
        "deterministic": deterministic,
    }
    saved = {
        "save_every": save_every,
        "keep": keep,
        "keep_every": keep_every,
        "snapshots": snapshots,
        "report": report,
    }
    try:
        asked = replace(loaded.value.defaults, **given.given_only(changes))
    except ValueError as error:
        raise UsageError(str(error)) from None
    saving = Saving(**given.given_only(saved))
    where, display = choose(device), choose_display(progress, tensorboard)
    if data is None:
        data = registry.default_dataset(loaded)
        with registry.blame(loaded.entry):
            catalogue.find(catalogue.datasets(), data)
    keep_freed_memory()
    with joined(where.torch) as world:
        before = _started_before(runs) if world.leads else None
        if any(world.agree(before is not None)):
            return continue_run(before, where, world, display)
        pairs = options.parse_pairs(data_settings or [])
        images = open_data(data, loaded.value.image_shape, pairs, skip_bad, world, display)
        config = asked if batch_size else sized(asked, len(images.pixels))
        notes = {}
        if asked.batch_size != config.batch_size:
            sizes = f"{config.batch_size}, not {asked.batch_size}"
            notes["batch size"] = f"{sizes}: the data set is small; --batch-size overrides it"
        job = Job(loaded=loaded, images=images, config=config, device=where, world=world)

        @contextmanager
        def create() -> Iterator[Run]:
            run = Run.create(runs, job.name, job.describe() | {"saving": asdict(saving)})
            with run.locked():
                yield run

        with signals() as stop:
            carry_out(job, saving, stop, create, display, notes=notes)


def _started_before(runs: Path) -> Run | None:
    """The run that we began, where torchrun starts us anew after one of its processes ended."""
    from ganzoo.runs.folder import Run
    from ganzoo.train.world import launch, restarted

    ours = {"launch": launch(), "command": sys.argv[1:]}  # one job may train several

    def begun(run: Run) -> bool:
        facts = run.facts()
        return all(facts.get(name) == value for name, value in ours.items())

    with suppress(ModelFileError):
        if restarted():
            return Run.latest(runs, among=begun)
    return None
