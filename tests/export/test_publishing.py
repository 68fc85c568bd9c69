"""`ganzoo publish` and `new-plugin --with-model` with odd words, places and runs."""

from __future__ import annotations

import ast
import json
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import Model
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.export.packaging import package_model
from tests.conftest import Cli


@pytest.mark.parametrize("word", ["name", "licence"])
def test_words_that_are_too_long_are_told_first(word: str, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{word} has 201 characters, and 200 may be"):
        ganzoo.publish(trained, tmp_path / "model", **{word: "x" * 201})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_is_told_first(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError):
        ganzoo.publish(trained, tmp_path / "file" / "model", variants=["float32"])
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_may_have_the_longest_name_of_the_system(trained: Path, tmp_path: Path) -> None:
    model = ganzoo.publish(trained, tmp_path / ("x" * 255), name="x", variants=["float32"])
    assert model.path().name == "x-float32.onnx"


def test_the_card_says_with_which_settings_it_was_trained(trained: Path, tmp_path: Path) -> None:
    ganzoo.publish(trained, tmp_path / "model", variants=["float32"])
    card = (tmp_path / "model" / "README.md").read_text()
    _, _, told = card.partition("## How it was trained")
    assert "optimizer of the generator: `Adam, learning rate 0.0002, betas 0.5, 0.999`" in told
    assert "loss of G: `E[-log sigmoid(D(G(z)))]`" in told


@pytest.mark.parametrize(
    ("name", "repository"), [("a  b", "a-b"), ("../x", "x"), ('"`|', "MODEL"), ("ok_1.0", "ok_1.0")]
)
def test_the_command_that_uploads_is_one_that_the_hub_takes(
    name: str, repository: str, trained: Path, cli: Cli, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    done = cli("publish", trained, folder, "--name", name, "--variants", "float32")
    assert f"upload: hf upload USER/{repository} {folder}\n" in done.out


def test_a_run_that_is_written_now_is_published_without_half_a_line(
    trained: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "sampl')
    folder = ganzoo.publish(run, tmp_path / "model", variants=["float32"]).folder
    found = [json.loads(each) for each in (folder / "metrics.jsonl").read_text().splitlines()]
    assert found == [json.loads(x) for x in (trained / "metrics.jsonl").read_text().splitlines()]
    (run / "metrics.jsonl").unlink()
    ganzoo.publish(run, tmp_path / "other", variants=["float32"])


def test_a_run_that_is_trained_meanwhile_may_remove_the_checkpoint(
    trained: Path, tmp_path: Path
) -> None:
    """It does so while the ONNX files are made, which takes longer than some steps."""
    run = shutil.copytree(trained, tmp_path / "run")

    def remove() -> None:
        while not list(tmp_path.glob(".model-*")):
            time.sleep(0.001)
        shutil.rmtree(run / "checkpoints")

    trainer = threading.Thread(target=remove, daemon=True)
    trainer.start()
    model = ganzoo.publish(run, tmp_path / "model", variants=["float32"])
    trainer.join()
    expected = ganzoo.publish(trained, tmp_path / "expected", name="model", variants=["float32"])
    assert (model.weights, model.files) == (expected.weights, expected.files)


def test_the_name_of_the_data_is_no_code(tmp_path: Path) -> None:
    """In the module that a package of a model consists of."""
    data = tmp_path / '"""\nboom()\n"""\\'
    data.mkdir()
    for seed in range(4):
        pixels = np.random.default_rng(seed).integers(0, 256, (28, 28), np.uint8)
        Image.fromarray(pixels).save(data / f"{seed}.png")
    run = ganzoo.train("mlp_gan", options={"hidden": 8}, data=data, max_steps=1,
                       batch_size=4, runs=tmp_path / "runs")  # fmt: skip
    folder = package_model(run.path, "odd", tmp_path)
    tree = ast.parse((folder / "ganzoo_odd" / "__init__.py").read_text())
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert len(function.body) == 2
    assert isinstance(function.body[1], ast.Return)
    assert Model.read(folder / "ganzoo_odd" / "odd").dataset.startswith('"""')


def test_a_package_has_no_module_of_ours(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is a module ganzoo_plugins already"):
        package_model(trained, "plugins", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_without_checkpoint_is_told(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(ModelFileError, match=r"run has no checkpoint yet$"):
        ganzoo.publish(run, tmp_path / "model")
