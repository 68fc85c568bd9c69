"""Both wheels, built and installed where nothing else is: the stranger's way in."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, ROOT / "plugins" / "ganzoo-lsgan"):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", folder, source],
            check=True, capture_output=True,
        )  # fmt: skip
    return sorted(folder.glob("*.whl"))


def test_the_wheels_hold_what_they_should(wheels: list[Path]) -> None:
    ours, guest = (zipfile.ZipFile(wheel).namelist() for wheel in wheels)
    assert {
        "ganzoo/py.typed",
        "ganzoo/zoo/template/pyproject.toml.in",
        "ganzoo/export/template/pyproject.toml.in",
        "ganzoo/explore/page/index.html",
        "ganzoo/explore/page/ganzoo.js",
        "ganzoo_plugins/mlp_gan.py",
        "ganzoo_plugins/features/fashion_mnist.onnx",
        "ganzoo_plugins/features/mnist.onnx",
    } <= set(ours)
    assert {name.split("/")[0].split("-")[0] for name in ours} == {"ganzoo", "ganzoo_plugins"}
    assert [name for name in guest if "dist-info" not in name] == ["ganzoo_lsgan.py"]


@pytest.fixture(scope="module")
def environment(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with ganzoo's wheel in it, as a stranger has; its python."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    _pip(python, f"{wheels[0]}[train]", "pytest")
    return python


def _pip(python: Path, *arguments: str | Path, cwd: Path | None = None) -> None:
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    constraints: list[str | Path] = ["--constraint", ROOT / "constraints.txt"]
    done = subprocess.run(
        [*install, *constraints, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _run(python: Path, cwd: Path, *arguments: str) -> str:
    done = subprocess.run(
        [python, "-m", *arguments],
        cwd=cwd, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_nothing_to_a_trained_gan_in_four_commands(environment: Path, tmp_path: Path) -> None:
    """As the manual says it, but for the last command's --max-steps."""
    python = environment
    assert _run(python, tmp_path, "ganzoo", "new-plugin", "my_gan").endswith("ganzoo-my-gan\n")
    _pip(python, "-e", "ganzoo-my-gan", cwd=tmp_path)
    checked = _run(python, tmp_path, "ganzoo", "check-plugin", "my_gan")
    assert "passed (20 of 20 checks hold)" in checked
    trained = _run(python, tmp_path, "ganzoo", "train", "my_gan", "--max-steps", "20")
    assert trained.endswith("runs/my_gan-toy_garments-001\n")
    assert "1 passed" in _run(python, tmp_path / "ganzoo-my-gan", "pytest", "-q")  # its own test


def test_the_tutorials_package_in_a_fresh_environment(
    environment: Path, wheels: list[Path], tmp_path: Path
) -> None:
    python = environment
    _pip(python, wheels[1])
    rows = {
        row["name"]: row for row in json.loads(_run(python, tmp_path, "ganzoo", "list", "--json"))
    }
    assert rows["lsgan"]["package"] == "ganzoo-lsgan"
    assert rows["lsgan"]["summary"] == "Least-squares GAN for 28x28 grey images (Mao et al. 2017)."
    checked = json.loads(_run(python, tmp_path, "ganzoo", "check-plugin", "lsgan", "--json"))
    assert [len(row["checks"]) for row in checked] == [20]


def test_a_model_is_drawn_from_where_torch_never_was(
    environment: Path, wheels: list[Path], tmp_path: Path
) -> None:
    """A package from a run, built, and installed beside ganzoo without the extra `train`."""
    small = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=64")
    _run(environment, tmp_path, "ganzoo", "train", "mlp_gan", *small, "--max-steps", "2")
    made = _run(environment, tmp_path, "ganzoo", "new-plugin", "tiny-garments",
                "--with-model", "mlp_gan-toy_garments-001", "--licence", "CC0-1.0")  # fmt: skip
    assert made.endswith("ganzoo-tiny-garments\n")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "other"], check=True)
    other = tmp_path / "other" / "bin" / "python"
    _pip(other, wheels[0], "./ganzoo-tiny-garments", cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "CC0-1.0" in _run(other, elsewhere, "ganzoo", "models")
    drawn = _run(other, elsewhere, "ganzoo", "sample", "tiny-garments", "-n", "64")
    assert drawn == "tiny-garments-seed0.png\n"
    assert (elsewhere / "tiny-garments-seed0.png").stat().st_size > 1000
    no_torch = subprocess.run([other, "-c", "import torch"], capture_output=True, check=False)
    assert no_torch.returncode == 1
    _pip(environment, "./ganzoo-tiny-garments", cwd=tmp_path)
    checked = _run(environment, tmp_path, "ganzoo", "check-plugin", "tiny-garments")
    assert "passed (6 of 6 checks hold)" in checked
