"""`ganzoo resume`: the same bits, or a reason why not; and what a damaged run does."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganzoo.errors import ModelFileError
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints
from tests.conftest import Cli
from tests.lives import content

TINY = ("mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16",
        "--batch-size", 8, "--log-every", 3, "--save-every", 1)  # fmt: skip


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of seven steps, three and a half epochs."""
    from ganzoo.cli import main

    runs = tmp_path_factory.mktemp("half")
    with pytest.raises(SystemExit):
        main([*map(str, ("train", *TINY, "--max-steps", 7, "--keep", 3, "--runs", runs))])
    return runs / "mlp_gan-toy_garments-001"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["mlp_gan", "r1gan", "dcgan_fashion"])
def test_cuda_goes_on_bit_for_bit_where_it_is_deterministic(
    name: str, cli: Cli, tmp_path: Path
) -> None:
    small = TINY[1:3] if name == "mlp_gan" else ()
    tiny = (name, *small, *TINY[3:], "--device", "cuda")
    runs = ("--deterministic", "--runs", tmp_path)
    broken = cli("train", *tiny, *runs, "--max-steps", 7)
    assert broken.code == 0, broken.err
    assert cli("resume", broken.last, "--max-steps", 12).code == 0
    whole = cli("train", *tiny, *runs, "--max-steps", 12)
    assert same(Path(broken.last), content(Path(whole.last)))


