"""The training loop, as an iterator of events. It computes; whoever iterates prints and writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.train.batches import Batches
from ganzoo.train.device import deterministic
from ganzoo.train.schedule import Every
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.train.world import ALONE, World
from ganzoo.zoo.guard import explained

EACH_EPOCH = Every(1, "epochs")


@dataclass(frozen=True)
class Event:
    """Something that happened, and the state right after it: use it before you go on iterating."""

    state: TrainState
    epoch: int  # whole epochs done
    steps: int  # batches that the run will take


@dataclass(frozen=True)
class Started(Event):
    """The networks are built; nothing is trained yet."""


@dataclass(frozen=True)
class Stepped(Event):
    """One batch is done. The device may still be at work on it: nothing was waited for."""


@dataclass(frozen=True)
class Logged(Event):
    """The metrics of the batches since the last of these events.

    `metrics` has the means of loss_d, loss_g, d_real = D(x), d_fake = D(G(z)), the latter two as
    probabilities for logits and as raw scores for critics; a network that was not trained in these
    batches has none. `images_per_second` counts real images.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    images_per_second: float = math.nan


@dataclass(frozen=True)
class EpochEnded(Event):
    """The data set was used once more."""


@dataclass(frozen=True)
class CheckpointDue(Event):
    """It is time to save the state, which is finite; all that can be said of it was said before."""

    last: bool = False  # whether nothing is trained after it


@dataclass(frozen=True)
class Drawn(Event):
    """Samples were drawn; `fit` draws none, and the recorder says so where it does.

    `picture` is their grid, where it was kept; `diversity` is how much they differ, as a share of
    how much real images do: after an epoch.
    """

    picture: Path | None = None
    diversity: float | None = None


@dataclass(frozen=True)
class Warned(Event):
    """Something looks wrong; `text` says what, and by what one can tell."""

    text: str = ""


@dataclass(frozen=True)
class Finished(Event):
    """The last event. `outcome` is "completed", or "stopped" where `stop()` said so."""

    outcome: str = "completed"
    mid_epoch: bool = False  # whether the last step was not the last of an epoch


def total_steps(config: TrainConfig, images: int) -> int:
    """How many batches a run takes: the last one may reach into an epoch more."""
    steps = math.ceil(config.epochs * images / config.batch_size)
    return min(steps, config.max_steps or steps)


def epochs_of(config: TrainConfig, images: int) -> int:
    """How many epochs a run gets to see, the last perhaps in part."""
    return min(config.epochs, math.ceil(total_steps(config, images) * config.batch_size / images))


def sized(config: TrainConfig, images: int) -> TrainConfig:
    """`config` with its batch size halved until an epoch has eight batches, or a batch sixteen."""
    size = config.batch_size
    while size > 16 and images < 8 * size:
        size //= 2
    return replace(config, batch_size=size)


def fit(
    architecture: Architecture,
    pixels: NDArray[np.uint8],
    config: TrainConfig,
    *,
    device: torch.device | str = "cpu",
    world: World = ALONE,
    state: TrainState | None = None,
    stop: Callable[[], bool] = lambda: False,
    save_every: Every = EACH_EPOCH,
) -> Iterator[Event]:
    """Train `architecture` on `pixels`, uint8 (N, H, W, C); yields events and prints nothing.

    Goes on from `state` where one is given, exactly as if there had been no break. `stop` is asked
    after every batch; once it says yes in any process, the loop ends in good order in all. Every
    process of `world` yields the same events, about the same state. Raises DivergedError when a
    number is not finite or far beyond reason, within `log_every` steps and before it could be
    saved; PluginError when the networks break the contract or the architecture's code raises;
    DeviceError when another process is gone.
    """
    device = torch.device(device)
    count = world.share(config.batch_size)
    exact = deterministic if config.deterministic else nullcontext
    with explained("its networks and optimizers cannot be made"), exact(device):
        state = state or TrainState.fresh(architecture, config, device)
        stepper = Stepper(architecture, state, config, device, world)
    world.broadcast([*state.generator.parameters(), *state.discriminator.parameters()])
    batches = Batches(pixels, architecture.image_range, device, config.seed)
    steps, epoch = total_steps(config, len(batches)), state.samples_seen // len(batches)
    how = " (with --compile)" if config.compile else ""
    stopping = False
    yield Started(state, epoch, steps)
    since = saved = time.perf_counter()
    images = 0  # since then
    while state.step < steps and not stopping:
        real = batches.at(state.samples_seen + world.rank * count, count)
        with (
            explained(f"training step {state.step + 1} fails{how}"),
            stepper.precision.applied(device),
            exact(device),
        ):
            stepper(real)
        images += config.batch_size
        before, epoch = epoch, state.samples_seen // len(batches)
        yield Stepped(state, epoch, steps)
        stopping, late = world.agree(stop(), save_every.is_late(time.perf_counter() - saved))
        last = state.step == steps
        window_ends = epoch > before or state.step % config.log_every == 0
        in_turn = save_every.passed(state.step, epoch) > save_every.passed(state.step - 1, before)
        save = stopping or late or last or in_turn
        if window_ends or last:
            norms = state.metrics.fetch(world, state.step, stepper.gradient_norms())
            rate = images / (time.perf_counter() - since)
            yield Logged(state, epoch, steps, state.metrics.means() | norms, rate)
            since, images = time.perf_counter(), 0
        if window_ends:
            state.metrics.clear()
        paused = time.perf_counter()
        if epoch > before:
            yield EpochEnded(state, epoch, steps)
        if save:
            state.metrics.fetch(world, state.step)
            state.check_finite()
            yield CheckpointDue(state, epoch, steps, last=last or stopping)
            saved = time.perf_counter()
        since += time.perf_counter() - paused
    ended = state.samples_seen % len(batches) < config.batch_size  # the epoch, in the last step
    outcome = "completed" if state.step >= steps else "stopped"
    yield Finished(state, epoch, steps, outcome, mid_epoch=not ended)
