"""Damaged model files by the thousand: each ends in an image or in one line."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from ganzoo.draw.info import ModelInfo
from ganzoo.export import variants
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.export.quantize import Quantizer, rounded
from tests.conftest import ROOT


def seeds(exported: Path, folder: Path) -> list[Path]:
    """Models to damage: an MLP, in float32 and int8; convolutions, in float32 and as pixels."""
    model = onnx.load(exported)
    info = ModelInfo.from_metadata({p.key: p.value for p in model.metadata_props}, exported)
    (folder / "int8.onnx").write_bytes(
        with_metadata(clean(rounded(Quantizer(model, info), lambda _: True)), info)
    )
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(100, 4 * 7 * 7), nn.Unflatten(1, (4, 7, 7)), nn.Upsample(scale_factor=2),
        nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    convolutional = to_onnx(network, info)
    (folder / "convolutional.onnx").write_bytes(with_metadata(convolutional, info))
    image = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    pixels = clean(variants.uint8(variants.half(convolutional), info))
    (folder / "pixels.onnx").write_bytes(with_metadata(pixels, replace(info, image=image)))
    return [exported, *sorted(folder.glob("*.onnx"))]


@pytest.mark.parametrize(
    "count",
    [50, pytest.param(2000, marks=pytest.mark.slow), pytest.param(20_000, marks=pytest.mark.tail)],
)
def test_damaged_files_end_in_one_line(exported: Path, tmp_path: Path, count: int) -> None:
    """In two processes that never saw torch: each file is opened in a fork of one."""
    models = seeds(exported, tmp_path)
    fuzz = [sys.executable, "-m", "tests.fuzz_onnx", *map(str, models), "--count", str(count // 2)]
    processes = [
        subprocess.Popen(
            [*fuzz, "--seed", str(seed), "--keep", str(tmp_path / "bad")],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for seed in (count, count + 1)
    ]  # fmt: skip
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], f"{said}; see {tmp_path}/bad"
    refused = sum(int(times) for text in said for times in re.findall(r"^ *(\d+) 5$", text, re.M))
    assert count / 4 < refused < count
