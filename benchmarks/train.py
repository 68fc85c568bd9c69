"""Compare ganzoo's loop with a plain one, in images per second, and with the machine's peak.

`python -m benchmarks.train [ARCH …]` runs `ganzoo train` and `benchmarks.plain_loop` by turns, each
as a process of its own, and prints a table in Markdown, or with --json the numbers. The plain loop
runs with 0 and with --workers processes that load images, and the better result counts. --beside
names another command for the plain loop: {architecture}, {data}, {images}, {batch}, {workers} and
{device} in it are replaced, and it must print the same line of JSON. An ARCH may have options, as
in 'r1gan classes=10'. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.machine import processor
from benchmarks.plain_loop import named
from ganzoo.train import cpu
from ganzoo.train.precision import NAMES, choose_precision
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper

IMAGES = {"mlp_gan": 25600, "dcgan_fashion": 1280, "wgan_clip": 1280, "dcgan_anime96": 512}
PLAIN = (
    f"{shlex.quote(sys.executable)} -m benchmarks.plain_loop {{architecture}} --data {{data}} "
    "--images {images} --batch {batch} --workers {workers} --device {device}"
)


def main() -> None:
    """Measure each architecture, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train", description=__doc__)
    parser.add_argument("architectures", nargs="*", default=list(IMAGES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64, help="0: each architecture's own")
    parser.add_argument("--images", type=int, help="measured in each round")
    parser.add_argument("--data", help="default: each architecture's own")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=NAMES, default="fp32", help="of ganzoo")
    parser.add_argument("--options", default="", help="more for ganzoo train: '--ema 1000'")
    parser.add_argument("--beside", default=PLAIN, metavar="COMMAND")
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    device = torch.device(a.device)
    kind = torch.bfloat16 if a.precision == "bf16" else torch.float32
    with choose_precision(a.precision, device).applied(device):
        peak = gemm_peak(device, dtype=kind)
    results = []
    for name in a.architectures:
        print(name, file=sys.stderr)
        results.append(measure(name, a, peak))
    machine = f"{processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
    machine += f"Python {platform.python_version()}, matrix products {peak / 1e9:,.0f} GFLOP/s"
    if a.json:
        print(json.dumps({"machine": machine, "architectures": results}, indent=2))
        return
    print(f"{machine}, {a.rounds} rounds\n")
    print("\n".join(table(results)))


def measure(name: str, a: argparse.Namespace, peak: float) -> dict[str, Any]:
    """Measure one architecture in all rounds; return medians, ratios and the rounds."""
    gan = named(name)
    values = {
        "architecture": name,
        "data": a.data or gan.dataset,
        "images": a.images or IMAGES.get(name, 1280),
        "batch": a.batch or gan.defaults.batch_size,
        "device": a.device,
    }
    quoted = {key: shlex.quote(str(value)) for key, value in values.items()}
    beside = {
        f"{workers} workers": a.beside.format(**quoted, workers=workers)
        for workers in sorted({0, a.workers})
    }
    ours: list[float] = []
    plain: dict[str, list[float]] = {label: [] for label in beside}
    for _ in range(a.rounds):
        ours.append(ganzoo(values, f"--precision {a.precision} {a.options}"))
        for label, command in beside.items():
            answer = subprocess.check_output(shlex.split(command), text=True)
            plain[label].append(json.loads(answer.splitlines()[-1])["images_per_second"])
    better = max(plain, key=lambda label: statistics.median(plain[label]))
    ratios = [one / other for one, other in zip(ours, plain[better], strict=True)]
    flops = flops_per_image(name, values["batch"])
    return {
        "architecture": name,
        "batch": values["batch"],
        "ganzoo": statistics.median(ours),
        "plain": statistics.median(plain[better]),
        "plain_workers": better,
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "flops_per_image": flops,
        "share_of_peak": flops * statistics.median(ours) / peak,
        "rounds": {"ganzoo": ours, **plain},
    }


def ganzoo(values: dict[str, Any], options: str) -> float:
    """Return the images per second that `ganzoo train` logs in the second half of its steps."""
    steps = max(values["images"] // values["batch"], 2)
    name, *pairs = values["architecture"].split()
    with tempfile.TemporaryDirectory(prefix="ganzoo-train-") as runs:
        command = [
            sys.executable, "-m", "ganzoo", "train", name, *(f"--set={pair}" for pair in pairs),
            "--data", values["data"], "--batch-size", values["batch"], "--device", values["device"],
            "--max-steps", 2 * steps, "--log-every", steps, "--runs", runs, *shlex.split(options),
        ]  # fmt: skip
        subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, check=True)
        (log,) = Path(runs).glob("*/metrics.jsonl")
        entries = [json.loads(line) for line in log.read_text().splitlines()]
    whole = [entry for entry in entries if entry["step"] > steps]
    return float(statistics.median(entry["images_per_second"] for entry in whole))


def flops_per_image(name: str, batch: int) -> float:
    """Return the floating-point operations of a step for each real image, as torch counts them.

    The networks are counted as they are written; ganzoo's faster routes may need fewer operations.
    """
    gan = named(name)
    config = replace(gan.defaults, batch_size=batch)
    cpu = torch.device("cpu")
    stepper = Stepper(gan, TrainState.fresh(gan, config, cpu), config, cpu)
    stepper.routes = nullcontext()
    labels = torch.arange(batch) % gan.classes if gan.classes else None
    steps = 16  # of lazy penalties, each has its share
    with Counter() as counter:  # type: ignore[no-untyped-call]
        for _ in range(steps):
            stepper(torch.zeros(batch, *gan.image_shape), labels)
    return float(counter.flops) / batch / steps


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context that counts operations; torch's own cannot look into a gradient of a gradient."""

    flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count:
            self.flops += count(*args, **(kwargs or {}), out_val=made)
        return made


def gemm_peak(
    device: torch.device,
    size: int = 2048,
    seconds: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> float:
    """Return the operations per second of a product of square matrices.

    On a CPU the faster of torch and oneDNN counts.
    """
    x = torch.randn(size, size, device=device, dtype=dtype)
    products = [lambda: x @ x]
    if device.type == "cpu" and dtype is torch.float32:
        products.append(lambda: cpu.linear(x, x, None))
    return max(2 * size**3 / _fastest(product, device, seconds) for product in products)


def _fastest(work: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Return the shortest time of `work` in seconds, of all calls within `seconds`."""
    work()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times)


def table(results: list[dict[str, Any]]) -> list[str]:
    """Return the results as a table in Markdown."""
    lines = [
        "| architecture | batch | ganzoo | plain | ratio | from | to | MFLOP an image | of peak |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r['architecture']} | {r['batch']} | {r['ganzoo']:,.0f} | {r['plain']:,.0f} | "
        f"{r['ratio']:.2f} | {r['ratio_min']:.2f} | {r['ratio_max']:.2f} | "
        f"{r['flops_per_image'] / 1e6:,.0f} | {r['share_of_peak']:.0%} |"
        for r in results
    ]
    return lines


if __name__ == "__main__":
    main()
