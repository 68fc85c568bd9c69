"""A checkpoint of which a bit was flipped, a byte lost, a file swapped: never gone on from."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganzoo.errors import ModelFileError
from ganzoo.runs.checkpoints import Checkpoint
from tests.conftest import Cli
from tests.lives import content

NAMES = ["MANIFEST.json", "ema.safetensors", "model.safetensors", "optim.safetensors", "run.json",
         "state.json"]  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three steps with all its checkpoints, of 60 KB each."""
    from ganzoo.cli import main

    runs = tmp_path_factory.mktemp("tiny")
    with pytest.raises(SystemExit):
        main([
            "train", "mlp_gan", "--set", "hidden=2", "--set", "latent_dim=2", "--ema", "0.9",
            "--data", "toy_garments", "--set-data", "count=16", "--batch-size", "8",
            "--max-steps", "3", "--save-every", "1", "--keep", "3", "--runs", str(runs),
        ])  # fmt: skip
    return runs / "mlp_gan-toy_garments-001"


@pytest.fixture
def run(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "run")


@pytest.fixture
def newest(run: Path) -> Path:
    return run / "checkpoints" / "step-00000003"


# One bit or byte in so many; with 1, all.
STRIDES = [997, pytest.param(31, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.tail)]


def flips(name: str, content: bytes) -> Iterator[tuple[int, int]]:
    """Every bit of text, and of a header; of the data one bit of every byte."""
    header = 8 + int.from_bytes(content[:8], "little") if name.endswith(".safetensors") else None
    for index in range(len(content)):
        for bit in range(8) if header is None or index < header else [index % 8]:
            yield index, bit


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stride", STRIDES)
def test_every_flipped_bit_is_found(newest: Path, name: str, stride: int) -> None:
    file = newest / name
    whole = file.read_bytes()
    with file.open("r+b", buffering=0) as opened:
        for index, bit in [*flips(name, whole)][::stride]:
            os.pwrite(opened.fileno(), bytes([whole[index] ^ 1 << bit]), index)
            with pytest.raises(ModelFileError):
                Checkpoint.open(newest)
            os.pwrite(opened.fileno(), whole[index : index + 1], index)
    assert Checkpoint.open(newest)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stride", STRIDES)
def test_every_lost_byte_is_found(newest: Path, name: str, stride: int) -> None:
    for size in range(len((newest / name).read_bytes()) - 1, -1, -stride):
        os.truncate(newest / name, size)
        with pytest.raises(ModelFileError):
            Checkpoint.open(newest)


def swap(a: Path, b: Path) -> None:
    a.rename(a.with_name("between"))
    b.rename(a)
    a.with_name("between").rename(b)


def resumed(run: Path, expected: dict[str, Any], cli: Cli) -> None:
    """The run went on from an older checkpoint, said so, and ends as it should."""
    done = cli("resume", run)
    assert done.code == 0, done.err
    assert "step-00000003" in done.err
    assert "at step 2 of 3" in done.out
    assert content(run) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "damage",
    [
        "flipped",
        "gone",
        *(pytest.param(d, marks=pytest.mark.slow) for d in ("cut", "folder", "swapped", "older")),
    ],
)
def test_it_goes_on_from_an_older_one(
    tiny: Path, run: Path, newest: Path, name: str, damage: str, cli: Cli
) -> None:
    file, older = newest / name, newest.with_name("step-00000002") / name
    if damage == "older":
        if name == "run.json":
            pytest.skip("it is the same in all")
        shutil.copy(older, file)
    elif damage == "swapped":
        swap(file, newest / NAMES[NAMES.index(name) - 1])
    elif damage == "cut":
        os.truncate(file, file.stat().st_size - 1)
    elif damage == "flipped":
        file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    else:
        file.unlink()
        if damage == "folder":
            file.mkdir()
    resumed(run, content(tiny), cli)


def test_a_whole_checkpoint_in_anothers_place(run: Path, newest: Path, cli: Cli) -> None:
    expected = content(run)
    shutil.rmtree(newest)
    shutil.copytree(newest.with_name("step-00000001"), newest)
    resumed(run, expected, cli)


@pytest.mark.parametrize("name", NAMES)
def test_damage_everywhere_is_exit_5(run: Path, name: str, cli: Cli) -> None:
    for checkpoint in (run / "checkpoints").iterdir():
        file = checkpoint / name
        file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1]))
    done = cli("resume", run)
    assert (done.code, done.err.count("\n")) == (5, 4), done.err
    assert "can be gone on from; `ganzoo train` begins anew" in done.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": "x"}, "is rejected: it is of step x"),
        ({"samples_seen": "x"}, "is rejected: it does not fit"),
        ({"metrics": 3}, "is rejected: it does not fit"),
        ({"param_groups": {}}, "is rejected: it lacks 'generator'"),
        ({"param_groups": {"generator": [], "discriminator": []}}, "is rejected: it does not fit"),
    ],
)
def test_a_state_that_makes_no_sense(
    run: Path, newest: Path, change: dict[str, Any], words: str, cli: Cli
) -> None:
    """With a manifest that is right: as no disk would damage it."""
    from ganzoo.runs.checkpoints import Checkpoints

    files = Checkpoint.open(newest).files
    files["state.json"] = json.dumps(json.loads(files["state.json"]) | change).encode()
    expected = content(run)
    shutil.rmtree(newest)
    Checkpoints(run / "checkpoints", keep=3).write(3, {n: [c] for n, c in files.items()})()
    done = cli("resume", run)
    assert done.code == 0
    assert words in done.err
    assert content(run) == expected
