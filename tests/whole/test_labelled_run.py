"""A conditional GAN from labelled images to a picture of one class, through the public door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.draw import latents
from ganzoo.draw.pixels import from_file, save_png, ungrid
from ganzoo.export.exporting import export_onnx
from ganzoo.runs.weights import load_generator
from tests.conftest import Cli, process

NAMES = ("Coat", "Bag", "Ankle boot")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of three classes that an eye tells apart: bright above, below, or in the middle."""
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 3
    images = rng.integers(0, 60, (96, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[9 * label : 9 * label + 9] += 180
    path = tmp_path_factory.mktemp("data") / "bands.npz"
    np.savez(path, images=images, labels=labels, classes=np.array(NAMES))
    return path


def train(data: Path, runs: Path, epochs: int) -> TrainedRun:
    return ganzoo.train(
        "cgan_fashion", options={"width": 4, "latent_dim": 8}, data=data, runs=runs,
        epochs=epochs, batch_size=16, ema=0.5, report=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(data, tmp_path_factory.mktemp("runs"), epochs=2).path


@pytest.fixture(scope="module")
def onnx(run: Path, tmp_path_factory: pytest.TempPathFactory, quick_exports: None) -> Path:
    return export_onnx(run, tmp_path_factory.mktemp("exports") / "bands.onnx").path


def test_the_number_of_classes_is_that_of_the_data(run: Path, data: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    assert facts["architecture"]["options"]["classes"] == 3
    assert facts["data"]["classes"] == list(NAMES)
    assert len(facts["data"]["labels"]) == 64
    assert ganzoo.load(run).classes == NAMES


def test_resumed_it_ends_as_without_a_break(run: Path, data: Path, tmp_path: Path) -> None:
    part = train(data, tmp_path, epochs=1)
    whole = ganzoo.resume(part, epochs="+1")
    ends = [
        load_file(sorted((path / "checkpoints").iterdir())[-1] / "model.safetensors")
        for path in (run, whole.path)
    ]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("uint8", [False, True])
def test_every_variant_draws_the_class_that_torch_draws(
    run: Path, tmp_path: Path, precision: str, uint8: bool
) -> None:
    made = export_onnx(run, tmp_path / "x.onnx", precision=precision, uint8=uint8)
    assert tuple(made.info.inputs) == ("latent", "label")
    torchs, _ = load_generator(run)
    for label in (None, "ankle boot"):
        ours = ganzoo.load(made.path).sample(20, 7, label=label).astype(int)
        off = np.abs(ours - torchs.sample(20, 7, label=label)).max()
        assert off <= (8 if precision == "int8" else 1)


def test_the_shell_draws_a_class(onnx: Path, tmp_path: Path, cli: Cli) -> None:
    model = ganzoo.load(onnx)
    for word, number in (("ankle boot", 2), ("BAG", 1), ("0", 0)):
        done = cli("sample", onnx, "--class", word, "-n", 9, "-o", tmp_path / "x.png")
        assert done.code == 0, done.err
        drawn = ungrid(from_file(tmp_path / "x.png"), 9, (28, 28))
        np.testing.assert_array_equal(drawn, model.of(number).sample(9))
    done = cli("sample", onnx, "--class", "each", "-n", 2, "--npz", tmp_path / "each.npz")
    assert done.code == 0, done.err
    each = np.load(tmp_path / "each.npz")["arr_0"]
    np.testing.assert_array_equal(each.reshape(3, 2, 28, 28, 1), model.each(2))
    done = cli("sample", onnx, "--class", "each", "-o", tmp_path / "rows.png")
    assert done.code == 0, done.err
    with Image.open(tmp_path / "rows.png") as sheet:
        assert sheet.width > 8 * 140  # eight images, and their class, are as wide as a page
        assert 3 * 140 < sheet.height < 4 * 140


@pytest.mark.parametrize("command", ["sweep", "interpolate", "directions"])
def test_studies_of_a_class(command: str, onnx: Path, tmp_path: Path, cli: Cli) -> None:
    words = {"sweep": "--dims 0", "interpolate": "", "directions": "--count 1"}
    few = words[command].split()
    done = cli(command, onnx, *few, "--class", "bag", "-o", tmp_path / "x.png")
    assert done.code == 0, done.err
    done = cli(command, onnx, *few, "--class", "hat", "-o", tmp_path / "y.png")
    assert done.code == 2
    assert "there is no class 'hat': choose of 0 Coat, 1 Bag, 2 Ankle boot" in done.err
    assert not (tmp_path / "y.png").exists()


def test_a_picture_is_projected_within_its_class(
    run: Path, onnx: Path, tmp_path: Path, cli: Cli
) -> None:
    target, picture = ganzoo.load(onnx).of("bag").sample(1)[0], tmp_path / "target.png"
    save_png(target, picture)
    few: list[object] = ["--restarts", 2, "--steps", 60, "-o", tmp_path / "found.png"]
    done = cli("project", run, picture, *few)
    assert done.code == 2
    assert "say of which class the picture is, as in --class 0 (Coat)" in done.err
    done = cli("project", run, picture, *few, "--class", "bag")
    assert done.code == 0, done.err
    assert "--class Bag\n" in done.out
    found = ganzoo.load(run).of("bag").draw(np.load(tmp_path / "found.npy"))
    assert np.sqrt(np.square(found[0].astype(float) - target).mean()) < 10


def test_an_unconditional_model_says_so(exported: Path, cli: Cli) -> None:
    for word in ("bag", "each"):
        done = cli("sample", exported, "--class", word)
        assert (done.code, "mlp_gan has no classes to choose of" in done.err) == (2, True)


def test_samples_of_a_run_are_those_of_its_seed(run: Path, onnx: Path) -> None:
    grid = from_file(run / "samples" / "epoch-0002.png")
    drawn = ungrid(grid, 64, (28, 28)).astype(int)
    assert np.abs(drawn - ganzoo.load(onnx).sample(64, 0)).max() <= 1
    assert latents.labels(64, 3).tolist()[:3] != [0, 0, 0]


def test_its_report_has_a_row_for_each_class(run: Path, cli: Cli, tmp_path: Path) -> None:
    done = cli("report", run, "-o", tmp_path / "report.html")
    assert done.code == 0, done.err
    assert "Class by class" in (tmp_path / "report.html").read_text()
    card = sorted((run / "checkpoints").iterdir())[-1] / "README.md"
    assert "of 3 classes: Coat, Bag, Ankle boot" in card.read_text()
    assert "ganzoo sample . --class Coat" in card.read_text()


def test_torch_is_not_needed(onnx: Path, run: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; import numpy, ganzoo;"
        f"numpy.save({str(tmp_path / 'x.npy')!r}, "
        f"ganzoo.load({str(onnx)!r}).sample(16, 3, label='bag'))"
    )
    done = process("-c", code)
    assert done.code == 0, done.err
    expected = load_generator(run)[0].sample(16, 3, label=1).astype(int)
    assert np.abs(np.load(tmp_path / "x.npy") - expected).max() <= 1
