"""Measure the time of `ganzoo sample -n 16`, with the start of its process.

Run `python -m benchmarks.start MODEL.onnx`. --python names an interpreter with ganzoo, such as one
without torch. The first start warms the caches, and does not count.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Start the command --rounds times, and print the median and the range."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    seconds = []
    with tempfile.TemporaryDirectory(prefix="ganzoo-start-") as folder:
        command = [arguments.python, "-m", "ganzoo", "sample", str(arguments.model), "-n", "16"]
        for _ in range(arguments.rounds + 1):
            start = time.perf_counter()
            subprocess.run([*command, "-o", f"{folder}/x.png"], check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
    seconds = seconds[1:]
    print(
        f"{statistics.median(seconds):.2f} s to 16 images, median of {len(seconds)} "
        f"({min(seconds):.2f} to {max(seconds):.2f})"
    )


if __name__ == "__main__":
    main()
