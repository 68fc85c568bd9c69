"""Measure every export variant of trained runs: bytes, difference from torch, and speed.

`make zoo` trains the runs; `python -m benchmarks.export runs/zoo/*-001` prints two tables in
Markdown, or with --json the numbers. All variants and torch draw by turns in one process, each for
--seconds in a round. Speeds are medians of --rounds rounds. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnxruntime
import torch

from benchmarks.machine import processor
from ganzoo.draw.session import load_onnx, usable_cpus
from ganzoo.errors import ModelFileError
from ganzoo.export.exporting import export_onnx
from ganzoo.export.speed import BATCH_SIZES, against_torch
from ganzoo.runs.weights import load_generator

VARIANTS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "fp16": {"precision": "float16"},
    "int8": {"precision": "int8"},
    "uint8": {"uint8": True},
}
TORCH = ("torch", "torch channels_last")


def main() -> None:
    """Export and measure each run, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = []
    for run in arguments.runs:
        print(run, file=sys.stderr)
        results.append(measure(run, arguments.rounds, arguments.seconds))
    if arguments.json:
        print(json.dumps({"machine": _machine(), "architectures": results}, indent=2))
        return
    print(_machine())
    print("\n".join(["", *_sizes(results), "", *_speeds(results)]))


def measure(run: Path, rounds: int = 7, seconds: float = 0.2) -> dict[str, Any]:
    """Return all variants of one run, and their speeds; a refused variant has its reason."""
    generator, network = load_generator(run)
    variants: dict[str, Any] = {}
    models = {}
    with tempfile.TemporaryDirectory(prefix="ganzoo-export-") as folder:
        for name, options in VARIANTS.items():
            target = Path(folder, f"{name}.onnx")
            try:
                variants[name] = export_onnx(run, target, **options).to_json()
                models[name] = load_onnx(target, "CPU")
            except ModelFileError as error:
                variants[name] = {"refused": str(error)}
    return {
        "architecture": generator.info.architecture,
        "variants": variants,
        "images_per_second": against_torch(models, network, rounds, seconds),
    }


def _sizes(results: list[dict[str, Any]]) -> list[str]:
    """Return the table of bytes and differences from torch."""
    lines = ["| architecture | variant | bytes | max error | mean error | uint8 max | uint8 mean |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for result in results:
        for name, variant in result["variants"].items():
            row = f"| {result['architecture']} | {name} | "
            if "refused" in variant:
                lines.append(row + f"refused: {variant['refused'].partition(':')[0]} | | | | |")
                continue
            p = variant["parity"]
            errors = [
                f"{p[k]:.1e}" if p[k] is not None else "" for k in ("max_error", "mean_error")
            ]
            lines.append(
                row + f"{variant['bytes']:,} | {' | '.join(errors)} | {p['uint8_max']:.0f} | "
                f"{p['uint8_mean']:.2g} |"
            )
    return lines


def _speeds(results: list[dict[str, Any]]) -> list[str]:
    """Return the table of images per second."""
    names = [*TORCH, *VARIANTS]
    lines = [f"| architecture | batch | {' | '.join(names)} | fp32 / best torch |",
             "| --- | ---: |" + " ---: |" * (len(names) + 1)]  # fmt: skip
    for result in results:
        speeds = result["images_per_second"]
        for batch in BATCH_SIZES:
            cells = [f"{speeds[name][batch]:,.0f}" if name in speeds else "" for name in names]
            ratio = speeds["fp32"][batch] / max(speeds[name][batch] for name in TORCH)
            row = [result["architecture"], str(batch), *cells, f"{ratio:.2f}"]
            lines.append(f"| {' | '.join(row)} |")
    return lines


def _machine() -> str:
    """Return the processor and the versions, in words."""
    return (
        f"{processor()}, {usable_cpus()} threads, onnxruntime {onnxruntime.__version__}, "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
