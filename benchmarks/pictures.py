"""What the pictures of a run cost, as a share of mlp_gan's 20 epochs.

`python -m benchmarks.pictures RUN`, RUN being such a run on Fashion-MNIST. Each round trains one
epoch, and draws all pictures of RUN in a process of its own, as the end of `ganzoo train` does:
torch is imported, matplotlib and the templates are not.
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
    """Seconds that training one epoch takes, by the run's own clock: without its start."""
    with tempfile.TemporaryDirectory() as runs:
        command = ["train", "mlp_gan", "--epochs", "1", "--runs", runs, "--no-report"]
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", *command], check=True, capture_output=True, text=True
        )
        entries = Run(Path(done.stdout.splitlines()[-1])).lines("metrics.jsonl")
        return float(max(entry.get("seconds", 0) for entry in entries))


def pictures(run: str) -> float:
    """Seconds that all of them take."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVE, run], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    """Print each round, and medians."""
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
