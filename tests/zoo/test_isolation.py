"""Broken plugins, all installed at once: the rest works, and each is named with its reason."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ganzoo, install, process
from tests.flaws import FLAWS, GOOD

TORCH_DATA = """
import numpy, torch
from ganzoo import Dataset
torch.set_default_dtype(torch.float64)

def data():
    return Dataset(images=numpy.zeros((3, 16, 16), numpy.uint8))
"""


def _package(name: str) -> str:
    """Most share one package, and so one process; each must leave it as it was."""
    alone = FLAWS[name].requires != "ganzoo" or not FLAWS[name].comes_back
    return name.replace("_", "-") if alone else "flawed"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment in which all of them are installed, and some with names of others."""
    site = tmp_path_factory.mktemp("isolation") / "site"
    for package in {_package(name) for name in FLAWS}:
        own = {name: flaw for name, flaw in FLAWS.items() if _package(name) == package}
        sources = {name: flaw.source for name, flaw in own.items()}
        requires = next(iter(own.values())).requires
        install(site, package, sources, {n: f"{n}:gan" for n in own}, requires=requires)
    install(site, "taken", GOOD, {"dcgan_mnist": "gan"})
    install(site, "taken-data", GOOD, {"fashion_mnist": "gan"}, group="ganzoo.datasets")
    install(site, "torch-data", TORCH_DATA, {"torch_data": "data"}, group="ganzoo.datasets")
    return {"PYTHONPATH": str(site)}


@pytest.mark.slow
def test_plugins_names_each_with_its_reason(env: Mapping[str, str]) -> None:
    done = process("-m", "ganzoo", "plugins", "--json", "--timeout", 10, env=env)
    assert done.code == 0, done.err
    listed: dict[str, dict[str, Any]] = {
        f"{package['package']} {package['version']} {row['name']}": row
        for package in json.loads(done.out)
        for row in package["registers"]
    }
    for name, flaw in FLAWS.items():
        row = listed[f"{_package(name)} 1.2 {name}"]
        assert (row["state"], row["detail"].count("\n")) == (flaw.state, 0), row
        assert flaw.reason in row["detail"], row
    for package in ("taken 1.2", "ganzoo 0.1.0"):
        row = listed[f"{package} dcgan_mnist"]
        assert row["state"] == "clash"
        assert f"write {package.split()[0]}:dcgan_mnist" in row["detail"]
    assert "torch's default dtype" in listed["torch-data 1.2 torch_data"]["detail"]
    assert listed["ganzoo 0.1.0 mlp_gan"]["state"] == "ok"
    assert listed["ganzoo 0.1.0 toy_faces"]["state"] == "ok"


def test_looking_training_and_sampling_go_on(
    env: Mapping[str, str], exported: Path, tmp_path: Path, ganzoo: Ganzoo
) -> None:
    assert ganzoo("--help", env=env).code == 0
    done = process("-m", "ganzoo", "list", "--json", env=env)
    assert done.code == 0
    names = {row["name"] for row in json.loads(done.out)}
    assert set(FLAWS) < names
    assert ganzoo("sample", exported, "-n", 1, env=env, cwd=tmp_path).code == 0
    tiny = ("--set", "hidden=8", "--max-steps", 1, "--batch-size", 4)
    digits = tmp_path / "data" / "fashion_mnist" / "train-images-idx3-ubyte"
    digits.parent.mkdir(parents=True)
    digits.write_bytes(b"\0\0\x08\x03" + bytes([0, 0, 0, 8, 0, 0, 0, 28, 0, 0, 0, 28] + 6272 * [7]))
    done = ganzoo("train", "mlp_gan", *tiny, env=env, cwd=tmp_path)  # on its own package's data set
    assert done.code == 0, done.err
    assert done.last == "runs/mlp_gan-fashion_mnist-001"


LOAD = """
import json, os, random, sys
import numpy, torch
from ganzoo.zoo import registry
from ganzoo.errors import PluginError

def shared():
    keys = numpy.random.get_state()[1].tobytes().hex()
    rng = torch.get_rng_state().numpy().tobytes().hex()
    bits, dtype = type(numpy.random.get_bit_generator()), torch.get_default_dtype()
    torchs = [str(dtype), torch.get_num_threads(), str(torch.get_default_device())]
    return [random.getstate(), keys, rng, torchs, os.getcwd(), str(bits)]

before = shared()
for name in sys.argv[1:]:
    try:
        said = "; ".join(registry.load_architecture(name).faults)
        loads = True
    except PluginError as error:
        said, loads = str(error), False
    print(json.dumps([loads, said, shared() == before]))
"""


def test_asking_for_one_says_what_is_wrong_and_changes_nothing(env: Mapping[str, str]) -> None:
    flaws = {name: flaw for name, flaw in FLAWS.items() if flaw.comes_back}
    done = process("-c", LOAD, *flaws, env=env)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    for (name, flaw), line in zip(flaws.items(), lines, strict=True):
        loads, said, unchanged = json.loads(line)
        assert (loads, unchanged) == (flaw.loads, True), line
        assert flaw.reason in said, line
        if not loads:
            assert f"'{name}' of {_package(name)} 1.2" in said


