"""Measure how fast models draw, compared with torch, by turns in one process."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.timing import one_round

BATCH_SIZES = (1, 64)
SETTLE = 0.05
"""Seconds of rest before each measurement. The threads of the measurement before still spin for a
while; without the rest the next one is 15 % slower (onnxruntime 1.31, torch 2.13, 2 cores)."""
Speeds = dict[str, dict[int, float]]
"""Images per second, by the name of what draws and by batch size."""


def against_torch(
    models: dict[str, Generator], network: nn.Module, rounds: int = 5, seconds: float = 0.03
) -> Speeds:
    """Measure the speed of each model, and of `network` on the CPU, as it is and in channels_last.

    In each round all draw one after another, each for `seconds` and at least once. The results are
    medians over the rounds; one more round at the beginning does not count.
    """
    network = network.eval()
    channels_last = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    nets = {"torch": network, "torch channels_last": channels_last}
    like = next(iter(models.values()))
    runs: dict[str, Callable[..., Any]] = {name: model.forward for name, model in models.items()}
    for name, net in nets.items():
        runs[name] = lambda *given, net=net: net(*map(torch.from_numpy, given))
    speeds: Speeds = {name: {} for name in runs}
    for batch in BATCH_SIZES:
        given = like.inputs(latents.normal(batch, like.info.latent_dim))
        times: dict[str, list[float]] = {name: [] for name in runs}
        with torch.inference_mode():
            for _ in range(rounds + 1):
                for name, run in runs.items():
                    time.sleep(SETTLE)
                    times[name].append(one_round(partial(run, *given), seconds))
        for name, measured in times.items():
            speeds[name][batch] = batch / statistics.median(measured[1:])
    return speeds
