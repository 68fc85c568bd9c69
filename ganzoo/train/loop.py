"""The training loop, as an iterator of events. It computes; whoever iterates prints and writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.train.batches import Batches
from ganzoo.train.device import deterministic
from ganzoo.train.events import CheckpointDue, EpochEnded, Event, Finished, Logged, Started, Stepped
from ganzoo.train.schedule import EACH_EPOCH, Every, total_steps
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.train.world import ALONE, World
from ganzoo.zoo.guard import explained


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
