"""The training loop, as an iterator of events. It computes; whoever iterates prints and writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.batches import Batches
from ganzoo.distributed import ALONE, World
from ganzoo.errors import DivergedError
from ganzoo.guard import explained
from ganzoo.state import TrainState
from ganzoo.step import Stepper

DIVERGED = 1e8
"""A loss or score beyond this is not coming back; for comparison, logits of 100 are certainty."""


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
class Finished(Event):
    """The last event. `outcome` is "completed", or "stopped" where `stop()` said so."""

    outcome: str = "completed"


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
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train `architecture` on `pixels`, uint8 (N, H, W, C); yields events and prints nothing.

    `stop` is asked after every batch; once it says yes in any process, the loop ends in good order
    in all. Every process of `world` yields the same events, about the same state. Raises
    DivergedError when a loss is not finite or beyond `DIVERGED`, PluginError when the networks
    break the contract or the architecture's code raises, DeviceError when another process is gone.
    """
    device = torch.device(device)
    count = world.share(config.batch_size)
    with explained("its networks and optimizers cannot be made"):
        state = TrainState.fresh(architecture, config, device)
        stepper = Stepper(architecture, state, config, device, world)
    world.broadcast([*state.generator.parameters(), *state.discriminator.parameters()])
    batches = Batches(pixels, architecture.image_range, device, config.seed)
    steps, epoch = total_steps(config, len(batches)), 0
    how = " (with --compile)" if config.compile else ""
    yield Started(state, epoch, steps)
    since, images = time.perf_counter(), 0
    while state.step < steps and not world.any(stop()):
        real = batches.at(state.samples_seen + world.rank * count, count)
        with (
            explained(f"training step {state.step + 1} fails{how}"),
            stepper.precision.applied(device),
        ):
            stepper(real)
        images += config.batch_size
        ended = state.samples_seen // len(batches) > epoch
        epoch = state.samples_seen // len(batches)
        yield Stepped(state, epoch, steps)
        if ended or state.step % config.log_every == 0 or state.step == steps:
            metrics = _finite(stepper.metrics.mean(world), state.step)
            now = time.perf_counter()
            yield Logged(state, epoch, steps, metrics, images / (now - since))
            since, images = time.perf_counter(), 0
        if ended:
            yield EpochEnded(state, epoch, steps)
            since = time.perf_counter()
    _finite(stepper.metrics.mean(world), state.step)
    yield Finished(state, epoch, steps, "completed" if state.step >= steps else "stopped")


def _finite(metrics: dict[str, float], step: int) -> dict[str, float]:
    for name, value in metrics.items():
        if not abs(value) < DIVERGED:  # NaN included
            raise DivergedError(
                f"{name} is {value:.3g} at step {step}: training diverged; try a smaller --lr"
            )
    return metrics
