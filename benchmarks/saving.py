"""Measure the time that checkpoints take: `python -m benchmarks.saving [ARCHITECTURE]`.

One run, with `fit` and `record`, writes a checkpoint after every second window of 100 steps. The
checkpoint is written in the background, during the next window. So each such window is compared
with the windows before and after it, in which no checkpoint is written.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import processor
from ganzoo.data import Images
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Job
from ganzoo.runs.recorder import record
from ganzoo.runs.saving import Saving
from ganzoo.train.device import choose, keep_freed_memory
from ganzoo.train.events import Stepped
from ganzoo.train.loop import fit
from ganzoo.train.precision import Precision
from ganzoo.train.schedule import Every
from ganzoo.train.world import ALONE
from ganzoo.zoo import registry

WINDOW = 100


def main() -> None:
    """Train, and print the share of time that a checkpoint in every window would take."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saving", description=__doc__)
    parser.add_argument("architecture", nargs="?", default="mlp_gan")
    parser.add_argument("--windows", type=int, default=100, help="of 100 steps, of either kind")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured")
    arguments = parser.parse_args()
    keep_freed_memory()
    loaded = registry.load_architecture(arguments.architecture)
    channels, height, width = loaded.value.image_shape
    pixels = np.random.default_rng(0).integers(0, 256, (60_000, height, width, channels), np.uint8)
    steps = 2 * WINDOW * (arguments.windows + 1)
    config = replace(loaded.value.defaults, epochs=10**6, max_steps=steps)
    images = Images(name="noise", pixels=pixels, fingerprint="", source={"path": "nowhere"})
    job = Job(
        loaded=loaded, images=images, config=config, device=choose("cpu"),
        precision=Precision("fp32", "as loops are measured"), world=ALONE,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="ganzoo-saving-", dir=arguments.folder) as folder:
        run = Run.create(Path(folder), "run", job.facts(Saving()))
        events = fit(loaded.value, pixels, config, save_every=Every(2 * WINDOW, "steps"))
        ends = [
            time.perf_counter()
            for event in record(run, events, job)
            if isinstance(event, Stepped) and event.state.step % WINDOW == 0
        ]
    windows = np.diff(ends)
    saving, before = windows[1::2], windows[0::2][: len(windows[1::2])]
    after = windows[2::2]
    ratios = [a / ((b + c) / 2) - 1 for a, b, c in zip(saving, before, after, strict=False)]
    low, middle, high = (100 * q for q in statistics.quantiles(ratios, n=4))
    print(
        f"{arguments.architecture}: a checkpoint every {WINDOW} steps costs {middle:.1f} % "
        f"(quartiles {low:.1f} to {high:.1f}; {len(ratios)} windows of "
        f"{1000 * statistics.median(before):.0f} ms); {processor()}, torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
