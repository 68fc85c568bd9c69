"""Measure the time that a run's pictures take, as a share of mlp_gan's 20 epochs.

Run `python -m benchmarks.pictures RUN`, where RUN is such a run on Fashion-MNIST. Each round trains
one epoch, and draws all pictures of RUN in a process of its own. As at the end of `ganzoo train`,
torch is imported before, but matplotlib and the templates are not.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ganzoo.runs.folder import Run

LEAVE = """
import sys, time, torch
from pathlib import Path
from ganzoo.runs.folder import Run
import ganzoo.cli.training
start = time.perf_counter()
from ganzoo.report.of_run import leave
failed = list(leave(Run(Path(sys.argv[1]))))
assert not failed, failed
print(time.perf_counter() - start)
"""
ROUNDS, EPOCHS = 7, 20


def one_epoch() -> float:
    """Return the seconds that one epoch takes, by the run's own clock: without the start."""
    with tempfile.TemporaryDirectory() as runs:
        command = ["train", "mlp_gan", "--epochs", "1", "--runs", runs, "--no-report"]
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", *command], check=True, capture_output=True, text=True
        )
        entries = Run(Path(done.stdout.splitlines()[-1])).lines("metrics.jsonl")
        return float(max(entry.get("seconds", 0) for entry in entries))


def pictures(run: str) -> float:
    """Return the seconds that all pictures of a run take."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVE, run], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    """Measure, and print each round and the medians."""
    (run,) = sys.argv[1:]
    rounds = []
    for _ in range(ROUNDS):
        epoch, drawn = one_epoch(), pictures(run)
        rounds.append((epoch, drawn, drawn / (EPOCHS * epoch)))
        print(f"an epoch {epoch:.2f} s, pictures {drawn:.2f} s: {rounds[-1][2]:.1%}", flush=True)
    epoch, drawn, share = (statistics.median(column) for column in zip(*rounds, strict=True))
    shares = [share for *_, share in rounds]
    print(
        f"medians of {ROUNDS}: {EPOCHS} epochs {EPOCHS * epoch:.0f} s, pictures {drawn:.2f} s, "
        f"{share:.1%} of that ({min(shares):.1%} to {max(shares):.1%})"
    )


if __name__ == "__main__":
    main()
