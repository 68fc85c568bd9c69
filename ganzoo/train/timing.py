"""How fast the networks of an architecture train in one precision and in another."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.train.precision import Precision
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper

CPU = torch.device("cpu")
ROUNDS = 5
LEAST = 0.05
"""Seconds that are timed at once, at least: a step of the smallest networks takes a millisecond."""
BATCH = 64
"""Most images of a step that is timed: larger batches change the ratio little."""
MANY = 10**6
"""Images of a run that is long."""


def times_as_fast(
    architecture: Architecture,
    config: TrainConfig,
    clock: Callable[[], float] = time.thread_time,
) -> float:
    """Return how many times as fast as in fp32 a step of training is in bf16, on the CPU.

    New networks are trained in both by turns, on images that are always the same, and thrown away.
    The median of five rounds counts. It takes six steps of each, or half a second where steps are
    short. One thread computes, and its own seconds count: threads that wait for each other tell
    nothing on a machine that does other work as well.
    """
    config = replace(config, batch_size=min(config.batch_size, BATCH), ema=None)
    steps = [_step(architecture, config, Precision(name, "")) for name in ("bf16", "fp32")]
    ratios = []
    with one_thread():
        for step in steps:
            step()  # it allocates memory, and chooses how to compute
        for _ in range(ROUNDS):
            fast, usual = (_seconds(step, clock) for step in steps)
            ratios.append(usual / fast)
    return statistics.median(ratios)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in the thread that asks alone, while this lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _step(
    architecture: Architecture, config: TrainConfig, precision: Precision
) -> Callable[[], None]:
    """Return a function that trains new networks by one step, on the same images each time."""
    state = TrainState.fresh(architecture, config, CPU)
    stepper = Stepper(architecture, state, config, CPU, precision=precision, images=MANY)
    low, high = architecture.image_range
    channels, height, width = architecture.image_shape
    pixels = torch.linspace(low, high, config.batch_size * height * width * channels)
    batch = pixels.view(config.batch_size, height, width, channels).permute(0, 3, 1, 2)
    classes = architecture.classes
    labels = torch.arange(config.batch_size) % classes if classes else None
    return lambda: stepper(batch, labels)


def _seconds(step: Callable[[], None], clock: Callable[[], float]) -> float:
    """Return the seconds of a step: the mean of as many as `LEAST` seconds have."""
    began, count = clock(), 0
    while not count or clock() - began < LEAST:
        step()
        count += 1
    return (clock() - began) / count