def test_an_error_is_one_line_and_prints_are_not_the_answer(
    env: Mapping[str, str], ganzoo: Ganzoo
) -> None:
    shown = ganzoo("show", "system_exit", env=env)
    assert (shown.code, shown.out, shown.err.count("\n")) == (3, "", 1)
    for name in ("prints", "prints_raw"):
        shown = ganzoo("show", name, "--json", env=env)
        assert json.loads(shown.out)["name"] == name
        assert "hello" in shown.err
        assert "prints to standard output, which was put right" in shown.err
    done = process("-c", "import ganzoo; ganzoo.graph('prints')", env=env)
    assert done.code == 0, done.err
    assert "prints to standard output, which was put right" in done.err  # a script is told, too


@pytest.mark.parametrize(
    "loss",
    [
        "raise ValueError('shapes disagree')",
        pytest.param("raise SystemExit(0)", marks=pytest.mark.slow),
        pytest.param("import sys; sys.exit()", marks=pytest.mark.slow),
    ],
)
def test_what_a_loss_raises_is_its_plugins_fault(tmp_path: Path, loss: str, ganzoo: Ganzoo) -> None:
    source = GOOD.replace(
        "return mlp_gan(hidden=(8,))", "return replace(mlp_gan(hidden=(8,)), objective=sad)"
    )
    source += f"""
from dataclasses import replace
from ganzoo.objectives import non_saturating
def loss(D, real, fake):
    {loss}
sad = replace(non_saturating(), generator_loss=loss)
"""
    install(tmp_path / "site", "sad-gan", source, {"sad": "gan"})
    done = ganzoo("train", "sad", "--data", "toy_garments", "--set-data", "count=16", cwd=tmp_path,
                  env={"PYTHONPATH": str(tmp_path / "site")})  # fmt: skip
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert "architecture 'sad' of sad-gan 1.2: training step 1 fails: " in done.err
    (status,) = tmp_path.glob("runs/*/status.json")
    assert json.loads(status.read_text())["outcome"] == "failed"


@pytest.mark.parametrize(
    "read", ["raise KeyError('lost')", pytest.param("raise SystemExit(0)", marks=pytest.mark.slow)]
)
def test_what_a_data_set_raises_is_its_plugins_fault(
    tmp_path: Path, read: str, ganzoo: Ganzoo
) -> None:
    source = f"""
from ganzoo import Dataset
class Images:
    def __len__(self):
        return 20
    def __getitem__(self, index):
        {read}
def sad():
    return Dataset(images=Images(), cache_key="sad")
"""
    install(tmp_path / "site", "sad-data", source, {"sad": "sad"}, group="ganzoo.datasets")
    done = ganzoo("train", "mlp_gan", "--data", "sad", cwd=tmp_path,
                  env={"PYTHONPATH": str(tmp_path / "site")})  # fmt: skip
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert "data set 'sad' of sad-data 1.2: its image " in done.err
    assert "cannot be read: " in done.err
    assert "(sad_data.py, line 7)" in done.err
    assert not (tmp_path / "runs").exists()


def test_a_default_data_set_that_is_not_there_is_its_plugins_fault(
    tmp_path: Path, ganzoo: Ganzoo
) -> None:
    source = GOOD.replace(
        "mlp_gan(hidden=(8,))", "replace(mlp_gan(hidden=(8,)), dataset='toy_faecs')"
    )
    source = "from dataclasses import replace\n" + source
    install(tmp_path / "site", "sad-gan", source, {"sad": "gan"})
    done = ganzoo("train", "sad", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")})
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert "architecture 'sad' of sad-gan 1.2: no data set is called 'toy_faecs'" in done.err


def test_ctrl_c_names_the_plugin_that_never_returns(env: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "ganzoo", "show", "never"]
    with subprocess.Popen(
        command, env={**os.environ, **env}, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stderr is not None
            assert running.stderr.readline() == "here\n"
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        finally:
            running.kill()  # or a failure would wait for it for ever
    assert running.returncode == 130
    assert err == (
        "ganzoo: interrupted before architecture 'never' of never 1.2 could be imported\n"
    )


@pytest.mark.slow
def test_ganzoo_plugins_restricts_what_is_loaded(env: Mapping[str, str], ganzoo: Ganzoo) -> None:
    few = {**env, "GANZOO_PLUGINS": "ganzoo, Optional_Future"}
    done = ganzoo("list", "--json", env=few)
    packages = {row["package"] for row in json.loads(done.out)}
    assert packages == {"ganzoo", "optional-future"}
    hidden = ganzoo("show", "prints", env=few)
    assert hidden.code == 3
    assert "architecture 'prints' of flawed 1.2 is left out by $GANZOO_PLUGINS" in hidden.err
    other_kind = ganzoo("show", "torch_data", env=few)
    assert "no architecture is called 'torch_data'" in other_kind.err
    assert ganzoo("show", "ganzoo:dcgan_mnist", env=few).code == 0
    assert ganzoo("show", "dcgan_mnist", env=few).code == 0  # the other one is left out
    rows = json.loads(ganzoo("plugins", "--json", env=few).out)
    states = {row["package"]: {r["state"] for r in row["registers"]} for row in rows}
    assert states["never"] == {"hidden"}
    assert states["optional-future"] == {"ok"}
    odd = ganzoo("list", env={**env, "GANZOO_PLUGINS": "ganzoo,gan-zoo"})
    assert odd.err == "ganzoo: $GANZOO_PLUGINS names gan-zoo, which registers nothing here\n"
    assert ganzoo("show", "prints", env={**env, "GANZOO_PLUGINS": ""}).code == 0
