"""An architecture that takes grey images and coloured ones is built for those that there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganzoo
from ganzoo.api.run import TrainedRun
from tests.conftest import Cli

TINY = {"width": 2, "latent_dim": 4}


def train(data: Path, runs: Path, **options: Any) -> TrainedRun:
    return ganzoo.train(
        "r1gan", options=TINY | options, data=data, runs=runs, batch_size=4, max_steps=2,
        report=False,
    )  # fmt: skip


def pictures(path: Path, channels: int, labels: bool) -> Path:
    rng = np.random.default_rng(0)
    shape = (12, 28, 28) if channels == 1 else (12, 28, 28, channels)
    images = rng.integers(0, 256, shape, np.uint8)
    if labels:
        np.savez(path, images=images, labels=np.arange(12) % 3)
    else:
        np.savez(path, images=images)
    return path


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_channels_and_classes_are_those_of_the_data(
    channels: int, labels: bool, tmp_path: Path
) -> None:
    data = pictures(tmp_path / "data.npz", channels, labels)
    run = train(data, tmp_path)
    options = json.loads((run.path / "run.json").read_text())["architecture"]["options"]
    assert (options["channels"], options["classes"]) == (channels, 3 * labels)
    generator = ganzoo.load(run.path)
    assert generator.sample(2).shape == (2, 28, 28, channels)
    assert len(generator.classes) == 3 * labels
    more = ganzoo.resume(run, epochs="+1")
    assert more.path == run.path


def test_what_the_user_says_holds(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data.npz", 3, labels=True)
    run = train(data, tmp_path, channels=1, conditional=False)
    assert ganzoo.load(run.path).sample(2).shape == (2, 28, 28, 1)
    assert ganzoo.load(run.path).classes == ()


def test_a_folder_of_pictures_has_colours(faces: Path, tmp_path: Path) -> None:
    run = train(faces, tmp_path)
    assert ganzoo.load(run.path).sample(1).shape == (1, 28, 28, 3)


@pytest.mark.parametrize(
    ("side", "chosen", "remark"),
    [
        (64, [], "the images have 70x64 pixels, and are shrunk to 28x28: its option size=64 is"),
        (50, [], "its option size=48 is nearer, and takes longer"),
        (30, [], ""),
        (64, ["--set", "size=28"], ""),
    ],
)
def test_larger_images_are_not_shrunk_without_a_word(
    side: int, chosen: list[str], remark: str, cli: Cli, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, side, side + 6, 3), np.uint8)
    np.savez(tmp_path / "data.npz", images=pixels)
    done = cli("train", "r1gan", *chosen, "--set", "width=1", "--data", tmp_path / "data.npz",
               "--batch-size", 4, "--max-steps", 1, "--runs", tmp_path / "runs")  # fmt: skip
    assert done.code == 0, done.err
    assert (remark in done.err) if remark else "shrunk" not in done.err
