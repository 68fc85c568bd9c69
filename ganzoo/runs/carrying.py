"""Training in a run's folder: the part that a new run and a resumed run have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from shlex import quote

from ganzoo.config import TrainConfig
from ganzoo.data import Images
from ganzoo.errors import DeviceError, OutputError, is_out_of_memory
from ganzoo.runs.facts import Origin
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.held import Held
from ganzoo.runs.job import Job
from ganzoo.runs.recorder import record
from ganzoo.runs.saving import Saving
from ganzoo.storage import in_words
from ganzoo.train.events import CheckpointDue, EpochEnded, EvaluationDue, Event, Finished
from ganzoo.train.loop import fit
from ganzoo.train.schedule import epochs_of, total_steps
from ganzoo.train.state import TrainState
from ganzoo.zoo import registry

Stop = Callable[[], bool]
"""A function that is called after every step. Once it returns True, training ends in good order."""


def never() -> bool:
    """Return False: let a run end by itself."""
    return False


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job, and how to carry it out in a run's folder.

    `open_run` gives the leader the run's folder, for a state to begin with; the folder is locked
    inside the `with`. `state` is the state to go on from, or None for a new run. A new run may have
    an `origin`, and begins with the `initial` state then. `rejected` are checkpoints that could not
    be used: they are left alone. `asked` is the config before ganzoo adapted it to the data.
    """

    job: Job
    saving: Saving
    open_run: Callable[[TrainState], AbstractContextManager[Held]]
    asked: TrainConfig
    state: TrainState | None = None
    initial: TrainState | None = None
    origin: Origin | None = None
    rejected: set[Path] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Opened(Event):
    """The first event: networks and the run's folder exist, and nothing is trained yet.

    Every process gets this event. `work.state` is None where the run is new.
    """

    run: Run
    work: Work
    judged: str = ""
    """How often the pictures are judged, by what, and against which real images; "" if never."""

    @property
    def epochs(self) -> int:
        """How many epochs the run will see; the last one may be seen only in part."""
        return epochs_of(self.work.job.config, len(self.work.job.images.pixels))


def carry_out(work: Work, *, stop: Stop = never, tensorboard: bool = False) -> Generator[Event]:
    """Train, write the results into the run's folder, and yield every event.

    The first event is `Opened`, the last is `Finished`; between them come the events of `fit` and
    of `record`. Under torchrun each process iterates, and only the leader judges and writes.
    `tensorboard` also writes curves and samples for TensorBoard. Error messages say how to go on
    with the run.
    """
    job, world = work.job, work.job.world
    with registry.blame(job.loaded.entry):
        events = fit(
            job.loaded.value, job.images.pixels, job.config, labels=job.images.labels,
            device=job.device.torch, world=world, state=work.state or work.initial,
            precision=job.precision,
            stop=stop, save_every=work.saving.due(), eval_every=work.saving.judged(),
            save_evaluated=work.saving.keep_best,
        )  # fmt: skip
        events = _settled(events, job.images)
        started = next(events)
    examiner = None
    if work.saving.judged() and world.leads:
        from ganzoo.runs.examining import Examiner  # others need not load all of it

        examiner = Examiner.open(job, work.saving)
    with registry.blame(job.loaded.entry):
        if not world.leads:
            yield _opened(started, Run(Path(os.fsdecode(world.tell(b"")))), work)
            yield from chain([started], events)
        else:
            with (
                work.open_run(started.state) as held,
                _explained(held, job, resumed=work.state is not None),
            ):
                run = Run(held.path)
                world.tell(os.fsencode(run.path))
                yield _opened(started, run, work, examiner.about if examiner else "")
                checkpoints = work.saving.checkpoints(
                    run.path / "checkpoints",
                    len(job.images.pixels),
                    job.config.batch_size,
                    work.rejected,
                    lambda: run.lines(METRICS),
                )
                shown = work.saving.epochs_shown()
                recorded = record(
                    run, chain(_first(started, work), events), job, checkpoints, shown, examiner,
                    held,
                )  # fmt: skip
                if tensorboard:
                    from ganzoo.runs import tensorboard as board

                    recorded = board.write(run, recorded, job.loaded.value.objective.scores)
                yield from recorded
    world.barrier()  # torchrun takes the end of one for a failure, and would end those that write


def _first(started: Event, work: Work) -> list[Event]:
    """Return the events before training: what no seed gives again is kept from the beginning."""
    if work.initial is None:
        return [started]
    return [started, CheckpointDue(started.state, started.epoch, started.steps)]


def _settled(events: Iterator[Event], images: Images) -> Iterator[Event]:
    """Pass `events` on; raise DataError where images turn out to be damaged.

    The first event after which something is kept waits until that is known.
    """
    for event in events:
        kept = isinstance(event, EpochEnded | EvaluationDue | CheckpointDue | Finished)
        images.settle(wait=kept)
        yield event


def _opened(started: Event, run: Run, work: Work, judged: str = "") -> Opened:
    """Return the first event, with the state of `started`."""
    return Opened(started.state, started.epoch, started.steps, run=run, work=work, judged=judged)


@contextmanager
def _explained(held: Held, job: Job, *, resumed: bool) -> Generator[None]:
    """Turn an error of disk or memory into one that says what to do next.

    Raises OutputError for an error of the disk, DeviceError where memory is full.
    """
    go_on = f"go on with: ganzoo resume {quote(str(held.path))}"
    try:
        yield
    except OSError as error:
        held.check()  # what is missing may be all of it
        raise OutputError(f"{in_words(error)}; {go_on}") from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        size, processes = job.config.batch_size, job.world.size
        smaller = size // 2 // processes * processes
        what = "begin a new run with" if resumed else "try"
        hint = f"; {what} batch_size={smaller}" if smaller else ""
        raise DeviceError(
            f"out of memory with batches of {size} images{hint}", "batch_size"
        ) from error


def steps_of(job: Job) -> int:
    """Return the number of steps in a whole run of `job`."""
    return total_steps(job.config, len(job.images.pixels))
