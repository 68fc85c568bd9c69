"""The training loop, as an iterator of events. It computes; whoever iterates prints and writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.train.batches import Batches, usable_labels
from ganzoo.train.device import deterministic
from ganzoo.train.events import (
    CheckpointDue,
    EpochEnded,
    EvaluationDue,
    Event,
    Finished,
    Logged,
    Started,
    Stepped,
)
from ganzoo.train.precision import Precision
from ganzoo.train.schedule import EACH_EPOCH, Every, Schedule, Stopwatch, total_steps
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.train.world import ALONE, World
from ganzoo.zoo.guard import explained


def fit(
    architecture: Architecture,
    pixels: NDArray[np.uint8],
    config: TrainConfig,
    *,
    labels: NDArray[np.int64] | None = None,
    device: torch.device | str = "cpu",
    world: World = ALONE,
    state: TrainState | None = None,
    precision: Precision | None = None,
    stop: Callable[[], bool] = lambda: False,
    save_every: Every = EACH_EPOCH,
    eval_every: Every | None = None,
    save_evaluated: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Event]:
    """Train `architecture` on `pixels`, uint8 (N, H, W, C); yield events and print nothing.

    An architecture with classes needs the images' `labels`, int64 (N,); for any other they change
    nothing.

    With `state`, go on from there, exactly as if there had been no break. `precision` is what the
    config's word means; without it, "auto" is fp32 on a CPU. `stop` is asked after
    every batch; once it says yes in any process, the loop ends in good order in all. Every
    process of `world` yields the same events, about the same state. With `eval_every` there are
    EvaluationDue events, and with `save_evaluated` each of them comes with a CheckpointDue. `clock`
    tells seconds.

    The networks of an event's state are in evaluation mode: draw from them, call them or export
    them as they are. Each step puts them into training mode and back, whatever was done to them.

    Raises DataError where labels are missing or do not fit; DivergedError when a number is not
    finite or far beyond reason, within `log_every` steps and before it could be saved; PluginError
    when the networks break the contract or the architecture's code raises; DeviceError when another
    process is gone.
    """
    device, labels = torch.device(device), usable_labels(labels, len(pixels), architecture.classes)
    share = world.share(config.batch_size)
    exact = deterministic if config.deterministic else nullcontext
    how = " (with compile=True)" if config.compile else ""
    with explained("its networks and optimizers cannot be made"), exact(device):
        state = state or TrainState.fresh(architecture, config, device)
        whole = total_steps(config, len(pixels)) * config.batch_size
        stepper = Stepper(
            architecture, state, config, device, world, images=whole, precision=precision
        )
    world.broadcast([*state.generator.parameters(), *state.discriminator.parameters()])
    batches = Batches(pixels, architecture.image_range, device, config.seed, labels)
    schedule = Schedule(config, len(batches), save_every, eval_every, save_evaluated)
    epoch, steps = schedule.epoch(state.samples_seen), schedule.steps
    due = schedule.after(state.step, state.samples_seen)
    yield Started(state, epoch, steps)

    training, unsaved = Stopwatch(clock), Stopwatch(clock)
    logged = state.samples_seen
    while not due.last:
        first = state.samples_seen + world.rank * share
        batch = batches.at(first, share), batches.labels_at(first, share)
        with (
            explained(f"training step {state.step + 1} fails{how}", "compile"),
            stepper.precision.applied(device),
            exact(device),
        ):
            stepper(*batch)
        epoch = schedule.epoch(state.samples_seen)
        yield Stepped(state, epoch, steps)

        stopping, late = world.agree(stop(), save_every.is_late(unsaved.seconds))
        due = schedule.after(state.step, state.samples_seen, stopping=stopping, late=late)
        if due.log:
            norms = state.metrics.fetch(world, state.step, stepper.gradient_norms())
            rate = (state.samples_seen - logged) / training.seconds
            means = state.metrics.means() | norms
            yield Logged(state, epoch, steps, means, rate, stepper.schedules())
            training.restart()
            logged = state.samples_seen
        if due.clear:
            state.metrics.clear()
        if due.epoch_ended:
            with training.paused():
                yield EpochEnded(state, epoch, steps)
        if due.evaluate:
            with training.paused():
                state.check_finite()
                yield EvaluationDue(state, epoch, steps)
        if due.save:
            with training.paused():
                state.metrics.fetch(world, state.step)
                state.check_finite()
                yield CheckpointDue(state, epoch, steps, last=due.last)
            unsaved.restart()

    outcome = "completed" if state.step >= steps else "stopped"
    yield Finished(state, epoch, steps, outcome, mid_epoch=not due.epoch_ended)
