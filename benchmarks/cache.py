"""Measure what it costs that decoded images from the cache are compared with their hash.

`python -m benchmarks.cache` opens --count drawn faces by turns, --rounds times: compared before
(as `resume` does), compared while they are used (as `train` does), and not at all. Another folder
of $GANZOO_CACHE keeps it from the user's own cache.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.machine import processor
from ganzoo.data import cached, open_images
from ganzoo.data.cache import IMAGES, Check, Entry
from ganzoo.storage import cache_folder


def main() -> None:
    """Measure and print the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=11)
    given = parser.parse_args()
    images = open_images("toy_faces", (3, 96, 96), options={"count": given.count})
    name = next(one.name for one in cached() if one.shape == images.pixels.shape)
    entry = Entry(cache_folder() / IMAGES, name)

    checks: list[Check] = []

    def later() -> None:
        check = entry.open(check_later=True).check
        assert check
        checks.append(check)

    ways: dict[str, Callable[[], object]] = {
        "not compared": partial(np.memmap, entry.pixels, np.uint8, "c", shape=images.pixels.shape),
        "compared later": later,
        "compared before": entry.open,
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way, work in ways.items():
            began = time.perf_counter()
            work()
            seconds[way].append(time.perf_counter() - began)
            for check in checks:
                check.settle(wait=True)
            checks.clear()
    print(f"{processor()}; {images.pixels.nbytes / 1e6:.0f} MB")
    for way, times in seconds.items():
        print(f"{way}: {1e3 * statistics.median(times):.2f} ms")


if __name__ == "__main__":
    main()
