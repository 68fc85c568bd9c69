"""How much memory commands take, and whether it grows: `python -m benchmarks.memory`.

Real processes are measured: the largest resident memory of `ganzoo sample` for more and more
images and of a decode of larger and larger folders, and that of `ganzoo train` as it goes on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.machine import processor

TINY = ("--max-steps", "1", "--batch-size", "64", "--snapshots", "99", "--no-report")


def ganzoo(folder: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """Begin a command with a cache of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"GANZOO_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
    )


def peak(folder: Path, *arguments: object) -> float:
    """Return the largest resident memory of a command, in MB."""
    running = ganzoo(folder, *arguments)
    _, status, usage = os.wait4(running.pid, 0)
    if status:
        raise SystemExit(f"ganzoo {' '.join(map(str, arguments))} ended with {status}")
    return usage.ru_maxrss / 1000


def resident(pid: int) -> float:
    """Return the resident memory of a process now, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def sampling(folder: Path, counts: list[int]) -> Iterator[str]:
    """Draw so many images into an .npz, from an ONNX file."""
    ganzoo(folder, "train", "mlp_gan", "--data", "toy_garments", *TINY).wait()
    ganzoo(folder, "export", "--onnx", "-o", "x.onnx").wait()
    for count in counts:
        took = peak(folder, "sample", "x.onnx", "-n", count, "--npz", "x.npz")
        yield f"sample --npz, {count:,} images of 28x28: {took:.0f} MB"
        (folder / "x.npz").unlink()


def decoding(folder: Path, counts: list[int]) -> Iterator[str]:
    """Train one step on folders of so many pictures, which are decoded before."""
    pictures, made = folder / "pictures", 0
    pictures.mkdir()
    for count in counts:
        for number in range(made, count):
            pixels = np.random.default_rng(number).integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(pictures / f"{number}.png")
        made = count
        took = peak(folder, "train", "mlp_gan", "--data", "pictures", *TINY)
        yield f"train, a folder of {count:,} tiny pictures: {took:.0f} MB"


def training(folder: Path, minutes: int) -> Iterator[str]:
    """Train for a minute and so many more; tell the memory after the first and each fifth part."""
    forever = ("--epochs", 10**6, "--snapshots", 99, "--no-report", "--batch-size", 64)
    running = ganzoo(folder, "train", "mlp_gan", "--data", "toy_garments", *forever)
    try:
        for part in range(6):
            time.sleep(minutes * 60 / 5 if part else 60)
            if running.poll() is not None:
                raise SystemExit(f"the training ended with {running.returncode}")
            after = 1 + part * minutes / 5
            yield f"train, after {after:.0f} minutes: {resident(running.pid):.1f} MB"
    finally:
        running.terminate()
        running.wait()


def main() -> None:
    """Print what was measured, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--pictures", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--minutes", type=int, default=30)
    given = parser.parse_args()
    print(processor())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for line in sampling(folder, given.images):
            print(line, flush=True)
        for line in decoding(folder, given.pictures):
            print(line, flush=True)
        if given.minutes:
            for line in training(folder, given.minutes):
                print(line, flush=True)


if __name__ == "__main__":
    main()
