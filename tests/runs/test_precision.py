"""Which precision "auto" is: measured once on a CPU that has bfloat16, and kept by a run."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo import TrainConfig
from ganzoo.runs.facts import Chosen, Circumstances
from ganzoo.runs.precision import SHORTEST, as_before, measured
from ganzoo.storage import read_checked, write_checked
from ganzoo.train.precision import choose_precision, has_bfloat16
from ganzoo.train.timing import times_as_fast
from ganzoo.train.world import ALONE
from ganzoo.zoo import registry
from tests.conftest import Cli

CPU = torch.device("cpu")
BFLOAT16 = pytest.mark.skipif(not has_bfloat16(), reason="this CPU does not have bfloat16")
SMALL = ("mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16")


@pytest.mark.parametrize(
    ("times", "name", "why"),
    [
        (1.5, "bf16", "auto: bf16 is 1.50 times as fast here"),
        (1.05, "fp32", "auto: bf16 is 1.05 times as fast here"),
        (
            None,
            "fp32",
            "auto: bf16 was not measured: the run is short or compiled, or a step failed",
        ),
    ],
)
def test_auto_takes_bf16_where_it_is_worth_it(times: float | None, name: str, why: str) -> None:
    asked: list[str] = []

    def faster() -> float | None:
        asked.append("how fast?")
        return times

    found = choose_precision("auto", CPU, faster)
    if has_bfloat16():
        assert (found.name, found.reason) == (name, why)
    else:
        assert (found.name, asked) == ("fp32", [])
    for wanted in ("fp32", "bf16"):
        assert choose_precision(wanted, CPU, faster).name == wanted
    assert len(asked) == has_bfloat16()  # only auto asks


@pytest.fixture
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("GANZOO_CACHE", str(folder))
    return folder


def cached(name: str) -> Any:
    (file,) = (Path(os.environ["GANZOO_CACHE"]) / "speed").glob(f"{name}-*.json")
    return file


@BFLOAT16
def test_it_is_measured_once(private_cache: Path) -> None:
    loaded = registry.load_architecture("mlp_gan_shallow", {"hidden": 8})
    config = TrainConfig(batch_size=4)
    short = measured(loaded, config, CPU, ALONE, SHORTEST - 1)
    assert (short.name, list(private_cache.iterdir())) == ("fp32", [])
    measured(loaded, config, CPU, ALONE, SHORTEST)
    file = cached("mlp_gan_shallow")
    for kept, name in ((9.0, "bf16"), (0.5, "fp32")):
        write_checked(file, {"times": kept})
        found = measured(loaded, config, CPU, ALONE, SHORTEST)
        assert (found.name, found.reason) == (name, f"auto: bf16 is {kept:.2f} times as fast here")
    altered = file.read_text().replace("0.5", "9.5")
    for damaged in ("", "{", '{"times": 1.0}', altered, "[]", "[" * 100_000):
        file.write_text(damaged)
        measured(loaded, config, CPU, ALONE, SHORTEST)
        assert 0 < read_checked(file)["times"] != 9.5
    for wrong in ("x", -1, math.nan, math.inf, None):
        write_checked(file, {"times": wrong})
        measured(loaded, config, CPU, ALONE, SHORTEST)
        assert 0 < read_checked(file)["times"] < math.inf


@BFLOAT16
def test_a_run_keeps_its_precision(private_cache: Path, cli: Cli, tmp_path: Path) -> None:
    steps = ("--batch-size", 4, "--epochs", SHORTEST, "--snapshots", 9999, "--save-every", "99 e",
             "--device", "cpu")  # fmt: skip
    run = cli("train", *SMALL, *steps, "--max-steps", SHORTEST, "--runs", tmp_path).last
    file = cached("mlp_gan")
    write_checked(file, read_checked(file) | {"times": 9.0})
    run = cli("train", *SMALL, *steps, "--max-steps", SHORTEST, "--runs", tmp_path).last
    begun = json.loads((Path(run) / "run.json").read_text())
    assert begun["precision"] == {"name": "bf16", "reason": "auto: bf16 is 9.00 times as fast here"}
    file.unlink()
    gone_on = cli("resume", run, "--max-steps", SHORTEST + 1)
    assert "bf16: bfloat16 where autocast says so, weights in float32 (as before)" in gone_on.out
    assert not file.exists()  # nothing is measured again


def test_a_run_goes_on_in_the_precision_of_before() -> None:
    then = Circumstances(
        device=Chosen(name="cpu", reason=""),
        precision=Chosen(name="bf16", reason=""),
        processes=1,
        threads=1,
        versions={},
    )
    auto = TrainConfig()
    assert as_before(auto, CPU, then).name == "bf16"
    older = replace(then, precision=Chosen(name="fp32", reason=""))
    assert str(as_before(auto, CPU, older)).endswith("(as before)")
    assert as_before(replace(auto, precision="fp32"), CPU, then).name == "fp32"
    elsewhere = replace(
        then, device=Chosen(name="cuda:0", reason=""), precision=Chosen(name="tf32", reason="")
    )
    assert as_before(auto, CPU, elsewhere).name == "fp32"


@pytest.mark.parametrize("name", ["mlp_gan_shallow", "acgan_fashion"])
def test_measuring_leaves_random_numbers_alone(name: str) -> None:
    options: dict[str, Any] = {"hidden": 8} if name == "mlp_gan_shallow" else {"width": 2}
    gan = registry.load_architecture(name, options).value
    before = torch.get_rng_state()
    assert 0 < times_as_fast(gan, TrainConfig(batch_size=8, ema=0.9)) < math.inf
    assert torch.equal(torch.get_rng_state(), before)


def test_one_thread_is_measured() -> None:
    """Threads wait for each other where other work runs: bf16 seemed 0.4 times as fast then."""
    gan = registry.load_architecture("mlp_gan_shallow", {"hidden": 8}).value
    threads: set[int] = set()

    def clock() -> float:
        threads.add(torch.get_num_threads())
        return time.thread_time()

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert 0 < times_as_fast(gan, TrainConfig(batch_size=8), clock) < math.inf
        assert (threads, torch.get_num_threads()) == ({1}, 3)
    finally:
        torch.set_num_threads(before)
