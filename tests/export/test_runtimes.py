"""What other runtimes draw from exported files, as the table of docs/export.md says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import runtimes
from benchmarks.runtimes import PAGE, RUNTIMES, VARIANTS, Runtime
from ganzoo.train.precision import has_bfloat16

pytestmark = [pytest.mark.tail, pytest.mark.usefixtures("quick_exports")]

INT8 = [variant.options.get("precision") for variant in VARIANTS].index("int8")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All architectures in all variants, and what torch draws."""
    folder = tmp_path_factory.mktemp("files")
    for name in runtimes.ours():
        runtimes.export(name, folder)
    return folder


@pytest.fixture(scope="module")
def environments(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache
    return pytestconfig.cache.mkdir("runtimes")


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.title)
def test_a_row_of_the_table(runtime: Runtime, files: Path, environments: Path) -> None:
    if runtime.name == "openvino" and not has_bfloat16():
        pytest.skip("the row is of a CPU that computes in bfloat16")
    try:
        found = runtimes.drawn(runtime, files, environments)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{runtime.packages[0]} cannot be installed: {error}")
    *_, row = runtimes.table({runtime.title: found})
    (shown,) = [
        line for line in PAGE.read_text().splitlines() if line.startswith(f"| {runtime.title} |")
    ]
    rows = [line.split("|") for line in (row, shown)]
    if runtime.name != "onnxruntime":  # int8 is for it alone: others are right by chance
        for cells in rows:
            del cells[2 + INT8]
    assert rows[0] == rows[1], runtimes.failures({runtime.title: found})


def test_wrong_images_do_not_count(files: Path, environments: Path, tmp_path: Path) -> None:
    """The same files with latents of another image than what is expected was drawn of."""
    for path in files.glob("mlp_gan-*"):
        shutil.copy(path, tmp_path)
    onnxruntime = RUNTIMES[1]
    assert runtimes.failures({"x": runtimes.drawn(onnxruntime, tmp_path, environments)}) == []
    for path in tmp_path.glob("*.npz"):
        with np.load(path) as arrays:
            changed = {**arrays, "latent": arrays["latent"][::-1]}
        np.savez(path, **changed)
    found = {"x": runtimes.drawn(onnxruntime, tmp_path, environments)}
    assert len(runtimes.failures(found)) == len(VARIANTS)
