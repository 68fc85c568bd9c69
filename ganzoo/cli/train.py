"""`ganzoo train`: from a name to a run folder."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo import catalogue, options, registry
from ganzoo.cli.console import open_architecture
from ganzoo.cli.parameters import Runs, Settings
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.architecture import Architecture, TrainConfig
    from ganzoo.data import Images
    from ganzoo.device import Device
    from ganzoo.registry import Loaded
    from ganzoo.train import Started

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 75}
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
    runs: Runs = Path("runs"),
) -> None:
    """Train an architecture; the run's folder is the last line printed.

    Defaults for epochs, batch size and the like are the architecture's own.
    """
    from ganzoo.cli.progress import decoding, follow
    from ganzoo.data import open_images
    from ganzoo.device import choose
    from ganzoo.run import Run, describe_run, record
    from ganzoo.train import Finished, Started, epochs_of, fit, sized

    loaded = open_architecture(architecture, settings)
    given: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": lr,
        "discriminator_steps": discriminator_steps,
        "max_steps": max_steps,
        "log_every": log_every,
        "seed": seed,
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
    with decoding() as progress:
        images = open_images(
            data,
            loaded.value.image_shape,
            options=options.parse_pairs(data_settings or []),
            skip_bad=skip_bad,
            progress=progress,
        )
    asked, config = config, config if batch_size else sized(config, len(images.pixels))
    with _signals() as stop, registry.blame(loaded.entry):
        events = fit(loaded.value, images.pixels, config, device=where.torch, stop=stop)
        started = next(events)
        assert isinstance(started, Started)
        _print_plan(loaded, images, asked, config, where, started)
        name = f"{loaded.entry.name}-{images.name}"
        run = Run.create(runs, name, describe_run(loaded, images, config, where))
        recorded = record(run, chain([started], events), loaded, images.name, config.seed)
        last = follow(recorded, epochs_of(config, len(images.pixels)), started.steps)
    if isinstance(last, Finished) and last.outcome == "stopped" and stop.signal is not None:
        print(f"stopped by {stop.signal.name} after step {last.state.step}; its checkpoint is in")
        print(run.path)
        raise typer.Exit(EXIT_CODES[stop.signal])
    print(f"next: ganzoo export {run.path} --onnx")
    print(run.path)


def _print_plan(
    loaded: Loaded[Architecture],
    images: Images,
    asked: TrainConfig,
    config: TrainConfig,
    device: Device,
    started: Started,
) -> None:
    """Say what is about to be done, before step 0."""
    from ganzoo.networks import count_parameters

    count, height, width, channels = images.pixels.shape
    settings = ", ".join(f"{k}={options.unparse(v)}" for k, v in loaded.options.items())
    rate = "" if config.learning_rate is None else f", learning rate {config.learning_rate:g}"
    entry = loaded.entry
    lines = {
        "architecture": f"{entry.name} of {entry.package} {entry.version} ({settings})",
        "generator": f"{count_parameters(started.state.generator):,} parameters",
        "discriminator": f"{count_parameters(started.state.discriminator):,} parameters",
        "data": f"{images.name}, {count:,} images, {width}x{height}, "
        f"{'grey' if channels == 1 else 'RGB'}",
        "training": f"{started.steps:,} steps of {config.batch_size} images, "
        f"{_short(started.steps * config.batch_size / count)} epochs, seed {config.seed}{rate}",
        "device": str(device),
    }
    if config.discriminator_steps > 1:
        lines["steps"] = (
            f"{config.discriminator_steps} of the discriminator on each batch, 1 of the generator"
        )
    if asked.batch_size != config.batch_size:
        sizes = f"{config.batch_size}, not {asked.batch_size}"
        lines["batch size"] = f"{sizes}: the data set is small; --batch-size overrides it"
    if images.skipped:
        lines["skipped"] = f"of the images, {len(images.skipped)} cannot be read: see run.json"
    for title, text in lines.items():
        print(f"{title:<14}{text}")


def _short(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


@dataclass
class _Stop:
    """Asked by the loop after every step; a signal makes it say yes."""

    signal: signal.Signals | None = None

    def __call__(self) -> bool:
        return self.signal is not None


@contextmanager
def _signals() -> Iterator[_Stop]:
    """Turn Ctrl-C and SIGTERM into a stop after the current step; a second Ctrl-C is at once."""
    stop = _Stop()

    def note(number: int, frame: object) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = signal.Signals(number)

    before = {number: signal.signal(number, note) for number in EXIT_CODES}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
