"""Both wheels, built and installed where nothing else is: the stranger's way in."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


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
    assert {"ganzoo/py.typed", "ganzoo/data/files.py", "ganzoo_plugins/mlp_gan.py"} <= set(ours)
    assert {name.split("/")[0].split("-")[0] for name in ours} == {"ganzoo", "ganzoo_plugins"}
    assert [name for name in guest if "dist-info" not in name] == ["ganzoo_lsgan.py"]


def test_a_third_party_plugin_in_a_fresh_environment(wheels: list[Path], tmp_path: Path) -> None:
    """Install both wheels as a stranger would; list, train two steps, export and sample."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    ours, guest = wheels
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    install += ["--constraint", ROOT / "constraints.txt", f"{ours}[train]", guest]
    subprocess.run(install, check=True, capture_output=True)

    def ganzoo(*arguments: str) -> str:
        done = subprocess.run(
            [python, "-m", "ganzoo", *arguments],
            cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    rows = {row["name"]: row for row in json.loads(ganzoo("list", "--json"))}
    assert rows["lsgan"]["package"] == "ganzoo-lsgan"
    assert rows["lsgan"]["summary"] == "Least-squares GAN for 28x28 grey images (Mao et al. 2017)."
    trained = ganzoo("train", "lsgan", "--set", "width=4", "--data", "toy_garments",
                     "--set-data", "count=16", "--batch-size", "8", "--max-steps", "2")  # fmt: skip
    assert trained.endswith("runs/lsgan-toy_garments-001\n")
    assert "max error" in ganzoo("export", "--onnx")
    ganzoo("sample", "exports/lsgan-toy_garments-001.onnx", "-n", "4", "-o", "x.png")
    assert (tmp_path / "x.png").stat().st_size > 100
