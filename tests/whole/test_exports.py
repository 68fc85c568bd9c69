"""The models that the repository holds: what their table says is so, and the wheel has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo import Model
from ganzoo.data import count_images
from ganzoo.errors import DataError
from ganzoo.evaluate.evaluation import Evaluation
from tests.conftest import ROOT

EXPORTS, PACKAGE = ROOT / "exports", ROOT / "plugins" / "ganzoo-models"
NAMES = sorted(path.parent.name for path in EXPORTS.glob("*/model.json"))
QUICK = "mlp-gan-shallow-fashion"
"""The model that CI judges anew; `make test-long` judges all."""
WHOLE = 30_000_000
"""Most bytes of the wheel of all models."""


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Model:
    """Each model of the repository."""
    return Model.read(EXPORTS / request.param)


def test_the_files_are_those_of_the_facts(model: Model) -> None:
    assert model.name == model.folder.name
    assert model.licence == "Apache-2.0"
    listed = {file.file for file in model.files.values()}
    if model.weights:
        listed.add(model.weights.file)
        model.weights_path()
    others = {"README.md", "model.json", "preview.png", "metrics.jsonl", "evaluation.json"}
    assert {path.name for path in model.folder.iterdir()} == listed | others
    for variant in model.files:
        model.path(variant)  # raises where the hash is another
    assert f"# {model.name}\n" in (model.folder / "README.md").read_text()


def test_it_draws_as_torch_did(model: Model) -> None:
    """The proof of the export is in each file, and it is of the weights that were judged."""
    judged = Evaluation.read(model.folder / "evaluation.json")
    assert judged.images >= 3_000
    assert model.scores == {name: score.value for name, score in judged.scores.items()}
    assert model.history[-1]["frechet"] == judged["frechet"]
    for variant in model.files:
        generator = ganzoo.load(model.path(variant))
        assert generator.info.weights_sha256 == judged.sha256
        assert generator.info.samples_seen == judged.samples_seen == model.training["samples_seen"]
        most, mean = {"float32": (1, 0.01), "float16": (1, 0.1), "int8": (8, 1)}[variant]
        assert generator.info.parity["uint8_max"] <= most
        assert generator.info.parity["uint8_mean"] <= mean
        images = generator.sample(8)
        assert images.shape == (8, *model.size, model.channels)
        differ = np.ptp(images.astype(int), axis=0).max()
        assert differ > 100 if model.scores["diversity"] > 0.1 else differ < 30  # it collapsed


def test_the_package_has_all_and_is_small() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    given = project["entry-points"]["ganzoo.models"]
    assert sorted(given) == NAMES
    functions = {name: name.replace("-", "_") for name in NAMES}
    assert given == {name: f"ganzoo_models:{function}" for name, function in functions.items()}
    models = [Model.read(EXPORTS / name) for name in NAMES]
    files = [file for m in models for file in (*m.files.values(), m.weights) if file]
    assert sum(file.nbytes for file in files) <= 1.2 * WHOLE  # a wheel is compressed


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == QUICK else pytest.mark.tail)
        for name in NAMES
    ],
)
def test_the_score_is_what_a_judge_finds(name: str) -> None:
    """The ONNX file itself is judged, which may round its weights."""
    model = Model.read(EXPORTS / name)
    judged = Evaluation.read(model.folder / "evaluation.json")
    try:
        count_images(model.dataset, {"download": False} if "mnist" in model.dataset else {})
    except DataError as error:
        pytest.skip(str(error))
    again = ganzoo.evaluate(model.path(), images=judged.images)
    assert again.kind == judged.kind
    for measure in ("precision", "recall", "coverage"):
        assert again[measure] == pytest.approx(judged[measure], abs=0.05), measure
    assert again["frechet"] == pytest.approx(judged["frechet"], rel=0.1, abs=0.05)


@pytest.mark.slow
def test_a_wheel_draws_all_where_torch_never_was(tmp_path: Path) -> None:
    """In a copy of the repository, as `make models` writes into its folder of the package."""
    here = tmp_path / "repository"
    wanted = ("ganzoo", "plugins", "exports", "Makefile", "pyproject.toml", "README.md", "LICENSE")
    for name in wanted:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, here / name)
        else:
            shutil.copy(ROOT / name, here / name)
    bin_ = Path(sys.executable).parent
    # What `make` sets up is there already.
    done = subprocess.run(
        ["make", "--old-file", ".venv/ready", "models", f"DEV={bin_}"],
        cwd=here, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wheels = sorted((here / "dist").glob("*.whl"))
    assert [wheel.name.split("-")[0] for wheel in wheels] == ["ganzoo", "ganzoo_models"]
    assert wheels[1].stat().st_size <= WHOLE
    inside = {name.split("/")[1] for name in zipfile.ZipFile(wheels[1]).namelist()}
    assert inside >= set(NAMES)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"

    def run(*words: str | Path) -> str:
        ran = subprocess.run(
            [python, "-m", *words], cwd=tmp_path, env=os.environ, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    run("pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", *wheels)
    assert [row["name"] for row in json.loads(run("ganzoo", "models", "--json"))] == NAMES
    for name in NAMES:
        drawn = run("ganzoo", "sample", name, "-n", "64")
        assert drawn == f"{name}-seed0.png\n"
        assert (tmp_path / f"{name}-seed0.png").stat().st_size > 1000
