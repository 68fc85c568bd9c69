"""Write what happens in a run: metrics, sample grids, checkpoints, and how it ended."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Generator, Iterable
from io import RawIOBase
from pathlib import Path
from typing import Any

from ganzoo.draw import latents
from ganzoo.draw.pixels import Pixels, grid, save_png, to_pixels
from ganzoo.errors import GanzooError, reason
from ganzoo.evaluate.spread import diversity
from ganzoo.runs import health
from ganzoo.runs.background import Background
from ganzoo.runs.card import card
from ganzoo.runs.checkpoints import CARD, Checkpoints
from ganzoo.runs.folder import METRICS, SAMPLES, Run
from ganzoo.runs.held import Held
from ganzoo.runs.job import Job
from ganzoo.runs.quantities import SCHEDULED
from ganzoo.runs.scores import Examined
from ganzoo.runs.state_files import to_files
from ganzoo.runs.status import Status
from ganzoo.runs.weights import model_info
from ganzoo.seeds import derive
from ganzoo.storage import naming, write_all
from ganzoo.train.events import (
    CheckpointDue,
    Drawn,
    EpochEnded,
    Evaluated,
    EvaluationDue,
    Event,
    Finished,
    Logged,
    Started,
    Warned,
)
from ganzoo.train.networks import draw, seeded
from ganzoo.train.schedule import total_steps
from ganzoo.train.state import TrainState

Evaluate = Callable[[TrainState], Examined]
"""A function that judges what a state draws; see `ganzoo.runs.examining`."""


def record(
    run: Run,
    events: Iterable[Event],
    job: Job,
    checkpoints: Checkpoints | None = None,
    snapshots: Collection[int] | None = None,
    evaluate: Evaluate | None = None,
    held: Held | None = None,
) -> Generator[Event]:
    """Pass `events` on, and write metrics, sample grids and checkpoints into `run` as they come.

    A grid is written after each epoch, or after the epochs in `snapshots`, and always at the
    beginning and at the end. This adds a Drawn event after samples were drawn, an Evaluated event
    after `evaluate` judged the pictures, and a Warned event after a measurement that looks wrong.

    Training does not wait for the disk. When this ends, the last checkpoint that was due is there.
    Raises OutputError where the run's folder is not there any more; it is not made again. `held` is
    that folder since it was locked.
    """
    checkpoints = checkpoints or Checkpoints(run.path / "checkpoints")
    writer = _Writer(run, job, checkpoints, held)
    with (
        writer.status.kept(),
        (run.path / METRICS).open("ab", buffering=0) as metrics,
        writer.background,
    ):
        for event in events:
            writer.status.held.check()
            then: list[Event] = []  # events to pass on after this one
            match event:
                case Started():
                    then = writer.begin(event)
                case Logged():
                    then = writer.note(event, writer.metrics(event), metrics)
                case EpochEnded():
                    drawn = writer.draw_epoch(event, snapshots)
                    then = [drawn, *writer.note(event, writer.diversity(drawn), metrics)]
                case EvaluationDue() if evaluate:
                    then = writer.evaluate(event, evaluate, metrics)
                case CheckpointDue():
                    writer.save(event, metrics)
                case Finished():
                    if event.mid_epoch or not writer.shown(event.epoch):
                        yield writer.draw(f"step-{event.state.step:08d}", event)
                    writer.end(event)
            yield event
            yield from then


class _Writer:
    """The writer behind `record`: a method for each file, and for how a run begins and ends."""

    def __init__(self, run: Run, job: Job, checkpoints: Checkpoints, held: Held | None) -> None:
        self.run, self.job, self.checkpoints = run, job, checkpoints
        self.gan = job.loaded.value
        self.facts, self.described = (run.path / "run.json").read_bytes(), run.facts()
        self.epoch = 0  # at which samples were last drawn, or the run began
        self.latest: dict[str, Any] = {}  # metrics
        steps = total_steps(job.config, len(job.images.pixels))
        self.health = health.Watch(self.gan.objective.scores, steps)
        for entry in run.lines(METRICS):
            self.health.see(entry)
            self.latest = entry if "images_per_second" in entry else self.latest
        self.drawn = latents.inputs(SAMPLES, self.gan.latent_dim, self.gan.classes, job.config.seed)
        self.background = Background()
        self.start = time.perf_counter()
        self.status = Status(run, checkpoints, held)

    def begin(self, event: Started) -> list[Event]:
        """Write that the run is on; draw its first samples, unless it is resumed."""
        self.status.write("running")
        self.epoch = event.epoch
        # A state that no file can hold is an error now, and not after an hour.
        to_files(
            event.state, self.job.loaded, self.job.images.name, classes=self.job.images.classes
        )
        # A process that was killed may not have removed its old ones.
        self.checkpoints.prune(event.state.step)
        if event.state.step > 0:
            return []
        self.show_real()
        return [self.draw("epoch-0000", event)]

    def end(self, event: Finished) -> None:
        """Wait for the last checkpoint, then write how the run ended."""
        self.background.wait()
        self.status.write(event.outcome, "it was asked to" if event.outcome == "stopped" else "")

    def note(self, event: Event, entry: dict[str, Any], metrics: RawIOBase) -> list[Event]:
        """Add an entry to metrics.jsonl; return a Warned for each warning that is new with it."""
        with naming(self.run.path / METRICS):
            write_all(metrics, f"{json.dumps(entry)}\n".encode())
        texts = self.health.see(entry)
        return [Warned(event.state, event.epoch, event.steps, text) for text in texts]

    def diversity(self, drawn: Drawn) -> dict[str, Any]:
        """Return the entry of metrics.jsonl for the samples after an epoch."""
        return {
            "step": drawn.state.step,
            "epoch": drawn.epoch,
            "samples_seen": drawn.state.samples_seen,
            "diversity": drawn.diversity,
        }

    def metrics(self, event: Logged) -> dict[str, Any]:
        """Return the entry of metrics.jsonl for a window of steps."""
        self.latest = {
            "step": event.state.step,
            "epoch": event.epoch,
            "samples_seen": event.state.samples_seen,
            **{name: round(value, 6) for name, value in event.metrics.items()},
            **{SCHEDULED + name: float(f"{v:.6g}") for name, v in event.scheduled.items()},
            "images_per_second": round(event.images_per_second, 1),
            "seconds": self.seconds,
        }
        return self.latest

    @property
    def seconds(self) -> float:
        """Seconds since this writer was made, so they begin anew with each resume.

        The time of evaluations is left out.
        """
        return round(time.perf_counter() - self.start, 3)

    def evaluate(self, event: Event, evaluate: Evaluate, metrics: RawIOBase) -> list[Event]:
        """Judge the pictures of the state, and add an entry to metrics.jsonl.

        Whatever fails in it is no reason to end the training: then there is only a warning.
        """
        began, state = time.perf_counter(), event.state
        where = (state, event.epoch, event.steps)
        try:
            found = evaluate(state)
        except Exception as error:  # of features, of the measures, or for want of memory
            why = str(error) if isinstance(error, GanzooError) else reason(error)
            return [Warned(*where, f"the pictures could not be judged: {why}")]
        finally:
            took = round(time.perf_counter() - began, 3)
            self.start += took
        then: list[Event] = [Evaluated(*where, found.scores, found.yardstick, took)]
        before = self.health.judged[-1:]
        if before and before[0].get("yardstick") != found.yardstick:
            text = (
                "scores before this were of other real images or features, or of another number of "
                "images: they cannot be compared"
            )
            then.append(Warned(*where, text))
        entry = {
            "step": state.step,
            "epoch": event.epoch,
            "samples_seen": state.samples_seen,
            **found.entry(),
            "seconds": self.seconds,
            "evaluation_seconds": took,
        }
        return [*then, *self.note(event, entry, metrics)]

    def shown(self, epoch: int) -> bool:
        """Return whether the grid of the samples after an epoch is there."""
        return (self.run.path / "samples" / f"epoch-{epoch:04d}.png").exists()

    def draw(self, name: str, event: Event) -> Drawn:
        """Draw the samples with the generator as it is now, and write their grid."""
        path = self._keep(name, self._samples(event))
        return Drawn(event.state, event.epoch, event.steps, path)

    def draw_epoch(self, event: Event, wanted: Collection[int] | None) -> Drawn:
        """Draw the samples and measure how much they differ.

        Their grid is written after the epochs in `wanted` (None means each), and at the end of the
        run.
        """
        pixels = self._samples(event)
        before, self.epoch = self.epoch, event.epoch
        due = wanted is None or any(before < epoch <= event.epoch for epoch in wanted)
        keep = due or event.state.step == event.steps
        path = self._keep(f"epoch-{event.epoch:04d}", pixels) if keep else None
        spread = round(diversity(pixels, self.job.images.pixels[:SAMPLES]), 4)
        return Drawn(event.state, event.epoch, event.steps, path, spread)

    def show_real(self) -> None:
        """Write a grid of the first training images, to compare the samples with."""
        self._keep("real", self.job.images.pixels[:SAMPLES])

    def _samples(self, event: Event) -> Pixels:
        """Return the first images of the run's seed, uint8 (SAMPLES, H, W, C)."""
        noise = derive(self.job.config.seed, "samples")  # for a generator that draws noise inside
        with seeded(noise, self.job.device.torch):
            floats = draw(event.state.shown, *self.drawn)
        return to_pixels(floats, self.gan.image_range)

    def _keep(self, name: str, pixels: Pixels) -> Path:
        """Write a grid of `pixels` into the folder `samples`, and return where it is."""
        path = self.run.path / "samples" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)  # not the folder of the run
        save_png(grid(pixels), path, new_folder=False)
        return path

    def save(self, event: CheckpointDue, metrics: RawIOBase) -> None:
        """Write a checkpoint of the state; the metrics until now are on the disk before it.

        The slow part is done in the background, except for the last checkpoint.
        """
        self.background.wait()
        job = self.job
        files = to_files(event.state, job.loaded, job.images.name, self.facts, job.images.classes)
        files[CARD] = [self.card(event).encode()]
        commit = self.checkpoints.write(event.state.step, files)

        def finish() -> None:
            with naming(self.run.path / METRICS):
                os.fsync(metrics.fileno())
            commit()

        if event.last:
            finish()
        else:
            self.background.start(finish)

    def card(self, event: Event) -> str:
        """Return the checkpoint's model card."""
        state, name = event.state, self.run.path.resolve().name
        images = self.job.images
        info = model_info(self.job.loaded, images.name, state.samples_seen, classes=images.classes)
        average = state.average is not None
        return card(name, self.described, info, state.step, self.latest, average)
