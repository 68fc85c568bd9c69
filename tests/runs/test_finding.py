"""Which model a user means: the same words everywhere, and what is said of others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import GanzooError, ModelFileError, UsageError
from ganzoo.runs.finding import Words, find, find_run
from tests.conftest import Cli


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A folder with one run in it."""
    shutil.copytree(trained, tmp_path / "runs" / "mine-001")
    return tmp_path / "runs"


def test_every_kind_of_words(runs: Path, exported: Path) -> None:
    run = runs / "mine-001"
    checkpoint = max((run / "checkpoints").iterdir())
    assert find(None, runs).path == run
    known: list[tuple[Words, str, Path]] = [
        (run, "run", run),
        ("mine-001", "run", run),
        (str(run), "run", run),
        (checkpoint, "checkpoint", checkpoint),
        (checkpoint / "model.safetensors", "weights", checkpoint / "model.safetensors"),
        (exported, "onnx", exported),
    ]
    for words, kind, path in known:
        found = find(words, runs)
        assert (found.kind, found.path) == (kind, path)
    for words in ("mine-001", run, checkpoint, checkpoint / "model.safetensors"):
        assert find_run(words, runs).path.resolve() == run


def test_what_is_there_instead(runs: Path, exported: Path, tmp_path: Path) -> None:
    Image.new("L", (16, 16)).save(tmp_path / "face.png")
    (tmp_path / "faces").mkdir()
    Image.new("L", (16, 16)).save(tmp_path / "faces" / "a.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    np.savez(tmp_path / "data.npz", images=np.zeros((2, 16, 16), np.uint8))
    run = runs / "mine-001"
    instead: list[tuple[Words, str]] = [
        (runs, f"is a folder of runs: give one of them, such as {run}"),
        (exported.parent, f"is a folder of models: give one of them, such as {exported}"),
        (run / "checkpoints", f"is the folder of a run's checkpoints: give the run, {run}"),
        (tmp_path / "face.png", "is a picture: `ganzoo project RUN"),
        (tmp_path / "faces", "is a folder of pictures, no run: `ganzoo train` takes it"),
        (tmp_path / "empty", "is a folder without a run in it: `ganzoo train NAME` makes one"),
        (tmp_path / "data.npz", "is data, not a model: `ganzoo train` takes it"),
        (tmp_path / "notes.txt", "is no model: give a run"),
        ("mine-002", "no run or model is called that: did you mean"),
        (tmp_path / "x.onnx", "does not exist"),
        (
            tmp_path / "nothing",
            "does not exist, and no run or model is called that: `ganzoo train NAME`",
        ),
    ]
    for words, said in instead:
        with pytest.raises(ModelFileError) as error:
            find(words, runs)
        assert said in str(error.value)
    with pytest.raises(UsageError, match="is an exported model, and this is about a run"):
        find_run(exported, runs)
    shutil.copy(next(run.glob("checkpoints/*/model.safetensors")), tmp_path / "alone.safetensors")
    with pytest.raises(ModelFileError, match="is of no run"):
        find_run(tmp_path / "alone.safetensors", runs)


ABOUT_A_RUN = ("report", "plot", "animate", "resume", "compare")
DRAWING = ("sample", "sweep", "interpolate", "directions", "export", "explore", "project")


@pytest.mark.parametrize("command", [*ABOUT_A_RUN, *DRAWING])
def test_every_command_asks_the_same_way(
    runs: Path, tmp_path: Path, cli: Cli, command: str
) -> None:
    """A bare name is understood by all, and a folder of runs is called that by all."""
    more: tuple[object, ...] = {
        "compare": (runs,),
        "project": (tmp_path / "face.png",),
    }.get(command, ())
    Image.new("L", (28, 28)).save(tmp_path / "face.png")
    done = cli(command, runs, *more, *(() if command == "compare" else ("--runs", runs)))
    with pytest.raises(ModelFileError) as expected:
        find(runs, runs)
    assert (done.code, done.err) == (5, f"ganzoo: {expected.value}\n")


@pytest.mark.parametrize(
    "words",
    [
        ["plot"], ["report"], ["animate"], ["graph"], ["open"], ["resume"],
        ["sample", "-n", "2"], ["sweep", "--dims", "1"],
        ["eval", "--images", "100", "--features", "blocks", "--against", "toy_garments",
         "--set-data", "count=200"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_run_that_was_taken_and_not_named_is_told(
    runs: Path, words: list[str], cli: Cli, monkeypatch: pytest.MonkeyPatch, blocks: None
) -> None:  # fmt: skip
    monkeypatch.chdir(runs.parent)
    monkeypatch.setenv("BROWSER", "true")
    told = f"no run was named, so the latest is taken: {Path('runs', 'mine-001')}"
    done = cli(*words)
    assert done.code == 0, done.err
    assert done.err.count(told) == 1
    assert told not in done.out
    named = cli(words[0], "mine-001", *words[1:])
    assert named.code == 0, named.err
    assert told not in named.err


def test_where_the_only_run_is_damaged_it_says_what_mends_it(
    runs: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs.parent)
    (runs / "mine-001" / "run.json").write_text("{")
    done = cli("sample")
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    run = Path("runs", "mine-001")
    assert f"{run / 'run.json'} is damaged" in done.err
    assert f"`ganzoo resume {run}` puts it back" in done.err
    assert cli("resume", run, "--progress", "none").code == 0
    assert cli("sample").code == 0


def test_a_run_goes_on_from_its_newest_checkpoint_alone(runs: Path, cli: Cli) -> None:
    run = runs / "mine-001"
    older, newest = sorted((run / "checkpoints").iterdir())
    refused = cli("resume", older)
    assert refused.code == 2
    assert f"a run goes on from that: `ganzoo resume {run}`" in refused.err
    assert cli("resume", newest, "--progress", "none").last == str(run)


def test_names_of_python_are_words_too(runs: Path) -> None:
    with pytest.raises(GanzooError, match="no run or model is called that"):
        find("nobody", runs)
    assert find(Path("mine-001"), runs).name == "mine-001"
