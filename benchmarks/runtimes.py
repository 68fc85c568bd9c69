"""Draw with other runtimes from the files that ganzoo exports: `python -m benchmarks.runtimes`.

Each architecture, or each ARCH, is exported in all variants with first weights, and drawn from by
each runtime that pip has, in an environment of its own below --environments. It prints the table of
docs/export.md and what failed; --write puts the table of all architectures into that page. Images
count as right that are off by a 255th of their contrast at most, pixels by a grey level, int8 by 8
of 255.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.export.exporting import export_onnx
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build, draw
from ganzoo.train.timing import one_thread
from ganzoo.zoo import catalogue, registry

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "export.md"
BATCH = 3
"""Images of each call."""
LINE = '["'
"""What a line of `in_runtime` begins with."""


class Runtime(NamedTuple):
    """A runtime: what the table calls it, what pip installs, and its name in `in_runtime`."""

    title: str
    packages: tuple[str, ...]
    name: str


RUNTIMES = (
    Runtime("onnxruntime 1.20.0, the oldest", ("onnxruntime==1.20.0",), "onnxruntime"),
    Runtime("onnxruntime 1.32.0", ("onnxruntime==1.32.0",), "onnxruntime"),
    Runtime("onnx 1.23.2, its reference", ("onnx==1.23.2",), "onnx"),
    Runtime("OpenVINO 2026.4.1", ("openvino==2026.4.1",), "openvino"),
    Runtime("OpenVINO, `INFERENCE_PRECISION_HINT=f32`", ("openvino==2026.4.1",), "openvino f32"),
    Runtime("OpenCV 4.13.0", ("opencv-python-headless==4.13.0.92",), "opencv"),
    Runtime("OpenCV 5.0.0", ("opencv-python-headless==5.0.0.93",), "opencv"),
)


class Variant(NamedTuple):
    """A column: how a file is exported, and which share of the span its images may be off."""

    title: str
    options: Mapping[str, Any]
    bound: float

    def allows(self, found: float | str) -> bool:
        """Return whether images that are off by `found` are right; a reason for none is not."""
        return isinstance(found, float) and found <= self.bound


VARIANTS = (
    Variant("float32", {}, 1 / 255),
    Variant("`--fp16`", {"precision": "float16"}, 1 / 255),
    Variant("`--int8`", {"precision": "int8"}, 8 / 255),
    Variant("`--uint8`", {"uint8": True}, 1 / 255),
    Variant(f"`--batch {BATCH}`", {"batch": BATCH}, 1 / 255),
)

Found = dict[str, float | str]
"""Of each file how far its images are off, or why there are none."""


def main() -> None:
    """Export, draw with each runtime, and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtimes", description=__doc__)
    parser.add_argument("architectures", nargs="*", metavar="ARCH")
    parser.add_argument(
        "--environments", type=Path, default=Path(tempfile.gettempdir(), "ganzoo-runtimes")
    )
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.write and given.architectures:
        parser.error("--write needs all architectures: leave ARCH out")
    names = given.architectures or ours()
    with tempfile.TemporaryDirectory(prefix="ganzoo-runtimes-") as folder:
        for name in names:
            print(f"exporting {name}", file=sys.stderr)
            export(name, Path(folder))
        found = {}
        for runtime in RUNTIMES:
            print(f"drawing with {runtime.title}", file=sys.stderr)
            found[runtime.title] = drawn(runtime, Path(folder), given.environments)
    lines = table(found)
    print("\n".join([*lines, "", *failures(found)]))
    if given.write:
        before, _, rest = PAGE.read_text().partition(lines[0])
        after = rest[rest.index("\n\n") :]
        PAGE.write_text(before + "\n".join(lines) + after)


def ours() -> list[str]:
    """Return the names of ganzoo's own architectures."""
    return [entry.name for entry in catalogue.architectures() if entry.package == "ganzoo"]


def export(name: str, folder: Path) -> None:
    """Write NAME.VARIANT.onnx into `folder`, with an .npz of what to draw and what torch draws.

    The batch norms first see some batches, so that the images have contrast.
    """
    loaded = registry.load_architecture(name, {})
    classes = tuple(map(str, range(loaded.value.classes)))
    torch.manual_seed(0)
    network, _ = build(loaded.value)
    info = model_info(loaded, "none", 0, classes)
    generator = Generator(info, partial(draw, network))
    network.train()
    with torch.no_grad(), one_thread():  # int8 takes what these bits allow
        for seed in range(20):
            z = latents.normal(16, info.latent_dim, seed)
            network(*map(torch.from_numpy, generator.inputs(z)))
    network.eval()
    z = latents.normal(BATCH, info.latent_dim, 7)
    given = dict(zip(info.inputs, generator.inputs(z), strict=True))
    floats, pixels = generator.run(z), generator.draw(z)
    for number, variant in enumerate(VARIANTS):
        path = folder / f"{name}-{number}.onnx"
        export_onnx((generator, network), path, **variant.options)
        expected, span = floats, np.ptp(floats)
        if variant.options.get("precision") == "int8":  # it is promised in grey levels
            span = info.image_range[1] - info.image_range[0]
        if variant.options.get("uint8"):
            expected, span = pixels, 255
        arrays = {**given, "expected": expected, "span": span}
        np.savez(path.with_suffix(".npz"), **arrays)


def drawn(runtime: Runtime, folder: Path, environments: Path) -> Found:
    """Return what a runtime makes of each file, in an environment that is made if it is missing."""
    home = environments.absolute() / "-".join(runtime.packages).replace("=", "")
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run([python, *install, *runtime.packages], check=True)
    script = Path(__file__).parent / "in_runtime.py"
    found: Found = {}
    files = sorted(folder.glob("*.onnx"))
    while rest := [path for path in files if path.stem not in found]:
        command: list[str | Path] = [python, "-I", script, runtime.name, *rest]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        found |= dict(json.loads(line) for line in done.stdout.splitlines() if line[:2] == LINE)
        crashed = next((path.stem for path in rest if path.stem not in found), None)
        if crashed is not None:  # the files behind it are drawn from by another process
            found[crashed] = f"it crashed: {_last(done.stderr)} ({done.returncode})"
    return found


def table(found: Mapping[str, Found]) -> list[str]:
    """Return the table: of how many files of each variant a runtime draws the right images."""
    rows = [["runtime", *(variant.title for variant in VARIANTS)]]
    rows.append(["---", *["---"] * len(VARIANTS)])
    for title, of_files in found.items():
        cells = []
        for number, variant in enumerate(VARIANTS):
            of_variant = [v for stem, v in of_files.items() if stem.endswith(f"-{number}")]
            right = sum(map(variant.allows, of_variant))
            cells.append(f"{'all' if right == len(of_variant) else right} of {len(of_variant)}")
        rows.append([title, *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def failures(found: Mapping[str, Found]) -> list[str]:
    """Return a line for each file of which a runtime draws no or other images."""
    return [
        f"{title}: {stem}: {value if isinstance(value, str) else f'off by {value:.1%}'}"
        for title, of_files in found.items()
        for stem, value in of_files.items()
        if not VARIANTS[int(stem.rpartition("-")[2])].allows(value)
    ]


def _last(text: str) -> str:
    """Return the last line of what a process said, or "no word"."""
    return (text.strip().splitlines() or ["no word"])[-1]


if __name__ == "__main__":
    main()
