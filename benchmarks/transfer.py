"""Train on a few pictures, from nothing and from trained weights, and judge both at equal steps.

`python -m benchmarks.transfer FACES.zip --init r1gan-faces` keeps every twelfth picture of a folder
or zip, 500 of 6,000, trains on these alone, and judges by the others, which nobody was trained on.
It prints a table in Markdown: means over the seeds, and their smallest and largest value. What the
folder --out holds already is not done again.
"""

from __future__ import annotations

import argparse
import statistics
import zipfile
from pathlib import Path

import ganzoo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import MEASURES
from ganzoo.runs.clock import seconds_at
from ganzoo.runs.folder import Run

SHOWN = ("kernel", "frechet", "precision", "recall", "coverage")


def main() -> None:
    """Train and judge every start, and print a row for each lap of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("faces", type=Path, help="a zip of pictures")
    parser.add_argument("--every", type=int, default=12, help="one of so many is trained on")
    parser.add_argument("--init", action="append", default=[], help="a model or a run")
    parser.add_argument("--architecture", default="r1gan")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--laps", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--judged", type=int, default=3_000, help="pictures to judge")
    parser.add_argument("--out", type=Path, default=Path("runs/transfer"))
    a = parser.parse_args()
    few, rest = split(a.faces, a.every, a.out)
    head = ("start", "steps", "seconds", *(MEASURES[name].title for name in SHOWN))
    for line in (head, ["---"] * len(head)):
        print(f"| {' | '.join(line)} |")
    for start in (None, *a.init):
        runs = [trained(start, seed, few, a) for seed in range(a.seeds)]
        for lap in range(1, a.laps + 1):
            step = a.steps * lap // a.laps
            found = [judged(run, step, rest, a.judged) for run in runs]
            seconds = statistics.mean(seconds_at(run, step) or 0 for run in runs)
            cells = [said([e[name] for e in found], name) for name in SHOWN]
            row = (start or "from nothing", f"{step:,}", f"{seconds:,.0f}", *cells)
            print(f"| {' | '.join(row)} |", flush=True)


def split(faces: Path, every: int, out: Path) -> tuple[Path, Path]:
    """Write one of `every` pictures of a zip into a folder, the others into another."""
    few, rest = out / f"one-of-{every}", out / "others"
    if not rest.exists():
        with zipfile.ZipFile(faces) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".png"))
            for number, name in enumerate(names):
                path = (rest if number % every else few) / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
    return few, rest


def trained(start: str | None, seed: int, few: Path, a: argparse.Namespace) -> Run:
    """Return the run of a start and a seed, which is trained if it is not there."""
    folder = a.out / f"{Path(start or 'nothing').name}-{seed}"
    (run,) = ganzoo.runs(folder) or [
        ganzoo.train(
            a.architecture, options={"size": a.size}, data=few, init=start, runs=folder, seed=seed,
            epochs=1_000_000, max_steps=a.steps, save_every=a.steps // a.laps, keep=a.laps + 1,
            snapshots="1000000", report=False,
        )
    ]  # fmt: skip
    return Run(run.path)


def judged(run: Run, step: int, rest: Path, images: int) -> Evaluation:
    """Return the evaluation of a checkpoint, which is judged if it was not."""
    for saved in ganzoo.runs(run.path.parent)[0].evaluations:
        if saved.step == step and saved.images == images:
            return saved
    checkpoint = run.path / "checkpoints" / f"step-{step:08d}"
    return ganzoo.evaluate(checkpoint, against=rest, images=images, features="patches")


def said(values: list[float], name: str) -> str:
    """Return the mean, and the smallest and the largest value."""
    shown = MEASURES[name].shown
    least, most = min(values), max(values)
    return f"{shown(statistics.mean(values))} ({shown(least)} … {shown(most)})"


if __name__ == "__main__":
    main()
