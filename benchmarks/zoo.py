"""Train every built-in architecture on real data; export, draw and judge it; print one table.

`make zoo` runs it. Each architecture has its own settings, with two exceptions: the number of steps
is 200, and the batch of dcgan_anime96 is 64 instead of 512, so it sees an eighth of the images.
Every command is a process of its own, as a user would start it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ganzoo.errors import DataError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import number
from ganzoo.zoo import catalogue, registry

BATCH_SIZES = {"dcgan_anime96": 64}


HEAD = (
    "name", "data", "G", "D", "images/s", "loss D", "loss G", "FD", "export error", "bytes",
    "off by",
)  # fmt: skip


def main() -> None:
    """Run all architectures, or those named on the command line, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zoo", description=__doc__)
    parser.add_argument("names", nargs="*", help="default: all ten")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--data", help="for all; default: each one's own")
    parser.add_argument("--images", type=int, default=2_000, help="how many to judge; 0: none")
    parser.add_argument("--faces", default="toy_faces", help="a folder or zip of 96x96 faces")
    parser.add_argument("--out", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--base-python", required=True, help="a python with ganzoo and no torch")
    arguments = parser.parse_args()
    base = [arguments.base_python, "-m", "ganzoo"]
    has_torch = [arguments.base_python, "-c", "import torch"]
    if subprocess.run(has_torch, capture_output=True, check=False).returncode == 0:
        sys.exit(f"{arguments.base_python} has torch: name one that has not")
    names = arguments.names or [
        e.qualified for e in catalogue.architectures() if e.package == "ganzoo"
    ]
    rows = []
    for name in names:
        data = arguments.data or _data(name, arguments.faces)
        rows.append(_one(name, arguments.steps, data, arguments.out, arguments.images, base))
    table = Table(*HEAD, box=SIMPLE_HEAD)
    table.columns[0].no_wrap = True
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    Console(width=130).print(table)
    print(
        f"FD: Fréchet distance of {arguments.images:,} pictures, and the features that it is by.",
        "Compare those with the same data and features only.",
    )
    print("G, D: parameters. export error: of float images, onnxruntime against torch. off by: of")
    print(
        "uint8 images, drawn without torch against torch. The images are", f"{arguments.out}/*.png"
    )


def _one(
    name: str, steps: int, data: str, out: Path, images: int, base: list[str]
) -> tuple[str, ...]:
    """Train, export, draw and judge one architecture, and return its row of the table."""
    here = [sys.executable, "-m", "ganzoo"]
    options = ["--max-steps", steps, "--log-every", max(steps // 10, 1), "--runs", out]
    if name in BATCH_SIZES:
        options += ["--batch-size", BATCH_SIZES[name]]
    run = Path(_call(here, "train", name, "--data", data, *options).splitlines()[-1])
    bare = name.rpartition(":")[2]
    model, drawn, expected = (out / f"{bare}{end}" for end in (".onnx", ".png", "-torch.png"))
    exported = json.loads(_call(here, "export", run, "-o", model, "--force", "--json"))
    _call(base, "sample", model, "-n", 64, "-o", drawn)
    _call(here, "sample", run, "-n", 64, "-o", expected)
    networks = json.loads(_call(here, "show", name, "--json"))["networks"].values()
    lines = (run / "metrics.jsonl").read_text().splitlines()
    metrics: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return (
        bare,
        Path(data).stem,
        *(f"{network['parameters']:,}" for network in networks),
        f"{statistics.median(line['images_per_second'] for line in metrics):,.0f}",
        f"{metrics[-1]['loss_d']:.3f}",
        f"{metrics[-1]['loss_g']:.3f}",
        _distance(model, data, images, here),
        f"{exported['parity']['max_error']:.1e}",
        f"{exported['bytes']:,}",
        f"{_difference(drawn, expected)}",
    )


def _distance(model: Path, data: str, images: int, here: list[str]) -> str:
    """Return the Fréchet distance of so many pictures of a model; "-" for none."""
    if not images:
        return "-"
    judged = _call(here, "eval", model, "--against", data, "--images", images, "--json")
    evaluation = Evaluation.from_json(json.loads(judged), model)
    return f"{number(evaluation['frechet'])} {evaluation.features['name']}"


def _difference(one: Path, other: Path) -> int:
    """Return the largest difference of two pictures, in grey levels of 255."""
    pixels = [np.asarray(Image.open(path)).astype(int) for path in (one, other)]
    return int(np.abs(pixels[0] - pixels[1]).max())


def _data(name: str, faces: str) -> str:
    """Return the architecture's own data set, but Fashion-MNIST where MNIST is not there."""
    dataset = registry.load_architecture(name).value.dataset
    if dataset == "toy_faces":
        return faces
    try:
        registry.load_dataset(dataset, {"download": False})
    except DataError:
        if dataset != "mnist":
            raise
        print(f"{name}: MNIST is not at hand, so it trains on Fashion-MNIST, which has its shape")
        return "fashion_mnist"
    return dataset


def _call(program: list[str], *arguments: object) -> str:
    """Run a command and return its stdout; its stderr is shown while it runs."""
    command = [*program, *map(str, arguments)]
    print(f"$ ganzoo {' '.join(command[3:])}", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
