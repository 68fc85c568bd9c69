"""Measure what judging costs during training, as a share of an epoch.

`python -m benchmarks.evaluating dcgan_fashion` trains --steps steps for the time of an epoch, and
judges --images pictures --rounds times. It measures processor time and not a clock, so that other
processes count less. --features names what pictures are compared by.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

from benchmarks.machine import processor
from ganzoo.data import open_images
from ganzoo.runs.examining import Examiner
from ganzoo.runs.job import Job
from ganzoo.runs.saving import Saving
from ganzoo.train.device import choose
from ganzoo.train.events import Stepped
from ganzoo.train.loop import fit
from ganzoo.train.precision import Precision
from ganzoo.train.world import ALONE
from ganzoo.zoo import registry

T = TypeVar("T")
WARM_UP = 5
"""Steps whose time is not counted."""


def main() -> None:
    """Measure and print the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluating", description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--features")
    given = parser.parse_args()
    loaded = registry.load_architecture(given.architecture)
    gan, config = loaded.value, loaded.value.defaults
    images = open_images(registry.default_dataset(loaded), gan.image_shape)
    job = Job(
        loaded=loaded, images=images, config=config, device=choose("cpu"),
        precision=Precision("fp32", "as loops are measured"), world=ALONE,
    )  # fmt: skip
    print(processor())

    steps, state = list[float](), None
    began = time.process_time()
    for event in fit(gan, images.pixels, config):
        if isinstance(event, Stepped):
            steps.append(time.process_time() - began)
            began, state = time.process_time(), event.state
            if len(steps) == given.steps:
                break
    assert state is not None
    step = statistics.median(steps[WARM_UP:])
    epoch = step * len(images.pixels) / config.batch_size
    print(f"a step: {step:.3f} s, an epoch of {len(images.pixels):,} images: {epoch:.0f} s")

    saving = Saving(eval_every="1 epoch", eval_images=given.images, eval_features=given.features)
    opened, examiner = seconds(lambda: Examiner.open(job, saving))
    print(f"opening, once in a run: {opened:.1f} s; {examiner.about}")
    parts: dict[str, list[float]] = {"drawing": [], "features": [], "comparing": []}
    for _ in range(given.rounds):
        took, batches = seconds(lambda: [*examiner.pictures(state)])
        parts["drawing"].append(took)
        took, pictures = seconds(lambda: examiner.judge.look(batches))  # noqa: B023
        parts["features"].append(took)
        took, _ = seconds(lambda: examiner.judge.brief(pictures))  # noqa: B023
        parts["comparing"].append(took)
    medians = {name: statistics.median(times) for name, times in parts.items()}
    for name, took in medians.items():
        print(f"{name:<10}{took:8.2f} s")
    whole = sum(medians.values())
    print(f"{given.images:,} pictures: {whole:.2f} s, {whole / epoch:.2%} of an epoch")


def seconds(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor seconds of a piece of work, and its result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


if __name__ == "__main__":
    main()
