"""Without the extra `train`: everything but training works, and torch is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.pixels import grid
from ganzoo.runs.weights import load_generator
from tests.conftest import ROOT
from tests.explore.test_server import explore

PYTHON = os.environ.get("GANZOO_BASE_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="`make test` names an environment without torch in GANZOO_BASE_PYTHON"
)


def base(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    python = ROOT / PYTHON
    return subprocess.run(
        [python, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_torch_is_not_there(tmp_path: Path) -> None:
    for module in ("torch", "onnx", "safetensors", "matplotlib"):
        done = base("-c", f"import {module}", cwd=tmp_path)
        assert f"No module named '{module}'" in done.stderr


def test_the_same_pictures_as_torch(exported: Path, trained: Path, tmp_path: Path) -> None:
    done = base("-m", "ganzoo", "sample", exported, "-n", 16, "--seed", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / done.stdout.strip()) as sheet:
        drawn = np.asarray(sheet).astype(int)
    expected = grid(load_generator(trained)[0].sample(16, seed=2))[0, :, :, 0]
    assert np.abs(drawn - expected).max() <= 1


def test_the_graph_of_a_file(exported: Path, tmp_path: Path) -> None:
    for name in ("x.svg", "x.html"):
        done = base("-m", "ganzoo", "graph", exported, "-o", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Gemm 100→16" in (tmp_path / name).read_text()
    done = base("-m", "ganzoo", "graph", exported, "-o", "x.png", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "x.png").exists()) == (3, False)
    assert "this needs matplotlib" in done.stderr


def test_looking_around(tmp_path: Path) -> None:
    rows = json.loads(base("-m", "ganzoo", "list", "--json", cwd=tmp_path).stdout)
    assert "mlp_gan" in {row["name"] for row in rows}
    doctor = base("-m", "ganzoo", "doctor", cwd=tmp_path)
    assert doctor.returncode == 0, doctor.stderr
    assert "torch is not installed" in doctor.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "mlp_gan"],
        ["show", "mlp_gan"],
        ["graph", "mlp_gan"],
        ["export", "run"],
        ["sample", "run"],
        ["project", "run", "x.png"],
    ],
)
def test_what_needs_torch_says_so(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints" / "step-00000001").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    done = base("-m", "ganzoo", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "extra 'train'" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_make_zoo_prints_its_table(tmp_path: Path) -> None:
    root = ROOT
    tiny = ["mlp_gan_shallow", "--steps", "2", "--data", "toy_garments", "--out", str(tmp_path)]
    tiny += ["--images", "0", "--base-python", str(root / PYTHON)]
    command = [sys.executable, "-m", "benchmarks.zoo", *tiny]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("  mlp_gan_shallow"))
    assert row.split()[1:4] == ["toy_garments", "114,064", "100,609"]
    assert float(row.split()[8]) <= 1e-5
    assert int(row.split()[10]) <= 1
    assert (tmp_path / "mlp_gan_shallow.png").stat().st_size > 100


EVERYTHING = """
import sys
import numpy as np
import ganzoo
from ganzoo.draw.sheets import Sheet

g = ganzoo.load(sys.argv[1], providers="CPU", threads=1)
images = g.sample(70, seed=3, batch_size=16)
assert images.shape == (70, 28, 28, 1) and images.dtype == np.uint8
z = np.zeros((2, 100), np.float32)
assert g.run(z).shape == (2, 1, 28, 28) and g.draw(z).shape == (2, 28, 28, 1)
assert np.array_equal(np.concatenate(list(g.stream(70, 3, 9))), images)
assert g.grid(9, seed=1).image.size == (3 * 58 + 2, 3 * 58 + 2)
assert g.interpolate(0, 1, steps=5).shape == (5, 28, 28, 1)
swept = g.sweep(3, [-3, 0, 3], rows=4)
assert swept.shape == (4, 3, 28, 28, 1) and g.movement(rows=1).shape == (100,)
Sheet(swept[:, None], columns=["-3", "0", "3"]).save("sheet.png")
assert set(g.benchmark()) == {1, 64} and all(v > 0 for v in g.benchmark().values())
assert g.info.architecture == "mlp_gan" and g.runs_on == "CPUExecutionProvider"
heavy = {"torch", "onnx", "safetensors", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""


def test_everything_that_a_loaded_model_can_do(exported: Path, tmp_path: Path) -> None:
    done = base("-c", EVERYTHING, exported, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


DESCRIBE = """
import sys
from ganzoo.data import open_images
from ganzoo.errors import PluginError, install
from ganzoo.evaluate.features import Features, describe
from ganzoo.zoo import catalogue, registry

entry = catalogue.find(catalogue.features(), "classifier")
features = registry.load(entry, {}, Features).value
images = open_images("fashion_mnist", (1, 28, 28))
found = describe(features.open(images), images.pixels[:600])
assert found.features.shape == (600, 64) and found.probabilities.shape == (600, 10)
try:
    features.open(open_images("toy_garments", (1, 28, 28), options={"count": 200}))
except PluginError as error:
    assert "have to be trained on toy_garments first" in str(error), error
    assert install("train") in str(error), error
assert not {"torch", "onnx"} & set(sys.modules)
"""


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").is_dir(),
    reason="needs the Debian package dataset-fashion-mnist",
)
def test_shipped_features_need_no_torch(tmp_path: Path) -> None:
    done = base("-c", DESCRIBE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_page_is_served(exported: Path) -> None:
    expected = ganzoo.load(exported).sample(3, seed=7)
    with explore(exported, python=ROOT / PYTHON) as running:
        z = latents.normal(3, 100, seed=7).astype("<f4").tobytes()
        assert running.ask("/draw", z)[1] == expected.tobytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "-n", 5, "--npz", "x.npz"],
        ["sample", "-n", 5, "--tar", "x.tar"],
        ["sample", "-n", 5, "--each", "x"],
        ["sweep", "--dims", "3,17", "--values", "-10,-5,0,5", "--rows", 8, "-o", "x.png"],
        ["sweep", "-o", "x.gif"],
        ["interpolate", "-o", "x.webp"],
        ["directions", "--count", 2, "-o", "x.png"],
    ],
)
def test_commands_that_draw(exported: Path, tmp_path: Path, arguments: list[object]) -> None:
    command, *options = arguments
    done = base("-m", "ganzoo", command, exported, *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / done.stdout.splitlines()[-1]).exists()
