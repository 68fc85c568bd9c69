"""`ganzoo train`: from a name to a run folder."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo import catalogue, options, registry
from ganzoo.architecture import Precision
from ganzoo.cli.console import open_architecture
from ganzoo.cli.parameters import Runs, Settings
from ganzoo.cli.plan import print_plan
from ganzoo.cli.signals import EXIT_CODES, Stop, signals
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.architecture import Architecture, TrainConfig
    from ganzoo.data import Images
    from ganzoo.device import Device
    from ganzoo.distributed import World
    from ganzoo.registry import Loaded

Count = Annotated[int | None, typer.Option(min=1)]


def train(
    architecture: Annotated[str, typer.Argument(help="A name from `ganzoo list`.")],
    settings: Settings = None,
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
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Decides weights, order and latents.")] = 0,
    epochs: Count = None,
    batch_size: Count = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate of both networks.")] = None,
    discriminator_steps: Annotated[
        int | None, typer.Option(min=1, help="Discriminator updates on each batch.")
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Stop after that many batches.")
    ] = None,
    log_every: Annotated[
        int | None, typer.Option(min=1, help="Batches between two entries in metrics.jsonl.")
    ] = None,
    ema: Annotated[
        float | None,
        typer.Option(
            help="Keep a moving average of the generator, and draw and export that: below 1 its "
            "decay a step (0.999), from 1 on its half-life in images (10000).",
        ),
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Of the passes: auto, fp32, tf32 or bf16.")
    ] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile", help="Put both networks through torch.compile.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Train an architecture; the run's folder is the last line printed.

    Defaults for epochs, batch size and the like are the architecture's own. Started by torchrun,
    several processes share every batch, and the first of them prints and writes.
    """
    from ganzoo.device import choose, keep_freed_memory
    from ganzoo.distributed import joined
    from ganzoo.train import sized

    loaded = open_architecture(architecture, settings)
    given: dict[str, Any] = {
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
    }
    try:
        config = replace(loaded.value.defaults, **{k: v for k, v in given.items() if v is not None})
    except ValueError as error:
        raise UsageError(str(error)) from None
    where = choose(device)
    if data is None:
        data = registry.default_dataset(loaded)
        with registry.blame(loaded.entry):
            catalogue.find(catalogue.datasets(), data)
    keep_freed_memory()
    with joined(where.torch) as world:
        with world.leader_first():
            images = _open(data, loaded, data_settings, skip_bad, world)
        asked = config
        if not batch_size:
            config = sized(config, len(images.pixels))
        with signals() as stop:
            _train(loaded, images, asked, config, where, world, stop, runs)


def _open(
    data: str,
    loaded: Loaded[Architecture],
    settings: list[str] | None,
    skip_bad: bool,
    world: World,
) -> Images:
    from ganzoo.cli.progress import decoding
    from ganzoo.data import open_images

    quiet = nullcontext(lambda done, total: None)
    with decoding() if world.leads else quiet as progress:
        return open_images(
            data,
            loaded.value.image_shape,
            options=options.parse_pairs(settings or []),
            skip_bad=skip_bad,
            progress=progress,
        )


def _train(
    loaded: Loaded[Architecture],
    images: Images,
    asked: TrainConfig,
    config: TrainConfig,
    where: Device,
    world: World,
    stop: Stop,
    runs: Path,
) -> None:
    """Train, and let the leader say and record what happens."""
    from ganzoo.cli.progress import follow
    from ganzoo.precision import choose
    from ganzoo.run import Run, describe_run, record
    from ganzoo.train import Finished, epochs_of, fit

    precision = choose(config.precision, where.torch)
    with registry.blame(loaded.entry):
        events = fit(
            loaded.value, images.pixels, config, device=where.torch, world=world, stop=stop
        )
        if not world.leads:
            (last,) = deque(events, maxlen=1)
        else:
            started = next(events)
            print_plan(loaded, images, asked, config, where, precision, started, world)
            facts = describe_run(loaded, images, config, where, precision, world)
            name = f"{loaded.entry.name}-{images.name}"
            run = Run.create(runs, name, facts)
            recorded = record(run, chain([started], events), loaded, images.name, config.seed)
            last = follow(recorded, epochs_of(config, len(images.pixels)), started.steps)
    world.barrier()  # torchrun takes the end of one for a failure, and ends those that still write
    stopped = isinstance(last, Finished) and last.outcome == "stopped"
    if world.leads and stopped:
        print(f"stopped by {stop.told.name} after step {last.state.step}; its checkpoint is in")
    elif world.leads:
        print(f"next: ganzoo export {run.path} --onnx")
    if world.leads:
        print(run.path)
    if stopped:
        raise typer.Exit(EXIT_CODES[stop.told])
