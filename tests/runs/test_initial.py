"""`train --init`: weights that were trained before, where they fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import ganzoo
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.runs.weights import load_weights, weights_sha256
from tests.conftest import Cli, process
from tests.lives import content

WORDS = ("train", "mlp_gan", "--data", "toy_garments", "--set-data", "count=16", "--batch-size", 8,
         "--set", "hidden=16,32", "--save-every", 1)  # fmt: skip


def facts(run: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(run) / "run.json").read_text())["origin"]
    return found


def test_a_run_begins_with_the_weights_of_another(trained: Path, cli: Cli, tmp_path: Path) -> None:
    done = cli(*WORDS, "--init", trained, "--max-steps", 2, "--keep", 9, "--runs", tmp_path)
    assert done.code == 0, done.err
    given = load_weights(trained).tensors
    assert f"weights       of {trained.name}, {len(given)} of {len(given)} tensors fit" in done.out
    first = load_weights(Path(done.last) / "checkpoints" / "step-00000000").tensors
    assert all(torch.equal(first[name], given[name]) for name in given)
    assert facts(done.last) == {
        "name": trained.name, "sha256": weights_sha256(given), "taken": len(given), "fresh": [],
    }  # fmt: skip
    last = load_weights(done.last).tensors
    assert not torch.equal(last["generator.0.weight"], given["generator.0.weight"])


def test_it_is_the_same_run_after_a_break(trained: Path, cli: Cli, tmp_path: Path) -> None:
    """Also one that was killed before its first step."""
    words = (*WORDS, "--init", trained, "--runs", tmp_path)
    whole = content(Path(cli(*words, "--max-steps", 6).last))
    begun = Path(cli(*words, "--max-steps", 3, "--keep", 9).last)
    early = shutil.copytree(begun, tmp_path / "early")
    for path in early.glob("checkpoints/step-0000000[1-9]"):
        shutil.rmtree(path)
    (early / "metrics.jsonl").write_text("")
    for run in (begun, early):
        done = cli("resume", run, "--max-steps", 6)
        assert done.code == 0, done.err
        found = content(run)
        found.pop("step-00000003.png", None)
        assert found == whole


def test_without_its_first_checkpoint_nothing_is_begun_from_the_seed(
    trained: Path, cli: Cli, tmp_path: Path
) -> None:
    run = cli(*WORDS, "--init", trained, "--max-steps", 2, "--runs", tmp_path).last
    shutil.rmtree(Path(run) / "checkpoints")
    done = cli("resume", run)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert f"began with the weights of {trained.name}" in done.err


def test_what_does_not_fit_is_fresh_and_named(trained: Path, cli: Cli, tmp_path: Path) -> None:
    words = [16 if word == "hidden=16,32" else word for word in WORDS]
    words[words.index(16)] = "hidden=16,48"
    done = cli(*words, "--init", trained, "--max-steps", 1, "--runs", tmp_path)
    assert done.code == 0, done.err
    (line,) = (line for line in done.out.splitlines() if line.startswith("weights"))
    assert "; fresh: generator." in line
    fresh = facts(done.last)["fresh"]
    assert isinstance(fresh, list)
    assert fresh
    first = load_weights(Path(done.last) / "checkpoints" / "step-00000001").info
    assert first.options["hidden"] == [16, 48]


def test_of_other_networks_nothing_fits(trained: Path, cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "dcgan_fashion", "--data", "toy_garments", "--set-data", "count=16",
               "--init", trained, "--max-steps", 1, "--runs", tmp_path)  # fmt: skip
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert f"nothing of {trained.name} fits" in done.err
    assert not list(tmp_path.iterdir())


def test_the_average_begins_with_them_too(trained: Path, tmp_path: Path) -> None:
    run = ganzoo.train(
        "mlp_gan", options={"hidden": (16, 32)}, data="toy_garments", data_options={"count": 16},
        batch_size=8, ema=100, init=trained, max_steps=1, runs=tmp_path, save_every=1, keep=9,
    )  # fmt: skip
    first = load_weights(run.path / "checkpoints" / "step-00000000").of("generator")
    given = load_weights(trained).of("generator")
    assert all(torch.equal(first[name], given[name]) for name in given)


def test_sources(trained: Path, exported: Path, tmp_path: Path) -> None:
    from ganzoo.runs.initial import Initial

    given = load_weights(trained).tensors
    folder = ganzoo.publish(trained, tmp_path / "model", variants=["float32"]).folder
    newest = max((trained / "checkpoints").glob("step-*"))
    for words in (trained, newest, newest / "model.safetensors", folder):
        found = Initial.read(words).tensors
        assert found.keys() == given.keys()
        assert all(torch.equal(found[name], given[name]) for name in given)
    with pytest.raises(UsageError, match="is exported, and has no discriminator"):
        Initial.read(exported)
    with pytest.raises(ModelFileError, match="does not exist"):
        Initial.read(tmp_path / "nothing")


def test_a_restart_needs_the_origin_no_more(trained: Path, tmp_path: Path) -> None:
    origin = shutil.copytree(trained, tmp_path / "origin")
    words = ("-m", "ganzoo", *WORDS, "--init", origin, "--max-steps", 3, "--runs", "runs")
    there = {"TORCHELASTIC_RUN_ID": "job"}
    begun = process(*words, cwd=tmp_path, env=there)
    assert begun.code == 0, begun.err
    shutil.rmtree(origin)
    run = tmp_path / begun.last
    shutil.rmtree(max(run.glob("checkpoints/step-*")))
    there["TORCHELASTIC_RESTART_COUNT"] = "1"
    again = process(*words, cwd=tmp_path, env=there)
    assert (again.code, again.last) == (0, begun.last), again.err
    assert (run / "checkpoints" / "step-00000003").is_dir()


def test_weights_that_are_not_finite_begin_nothing(trained: Path, cli: Cli, tmp_path: Path) -> None:
    newest = max((trained / "checkpoints").glob("step-*"))
    with safe_open(newest / "model.safetensors", "pt") as file:
        facts = file.metadata()
    tensors = load_weights(trained).tensors
    tensors["generator.0.weight"][0, 0] = torch.nan
    save_file({**tensors}, tmp_path / "bad.safetensors", facts)
    done = cli(*WORDS, "--init", tmp_path / "bad.safetensors", "--runs", tmp_path / "runs")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "the weights of bad are not all finite" in done.err
    assert not (tmp_path / "runs").exists()
