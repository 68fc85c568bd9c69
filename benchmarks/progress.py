"""Measure the time that the panel takes: for a frame, for a step, and for a training of mlp_gan.

`python -m benchmarks.progress` trains with and without the panel by turns, --rounds times --steps
steps. It measures processor time and not a clock, so that other processes count less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.machine import processor
from ganzoo.api.progress import Display, choose, follow, panel
from ganzoo.api.progress.view import Shown, View
from ganzoo.data import open_images
from ganzoo.train.events import Stepped
from ganzoo.train.loop import fit
from ganzoo.zoo import registry


def main() -> None:
    """Measure and print the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.progress", description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    gan = registry.load_architecture("mlp_gan").value
    pixels = open_images("toy_garments", gan.image_shape, options={"count": 4096}).pixels
    config = replace(gan.defaults, max_steps=given.steps)
    shown = Shown(
        run=Path("runs/mlp_gan-toy_garments-001"), plan={}, epochs=20, steps=given.steps,
        images=len(pixels), scores="logits",
        earlier=[{"step": 50 * i, "loss_d": i, "loss_g": i, "d_real": 0.6, "d_fake": 0.4}
                 for i in range(200)],
    )  # fmt: skip
    print(processor())
    view = View(shown)
    for width, height in ((80, 24), (200, 50)):
        with open(os.devnull, "w") as nowhere:
            screen = Console(file=nowhere, force_terminal=True, width=width, height=height)
            cost = _seconds(partial(_frame, screen, view), 200)
        print(f"a frame of {width}x{height}: {1e3 * cost:.2f} ms, {panel.A_SECOND} a second")
    *_, last = (event for event in fit(gan, pixels, config) if isinstance(event, Stepped))
    print(f"a step: {1e6 * _seconds(lambda: view.update(last), 100_000):.2f} µs")
    with open(os.devnull, "w") as nowhere:
        screen = Console(file=nowhere, force_terminal=True, width=80, height=24)
        displays = {"with": Display(lambda run: panel.show(run, screen)), "without": choose("none")}
        seconds: dict[str, list[float]] = {name: [] for name in displays}
        for _ in range(given.rounds):
            for name, display in displays.items():
                began = time.process_time()
                follow(fit(gan, pixels, config), shown, display)
                seconds[name].append(time.process_time() - began)
    for name, times in seconds.items():
        print(f"{given.steps / statistics.median(times):.1f} steps a second {name} the panel")
    ratios = [a / b - 1 for a, b in zip(seconds["with"], seconds["without"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(
        f"more time with it: {middle:+.1%} (median of {given.rounds}; quartiles "
        f"{low:+.1%}, {high:+.1%})"
    )


def _frame(screen: Console, view: View) -> None:
    """Draw one frame."""
    screen.print(panel.draw(view, screen.options))


def _seconds(work: Callable[[], object], times: int) -> float:
    """Return the processor seconds of one piece of work, the mean of so many `times`."""
    began = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - began) / times


if __name__ == "__main__":
    main()
