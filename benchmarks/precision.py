"""Train architectures in float32 and in bfloat16, with several seeds, and judge what they draw.

`python -m benchmarks.precision ARCH … --data fashion_mnist --images 60000` prints a table in
Markdown. All runs of an architecture see the same number of images. What the folder --out holds
already is not trained again.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import number
from ganzoo.zoo import registry

PRECISIONS = ("fp32", "bf16")
MEASURES = ("frechet", "kernel", "coverage")
HEAD = (
    "architecture", "images seen", "FD, fp32", "bf16", "KID, fp32", "bf16",
    "coverage, fp32", "bf16",
)  # fmt: skip


def main() -> None:
    """Train, judge, and print a row for each architecture: the means, and the seeds' range."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("architectures", nargs="+")
    parser.add_argument("--data", help="default: each architecture's own")
    parser.add_argument("--images", type=int, default=60_000, help="real images that a run sees")
    parser.add_argument("--batch", type=int, help="default: each architecture's own")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--judged", type=int, default=10_000, help="pictures to judge")
    parser.add_argument("--out", type=Path, default=Path("runs/precision"))
    a = parser.parse_args()
    for line in (HEAD, ["---"] * len(HEAD)):
        print(f"| {' | '.join(line)} |")
    for name in a.architectures:
        found: dict[str, list[Evaluation]] = {precision: [] for precision in PRECISIONS}
        for seed in range(a.seeds):
            for precision in PRECISIONS:
                found[precision].append(judged(name, seed, precision, a))
        cells = [
            said([evaluation[measure] for evaluation in found[precision]])
            for measure in MEASURES
            for precision in PRECISIONS
        ]
        print(f"| {' | '.join([name, f'{a.images:,}', *cells])} |", flush=True)


def judged(name: str, seed: int, precision: str, a: argparse.Namespace) -> Evaluation:
    """Return the evaluation of one run, which is trained if it is not there."""
    folder = a.out / f"{name}-{precision}-{seed}"
    (run,) = ganzoo.runs(folder) or [train(name, seed, precision, folder, a)]
    saved = run.evaluations
    return saved[-1] if saved else run.evaluate(images=a.judged)


def train(name: str, seed: int, precision: str, folder: Path, a: argparse.Namespace) -> TrainedRun:
    """Return a new run in `folder` that has seen so many images."""
    batch = a.batch or registry.load_architecture(name).value.defaults.batch_size
    return ganzoo.train(
        name, data=a.data, runs=folder, seed=seed, precision=precision, batch_size=batch,
        epochs=1_000_000, max_steps=a.images // batch, save_every="1000000 epochs",
        snapshots="1000000", report=False,
    )  # fmt: skip


def said(values: list[float]) -> str:
    """Return the mean, and the least and the largest value."""
    least, most = min(values), max(values)
    return f"{number(statistics.mean(values))} ({number(least)} … {number(most)})"


if __name__ == "__main__":
    main()
