"""What a run leaves behind as it goes: metrics, sample grids, checkpoints, and how it ended."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ganzoo.draw import latents
from ganzoo.draw.pixels import Pixels, grid, save_png, to_pixels
from ganzoo.errors import DivergedError, GanzooError
from ganzoo.runs import health
from ganzoo.runs.background import Background
from ganzoo.runs.card import card
from ganzoo.runs.checkpoints import CARD, Checkpoints, step_of
from ganzoo.runs.folder import SAMPLES, Run, now
from ganzoo.runs.job import Job
from ganzoo.runs.state_files import to_files
from ganzoo.runs.weights import model_info
from ganzoo.seeds import derive
from ganzoo.train.events import (
    CheckpointDue,
    Drawn,
    EpochEnded,
    Event,
    Finished,
    Logged,
    Started,
    Warned,
)
from ganzoo.train.networks import draw, seeded


def record(
    run: Run,
    events: Iterable[Event],
    job: Job,
    checkpoints: Checkpoints | None = None,
    snapshots: Collection[int] | None = None,
) -> Generator[Event]:
    """Pass `events` on, writing metrics, sample grids and checkpoints into `run` as they come.

    Grids are of each epoch, or of those in `snapshots`; those of the beginning and the end always.
    Adds a Drawn whenever samples were drawn, and a Warned where what was measured looks wrong.

    The disk is not waited for while training can go on; when this ends, the last checkpoint that
    was due is there.
    """
    checkpoints = checkpoints or Checkpoints(run.path / "checkpoints")
    writer = _Writer(run, job, checkpoints)
    try:
        with (run.path / "metrics.jsonl").open("a") as metrics, writer.background:
            for event in events:
                drawn: list[Drawn] = []
                warnings: list[str] = []
                if isinstance(event, Logged):
                    warnings = writer.note(writer.metrics(event), metrics)
                elif isinstance(event, Started):
                    writer.status("running")
                    writer.epoch = event.epoch
                    # What no file could hold is an error now, and not after an hour.
                    to_files(event.state, job.loaded, job.images.name)
                    checkpoints.prune(event.state.step)  # a process was killed before it did
                    if event.state.step == 0:
                        writer.show_real()
                        drawn = [writer.draw("epoch-0000", event)]
                elif isinstance(event, EpochEnded):
                    drawn = [writer.draw_epoch(event, snapshots)]
                    warnings = writer.note(writer.diversity(drawn[0]), metrics)
                elif isinstance(event, CheckpointDue):
                    writer.save(event, metrics)
                elif isinstance(event, Finished):
                    if event.mid_epoch or not writer.shown(event.epoch):
                        yield writer.draw(f"step-{event.state.step:08d}", event)
                    writer.background.wait()
                    asked = "it was asked to" if event.outcome == "stopped" else ""
                    writer.status(event.outcome, asked)
                yield event
                yield from drawn
                for text in warnings:
                    yield Warned(event.state, event.epoch, event.steps, text)
    except (GeneratorExit, KeyboardInterrupt):  # whoever iterates gave up
        with suppress(OSError):
            writer.status("interrupted")
        raise
    except DivergedError as error:
        with suppress(OSError):
            writer.status("diverged", str(error))
        raise DivergedError(
            f"{error}; {writer.saved}; try a smaller learning_rate=", "learning_rate"
        ) from error
    except BaseException as error:
        why = str(error) if isinstance(error, GanzooError) else f"{type(error).__name__}: {error}"
        with suppress(OSError):  # the disk may be full: that is what it was about
            writer.status("failed", why)
        raise


class _Writer:
    """What `record` writes, one method for each file."""

    def __init__(self, run: Run, job: Job, checkpoints: Checkpoints) -> None:
        self.run, self.job, self.checkpoints = run, job, checkpoints
        self.gan = job.loaded.value
        self.facts, self.described = (run.path / "run.json").read_bytes(), run.facts()
        self.epoch = 0  # of the last samples, or of the beginning
        self.latest: dict[str, Any] = {}  # that was measured
        self.health = health.Watch(self.gan.objective.scores)
        for entry in run.lines("metrics.jsonl"):
            self.health.see(entry)
            self.latest = entry if "seconds" in entry else self.latest
        self.z = latents.normal(SAMPLES, self.gan.latent_dim, job.config.seed)
        self.background = Background()
        self.start = time.perf_counter()

    @property
    def saved(self) -> str:
        """Which checkpoint is the newest, in words."""
        newest = next(self.checkpoints.newest_first(), None)
        return f"the last good checkpoint is {newest}" if newest else "it has no checkpoint yet"

    def note(self, entry: dict[str, Any], metrics: IO[str]) -> list[str]:
        """Add an entry to metrics.jsonl; what to say of it that was not said of the one before."""
        metrics.write(json.dumps(entry) + "\n")
        metrics.flush()
        return self.health.see(entry)

    def diversity(self, drawn: Drawn) -> dict[str, Any]:
        return {
            "step": drawn.state.step,
            "epoch": drawn.epoch,
            "samples_seen": drawn.state.samples_seen,
            "diversity": drawn.diversity,
        }

    def metrics(self, event: Logged) -> dict[str, Any]:
        self.latest = {
            "step": event.state.step,
            "epoch": event.epoch,
            "samples_seen": event.state.samples_seen,
            **{name: round(value, 6) for name, value in event.metrics.items()},
            "images_per_second": round(event.images_per_second, 1),
            "seconds": round(time.perf_counter() - self.start, 3),
        }
        return self.latest

    def shown(self, epoch: int) -> bool:
        """Whether a grid shows what was drawn after an epoch."""
        return (self.run.path / "samples" / f"epoch-{epoch:04d}.png").exists()

    def draw(self, name: str, event: Event) -> Drawn:
        """Keep the first images of the run's seed, as they are now."""
        path = self._keep(name, self._samples(event))
        return Drawn(event.state, event.epoch, event.steps, path)

    def draw_epoch(self, event: Event, wanted: Collection[int] | None) -> Drawn:
        """Measure how much those images differ; keep them at the end, and after `wanted` epochs."""
        pixels = self._samples(event)
        before, self.epoch = self.epoch, event.epoch
        due = wanted is None or any(before < epoch <= event.epoch for epoch in wanted)
        keep = due or event.state.step == event.steps
        path = self._keep(f"epoch-{event.epoch:04d}", pixels) if keep else None
        diversity = health.diversity(pixels, self.job.images.pixels[:SAMPLES])
        return Drawn(event.state, event.epoch, event.steps, path, round(diversity, 4))

    def show_real(self) -> None:
        """Keep the first images that it is trained on, to stand beside what it draws."""
        self._keep("real", self.job.images.pixels[:SAMPLES])

    def _samples(self, event: Event) -> Pixels:
        noise = derive(self.job.config.seed, "samples")  # of a generator that draws some
        with seeded(noise, self.job.device.torch):
            floats = draw(event.state.shown, self.z)
        return to_pixels(floats, self.gan.image_range)

    def _keep(self, name: str, pixels: Pixels) -> Path:
        path = self.run.path / "samples" / f"{name}.png"
        save_png(grid(pixels), path)
        return path

    def save(self, event: CheckpointDue, metrics: IO[str]) -> None:
        """Commit the state, after all that was measured until then."""
        self.background.wait()
        files = to_files(event.state, self.job.loaded, self.job.images.name, self.facts)
        files[CARD] = [self.card(event).encode()]
        commit = self.checkpoints.write(event.state.step, files)

        def finish() -> None:
            os.fsync(metrics.fileno())
            commit()

        if event.last:
            finish()
        else:
            self.background.start(finish)

    def card(self, event: Event) -> str:
        state, name = event.state, self.run.path.resolve().name
        info = model_info(self.job.loaded, self.job.images.name, state.samples_seen)
        average = state.average is not None
        return card(name, self.described, info, state.step, self.latest, average)

    def status(self, outcome: str, why: str = "") -> None:
        newest = next(self.checkpoints.newest_first(), None)
        step = newest and step_of(newest)
        content = {"outcome": outcome, "why": why, "step": step, "time": now()}
        self.run.write("status.json", content)
