"""The folder of a run that goes away while it is trained, and who may write in it."""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ganzoo.errors import OutputError, RunInUseError
from ganzoo.runs.beginning import begin
from ganzoo.runs.carrying import Opened
from ganzoo.runs.folder import Run
from ganzoo.runs.held import locked
from ganzoo.runs.resuming import resume
from ganzoo.train.events import CheckpointDue, Drawn, EpochEnded, Event, Finished, Logged, Stepped
from tests.lives import Nursery


def training(runs: Path) -> Iterator[Event]:
    """A run of 8 steps in 4 epochs."""
    return begin(
        "mlp_gan", options={"hidden": "8"}, data="toy_garments", data_options={"count": "32"},
        settings={"batch_size": 16, "epochs": 4, "log_every": 1, "save_every": "1"}, runs=runs,
    )  # fmt: skip


def begun(events: Iterator[Event]) -> Path:
    """The folder of a run that has just begun."""
    opened = next(events)
    assert isinstance(opened, Opened)
    return opened.run.path


def until(events: Iterator[Event], kind: type[Event], step: int) -> None:
    """Train until an event after so many steps."""
    for event in events:
        if isinstance(event, kind) and event.state.step >= step:
            return
    raise AssertionError("the run ended before")


def removed(run: Path) -> None:
    """What `rm -r run` does, however often somebody must try it."""
    while run.exists():
        shutil.rmtree(run, ignore_errors=True)


def emptied(run: Path) -> None:
    """What `rm -r run/*` does."""
    for path in run.iterdir():
        removed(path) if path.is_dir() else path.unlink()


def copied(run: Path) -> None:
    """Copy a folder while a thread may write a checkpoint in it."""
    for _ in range(100):
        with suppress(shutil.Error):
            shutil.copytree(run, run.with_name("copy"), dirs_exist_ok=True)
            return
    raise AssertionError


def replaced(run: Path) -> None:
    """The folder is put back from a copy that somebody had."""
    copied(run)
    removed(run)
    run.with_name("copy").rename(run)


def replaced_by_a_file(run: Path) -> None:
    removed(run)
    run.write_text("mine")


def replaced_by_a_link(run: Path) -> None:
    """A link to a copy; one to the folder itself would do no harm."""
    copied(run)
    removed(run)
    run.symlink_to("copy")


AWAY: dict[str, Callable[[Path], object]] = {
    "removed": removed,
    "moved": lambda run: run.rename(run.with_name("elsewhere")),
    "emptied": emptied,
    "replaced": replaced,
    "replaced by a file": replaced_by_a_file,
    "replaced by a link": replaced_by_a_link,
    "run.json removed": lambda run: (run / "run.json").unlink(),
    "moved with its parent": lambda run: run.parent.rename(run.parents[1] / "other"),
}


def there(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    files = (Path(above, name) for above, _, names in os.walk(folder) for name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def settled(files: dict[str, bytes]) -> set[str]:
    """The files without those of a checkpoint that was just being written."""
    return {
        name
        for name in files
        if "/step-" not in name and "/.tmp-step-" not in name and "/.old-" not in name
    }


@pytest.mark.parametrize("away", AWAY)
@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (Stepped, 3),
        *(
            pytest.param(kind, step, marks=pytest.mark.slow)
            for kind, step in [
                (Opened, 0), (Drawn, 0), (Logged, 1), (EpochEnded, 4), (CheckpointDue, 5),
                (Stepped, 8), (CheckpointDue, 8),
            ]
        ),
    ],
)  # fmt: skip
def test_a_run_whose_folder_goes_away_stops(
    tmp_path: Path, away: str, kind: type[Event], step: int
) -> None:
    events = training(tmp_path / "runs")
    run = begun(events)
    if kind is not Opened:
        until(events, kind, step)
    while [*run.glob("checkpoints/.*-*")]:  # a copy must not miss what is written just now
        time.sleep(0.01)
    AWAY[away](run)
    before = there(tmp_path)
    with pytest.raises(OutputError, match="was moved or removed") as raised:
        deque(events, maxlen=0)
    assert raised.value.exit_code == 6
    assert str(raised.value).count("\n") == 0
    after = there(tmp_path)
    assert settled(after) == settled(before)


@pytest.mark.parametrize(
    ("away", "advice"),
    [
        ("moved", "to go on: ganzoo resume {elsewhere}"),
        ("removed", "`ganzoo train` begins anew"),
        ("emptied", "`ganzoo train` begins anew"),
        ("replaced", "to go on with the one that is there now: ganzoo resume {run}"),
    ],
)
def test_it_says_how_to_go_on(tmp_path: Path, away: str, advice: str) -> None:
    events = training(tmp_path)
    run = begun(events)
    until(events, CheckpointDue, 2)
    until(events, Stepped, 3)
    while [*run.glob("checkpoints/.*-*")]:
        time.sleep(0.01)
    AWAY[away](run)
    with pytest.raises(OutputError) as raised:
        list(events)
    words = advice.format(elsewhere=tmp_path / "elsewhere", run=run)
    assert words in str(raised.value)
    if words.endswith(("elsewhere", run.name)):
        *_, last = resume(words.rpartition(" ")[2])
        assert (last.state.step, isinstance(last, Finished)) == (8, True)


@pytest.mark.parametrize("away", ["removed", "moved"])
def test_the_command_exits_with_6_and_another_finds_no_run(
    lives: Nursery, tmp_path: Path, away: str
) -> None:
    command = [
        "train", "mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=32",
        "--batch-size", 16, "--epochs", 100_000, "--runs", tmp_path, "--progress", "none",
    ]  # fmt: skip
    lives.start(command)
    run = tmp_path / "mlp_gan-toy_garments-001"
    deadline = time.monotonic() + 60
    while not list(run.glob("checkpoints/step-*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    AWAY[away](run)
    (ended,) = lives.wait()
    assert (ended.code, ended.out, ended.err.count("\n")) == (6, "", 1), ended.err
    assert "was moved or removed" in ended.err
    assert not run.exists()
    assert lives.live("resume", run).code == 5


@pytest.mark.parametrize("lost", ["lock", "status.json", "metrics.jsonl", "samples"])
def test_a_second_process_gets_no_lock_beside_the_first(tmp_path: Path, lost: str) -> None:
    events = training(tmp_path)
    run = begun(events)
    until(events, CheckpointDue, 2)
    until(events, Stepped, 3)
    path = run / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(RunInUseError, match="is in use by "):
        list(resume(run))
    assert [type(event) for event in events][-1] is Finished


def test_the_lock_goes_with_the_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with locked(run):
        run.rename(tmp_path / "moved")
        with pytest.raises(RunInUseError), locked(tmp_path / "moved"):
            pass
        run.mkdir()
        with Run(run).locked():  # another folder
            pass
    with locked(tmp_path / "moved"):
        pass