@pytest.fixture
def run(half: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(half, tmp_path / "run")


@pytest.fixture(scope="module")
def longer(half: Path) -> dict[str, Any]:
    """What a run of six epochs ends in that was asked for at once."""
    from ganzoo.cli import main

    with pytest.raises(SystemExit):
        main([*map(str, ("train", *TINY, "--epochs", 6, "--runs", half.parent))])
    return content(half.parent / "mlp_gan-toy_garments-002")


def same(run: Path, expected: dict[str, Any]) -> bool:
    """Whether it ends like that, but for the picture of where it once ended before."""
    found = content(run)
    found.pop("step-00000007.png", None)
    return found == expected


def test_a_longer_run_is_that_run(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    done = cli("resume", run, "--epochs", 4)
    assert done.code == 0, done.err
    assert f"resumed       {run}, at step 7 of 8" in done.out
    assert cli("resume", run, "--epochs", "+2").code == 0
    assert same(run, longer)
    done = cli("resume", run)
    assert (done.code, done.last) == (0, str(run))
    assert "at step 12 of 12\n" in done.out
    assert "complete      resumed with --epochs +10, it trains longer\n" in done.out
    assert same(run, longer)
    history = [json.loads(line) for line in (run / "resumes.jsonl").read_text().splitlines()]
    assert [(h["step"], h["epochs"]) for h in history] == [(7, 4), (8, 6), (12, 6)]


def test_a_resume_remembers_what_an_earlier_one_was_asked(run: Path, cli: Cli) -> None:
    assert cli("resume", run, "--epochs", 10, "--max-steps", 9, "--keep", 1).code == 0
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000009"]
    assert "at step 9 of 9" in cli("resume", run).out
    assert "12 steps of 8" in cli("resume", run, "--max-steps", 12).out
    assert [p.name for p in (run / "checkpoints").iterdir()] == ["step-00000012"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lr", 0.1], "--lr 0.1 (the run has what the architecture says)"),
        (
            ["--batch-size", 16, "--seed", 3],
            "--batch-size 16 (the run has 8); --seed 3 (the run has 0)",
        ),
        (["--set", "hidden=16"], "option hidden=16 (the run has 8)"),
        (["--seed", 1], "--seed 1 (the run has 0)"),
        (
            ["--precision", "bf16", "--ema", 0.9],
            "--ema 0.9 (the run has what the architecture says); -",
        ),
        (
            ["--epochs", 2],
            "the run has done 7 steps already, 3.5 epochs, and was to end after 4",
        ),
        (["--epochs", "-3"], "--epochs takes a number like 30, or +10 for more, not '-3'"),
        (["--keep-every", "5 minutes"], "--keep-every takes steps or epochs, not minutes"),
        (["--save-every", "5 eons"], "'5 eons' is not like 500 (steps), '2 epochs' or '10 min"),
    ],
)
def test_another_run_is_refused(run: Path, cli: Cli, arguments: list[object], words: str) -> None:
    before = content(run)
    done = cli("resume", run, *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words in done.err
    assert content(run) == before
    assert not (run / "resumes.jsonl").exists()


def test_what_the_run_has_may_be_said_again(run: Path, cli: Cli) -> None:
    assert cli("resume", run, "--batch-size", 8, "--seed", 0, "--set", "hidden=8").code == 0


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def test_the_newest_that_is_whole_wins(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    newest = run / "checkpoints" / "step-00000007"
    flip(newest / "optim.safetensors")
    shutil.copytree(newest.with_name("step-00000005"), newest.with_name("step-00000009"))
    done = cli("resume", run, "--epochs", 6)
    assert done.code == 0
    assert f"{newest}/optim.safetensors is damaged: it is not what was written" in done.err
    assert f"{newest.with_name('step-00000009')} is rejected: it is of step 5" in done.err
    assert "at step 6 of 12" in done.out
    assert same(run, longer)


def test_where_none_is_whole_nothing_is_begun(run: Path, cli: Cli) -> None:
    for checkpoint in (run / "checkpoints").iterdir():
        flip(checkpoint / "state.json")
    before = sorted(p.name for p in run.rglob("*"))
    done = cli("resume", run)
    assert done.code == ModelFileError.exit_code
    assert done.err.count("\n") == 4
    assert done.err.splitlines()[-1].startswith(f"ganzoo: no checkpoint of {run} can be gone on")
    assert sorted(p.name for p in run.rglob("*")) == before


def test_a_damaged_description_is_put_back(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    written = (run / "run.json").read_text()
    (run / "run.json").write_text(written.replace('"seed": 0', '"seed": 1'))
    done = cli("resume", run, "--epochs", 6)
    assert f"{run}/run.json is not what it was: it is put back" in done.err
    assert (run / "run.json").read_text() == written
    assert same(run, longer)
    (run / "run.json").unlink()
    assert cli("resume", run).code == 0


def test_a_run_without_a_checkpoint_begins_anew(
    run: Path, longer: dict[str, Any], cli: Cli
) -> None:
    shutil.rmtree(run / "checkpoints")
    done = cli("resume", run, "--epochs", 6)
    assert "at step 0 of 12" in done.out
    assert same(run, longer)


def test_other_images_are_refused_and_moved_ones_found(tmp_path: Path, cli: Cli) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 28, 28), np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    command = ("train", "mlp_gan", "--set", "hidden=8", "--data", tmp_path / "a.npz", "--max-steps",
               2, "--runs", tmp_path)  # fmt: skip
    run = cli(*command).last
    (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    done = cli("resume", run, "--epochs", "+1")
    assert (done.code, done.err.count("\n")) == (4, 1)
    images[0, 0, 0] ^= 1
    np.savez(tmp_path / "c.npz", images=images)
    done = cli("resume", run, "--epochs", "+1", "--data", tmp_path / "c.npz")
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert "are not the 16 that the run was begun with: say where those are with --data" in done.err
    assert cli("resume", run, "--epochs", "+1", "--data", tmp_path / "b.npz").code == 0


def test_other_circumstances_are_told(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")  # they would say better
    facts = json.loads((run / "run.json").read_text())
    facts["versions"]["torch"], facts["threads"] = "1.0", 77
    (run / "run.json").write_text(json.dumps(facts))
    now = f"threads was 77, is {torch.get_num_threads()}; torch was 1.0, is {version('torch')}"
    assert f"ganzoo: the result will differ in its last bits: {now}\n" in cli("resume", run).err


def test_there_must_be_a_run(tmp_path: Path, cli: Cli) -> None:
    for arguments in (["--runs", tmp_path], [tmp_path / "none"], [tmp_path]):
        done = cli("resume", *arguments)
        assert (done.code, done.err.count("\n")) == (5, 1), done.err


def test_half_a_line_of_metrics_is_cut(run: Path, longer: dict[str, Any], cli: Cli) -> None:
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 8, "epoch": 4}\n{"step": 9, "ep')
    assert cli("resume", run, "--epochs", 6).code == 0
    assert same(run, longer)


def test_a_kept_checkpoint_is_whole(run: Path) -> None:
    found = [*Checkpoints(run / "checkpoints").newest_first()]
    assert [path.name for path in found] == [f"step-{n:08d}" for n in (7, 6, 5)]
    assert all(Checkpoint.open(path) for path in found)


def test_a_run_does_not_go_back_to_an_older_checkpoint(run: Path, cli: Cli) -> None:
    checkpoint = run / "checkpoints" / "step-00000005"
    before = sorted(checkpoint.iterdir())
    done = cli("resume", checkpoint)
    assert done.code == 2
    assert f"a run goes on from that: `ganzoo resume {run}`" in done.err
    assert sorted(checkpoint.iterdir()) == before


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "checkpoints" / ".tmp-mine").mkdir(parents=True)
    (tmp_path / ".notes.tmp").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert cli("resume", tmp_path).code == 5
    assert sorted(tmp_path.rglob("*")) == before


def test_which_run_is_the_latest_must_be_known(run: Path, cli: Cli) -> None:
    (run / "run.json").write_text('{"broken')
    done = cli("resume", "--runs", run.parent)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert f"name it, as in `ganzoo resume {run}`" in done.err


def test_a_run_of_before_is_said_to_be_one(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")
    facts = json.loads((run / "run.json").read_text())
    del facts["saving"]
    (run / "run.json").write_text(json.dumps(facts))
    done = cli("resume", run)
    assert done.code == 5
    assert "run.json has no 'saving': an older ganzoo wrote it" in done.err


def test_a_run_that_lost_its_checkpoints_says_so(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "checkpoints")
    assert f"{run} has no checkpoint: it begins anew" in cli("resume", run).err
