"""Which precision a run is trained in: measured once on its networks, and kept when it goes on."""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import torch

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.errors import DeviceError
from ganzoo.runs.facts import Circumstances
from ganzoo.storage import cache_folder, read_checked, write_checked
from ganzoo.train.precision import Precision, choose_precision
from ganzoo.train.timing import times_as_fast
from ganzoo.train.world import World
from ganzoo.zoo.registry import Loaded

SHORTEST = 500
"""Steps of the shortest run that is measured: that takes twelve steps, or half a second."""
COSTS = (
    "batch_size", "discriminator_steps", "discriminator_every", "generator_every", "shared_fakes",
    "augment", "compile",
)  # fmt: skip
"""Settings that the time of a step depends on."""


def measured(
    loaded: Loaded[Architecture],
    config: TrainConfig,
    device: torch.device,
    world: World,
    steps: int,
) -> Precision:
    """Return the precision of a new run of so many `steps`, the same in all processes.

    With precision="auto" on a CPU that has bfloat16, both are measured on the networks themselves,
    once: the result is kept in the cache. Raises DeviceError where `device` lacks it.
    """

    def faster() -> float | None:
        if steps < SHORTEST or config.compile:
            return None
        times = _remembered(loaded, config) if world.leads else None
        return json.loads(world.tell(json.dumps(times).encode()))  # type: ignore[no-any-return]

    return choose_precision(config.precision, device, faster)


def as_before(config: TrainConfig, device: torch.device, then: Circumstances) -> Precision:
    """Return the precision of a run that goes on: that of before, on the same kind of device."""
    if config.precision == "auto" and then.device.name.partition(":")[0] == device.type:
        with suppress(DeviceError):  # another GPU, which lacks it
            return choose_precision(then.precision.name, device, why="as before")
    return choose_precision(config.precision, device)


def _remembered(loaded: Loaded[Architecture], config: TrainConfig) -> float | None:
    """Return how many times as fast bf16 is here, from the cache or by measuring it now."""
    about = _about(loaded, config)
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    file = cache_folder() / "speed" / f"{loaded.entry.name}-{key}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        times = float(read_checked(file)["times"])
        if 0 < times < math.inf:
            return times
    try:
        times = times_as_fast(loaded.value, config)
    except Exception:  # whatever a network raises, training itself will raise it, and explain it
        return None
    with suppress(OSError):  # where it cannot be kept, it is measured again
        write_checked(file, {"times": times, "about": about})
    return times


def _about(loaded: Loaded[Architecture], config: TrainConfig) -> dict[str, Any]:
    """Return all that the time of a step depends on."""
    settings = asdict(config)
    return {
        "architecture": loaded.describe(),
        "settings": {name: settings[name] for name in COSTS},
        "torch": torch.__version__,
        "processor": torch.cpu.get_capabilities().get("cpu_name"),
    }
