"""Begin a run: from names and settings to events."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError
from ganzoo.runs.carrying import Stop, Work, carry_out, never
from ganzoo.runs.classes import with_classes
from ganzoo.runs.filling import with_channels
from ganzoo.runs.finding import Words
from ganzoo.runs.folder import Run
from ganzoo.runs.held import Held
from ganzoo.runs.initial import Initial
from ganzoo.runs.job import Job, Preparing, Say, open_architecture, open_data, quiet
from ganzoo.runs.precision import measured
from ganzoo.runs.resuming import go_on
from ganzoo.runs.saving import Settings
from ganzoo.runs.wishes import Wishes
from ganzoo.train.device import choose
from ganzoo.train.ema import check_growth
from ganzoo.train.events import Event
from ganzoo.train.schedule import sized, total_steps
from ganzoo.train.state import TrainState
from ganzoo.train.world import joined, launch, restarted
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.guard import explained


def begin(
    architecture: str,
    *,
    options: Mapping[str, Any] | None = None,
    data: str | None = None,
    data_options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    init: Words | None = None,
    device: str = "auto",
    settings: Mapping[str, Any] | None = None,
    runs: Path = Path("runs"),
    command: tuple[str, ...] = (),
    tensorboard: bool = False,
    stop: Stop = never,
    say: Say = lambda remark: None,
    preparing: Preparing = quiet,
) -> Generator[Event]:
    """Begin a run of `architecture` in a new folder below `runs`, and yield its events.

    `options` are the options of the architecture. `data` is a registered data set or a path; the
    default is the architecture's own data set. `settings` are fields of `TrainConfig` and `Saving`
    by name. An image that cannot be read is an error; with `skip_bad` it is left out. `init` names
    trained weights to begin with, where they fit: a run, weights, or a published model. `command`
    is noted in run.json. `say` is called with remarks. See `carry_out` for the events. torchrun
    starts all processes again after one has ended; then this goes on with the run that was begun
    before.

    Raises a GanzooError: PluginError for the architecture, SettingError, DataError, DeviceError,
    OutputError, or DivergedError.
    """
    if tensorboard:
        import ganzoo.runs.tensorboard  # noqa: F401 - where it is not installed, that is said now
    loaded = open_architecture(architecture, options or {}, say)
    given = Settings.of(settings or {})
    asked, saving = given.chosen(loaded.value.defaults)
    if "ema_growth" in given.config:
        check_growth(loaded.value, asked)
    where = choose(device)
    if data is None:
        data = registry.default_dataset(loaded)
        with registry.blame(loaded.entry):
            catalogue.find(catalogue.datasets(), data)
    with joined(where.torch) as world:
        before = _begun_before(runs, command) if world.leads else None
        if any(world.agree(before is not None)):
            yield from go_on(
                before, where, world, Wishes(), command=command,
                tensorboard=tensorboard, stop=stop, say=say, preparing=preparing,
            )  # fmt: skip
            return
        weights = None if init is None else Initial.read(init, runs)
        heard = say if world.leads else (lambda remark: None)
        loaded = with_channels(loaded, options or {}, data, data_options or {}, world, heard)
        shape = loaded.value.image_shape
        images = open_data(
            data, shape, data_options or {}, skip_bad, world, preparing, check_later=True
        )
        loaded = with_classes(loaded, options or {}, images, heard)
        small = "batch_size" not in given.config
        config = sized(asked, len(images.pixels)) if small else asked
        steps = total_steps(config, len(images.pixels))
        precision = measured(loaded, config, where.torch, world, steps)
        job = Job(
            loaded=loaded, images=images, config=config, device=where, precision=precision,
            world=world,
        )  # fmt: skip

        initial, origin = None, None
        if weights is not None:
            with registry.blame(loaded.entry), explained("its networks cannot be made"):
                initial = TrainState.fresh(loaded.value, config, where.torch)
            origin = weights.put_into(initial)

        @contextmanager
        def create(state: TrainState) -> Iterator[Held]:
            run = Run.create(runs, job.name, job.facts(saving, command, state, origin))
            with run.locked() as held:
                yield held

        work = Work(
            job=job, saving=saving, open_run=create, asked=asked, initial=initial, origin=origin
        )
        yield from carry_out(work, stop=stop, tensorboard=tensorboard)


def _begun_before(runs: Path, command: tuple[str, ...]) -> Run | None:
    """Return the run that this job began before torchrun started it again, or None."""

    def ours(run: Run) -> bool:
        facts = run.begun_as()
        return (facts.launch, facts.command) == (launch(), command)  # one job may train several

    with suppress(ModelFileError):
        if restarted():
            return Run.latest(runs, among=ours)
    return None
