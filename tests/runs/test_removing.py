"""`ganzoo runs rm` and `run.remove()`: all of a run goes, nothing else, and never half of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.errors import GanzooError, ModelFileError, RunInUseError
from ganzoo.runs.finding import find
from ganzoo.runs.folder import Run
from ganzoo.runs.removing import LEAVING, removable, remove
from ganzoo.storage import Content, Disk
from tests.conftest import Cli, Result


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A folder of two runs."""
    for name in ("one", "two"):
        shutil.copytree(trained, tmp_path / "runs" / name)
    return tmp_path / "runs"


def nbytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def answered(runs: Path, *words: object, answer: str) -> Result:
    """`ganzoo runs rm`, with an answer on standard input."""
    command = [sys.executable, "-m", "ganzoo", "runs", "rm", "--runs", str(runs), *map(str, words)]
    done = subprocess.run(
        command, input=answer, capture_output=True, text=True, check=False, timeout=60
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_it_is_removed_and_the_bytes_are_said(runs: Path, cli: Cli) -> None:
    size = nbytes(runs / "one")
    done = cli("runs", "rm", "one", "--yes", "--runs", runs)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"removed {runs / 'one'}: {size:,} bytes freed\n"
    assert [path.name for path in runs.iterdir()] == ["two"]


def test_several_at_once_and_for_a_program(runs: Path, cli: Cli) -> None:
    size = nbytes(runs / "one")
    done = cli("runs", "--runs", runs, "rm", "one", runs / "two", runs / "one", "-y", "--json")
    rows = json.loads(done.out)
    assert rows == [{"path": str(runs / name), "bytes": size} for name in ("one", "two")]
    assert [*runs.iterdir()] == []


@pytest.mark.parametrize(
    ("answer", "gone"), [("y\n", True), ("YES", True), ("n\n", False), ("\n", False)]
)
def test_it_asks_first(runs: Path, answer: str, gone: bool) -> None:
    done = answered(runs, "one", "two", answer=answer)
    assert done.code == 0
    assert f"{runs / 'one'}: completed, 2 epochs, " in done.err
    assert "remove these 2 runs and all files inside? [y/N]" in done.err
    assert ("nothing was removed" in done.err) == (not gone)
    assert ((runs / "one").exists(), (runs / "two").exists()) == (not gone, not gone)


def test_where_nobody_can_answer_nothing_is_removed(runs: Path) -> None:
    done = answered(runs, "one", answer="")
    assert (done.code, done.out) == (2, "")
    assert "--yes removes without a question" in done.err
    assert (runs / "one" / "run.json").exists()


def test_a_run_that_is_in_use_stays_and_so_do_the_others(runs: Path, cli: Cli) -> None:
    with Run(runs / "two").locked():
        done = cli("runs", "rm", "one", "two", "--yes", "--runs", runs)
        with pytest.raises(RunInUseError):
            TrainedRun(runs / "two").remove()
    assert (done.code, done.err.count("\n")) == (9, 1)
    assert f"{runs / 'two'} is in use by process {os.getpid()}" in done.err
    assert len(ganzoo.runs(runs)) == 2


def _foreign(runs: Path) -> Path:
    (runs / "one" / "run.json").write_text(json.dumps({"created": "2026", "project": "mine"}))
    shutil.rmtree(runs / "one" / "checkpoints")
    return runs / "one"


def _plain(runs: Path) -> Path:
    shutil.copytree(runs / "one" / "samples", runs / "photos")
    return runs / "photos"


def _linked(runs: Path) -> Path:
    (runs / "link").symlink_to(runs / "one")
    return runs / "link"


def _nested(runs: Path) -> Path:
    shutil.copytree(runs / "two", runs / "one" / "more" / "three")
    return runs / "one"


def _lock(runs: Path) -> Path:
    (runs.parent / "precious").write_text("precious")
    (runs / "one" / "lock").unlink(missing_ok=True)
    (runs / "one" / "lock").symlink_to(runs.parent / "precious")
    return runs / "one"


def _damaged(runs: Path) -> Path:
    (runs / "one" / "run.json").write_text("{")
    shutil.rmtree(runs / "one" / "checkpoints")
    return runs / "one"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (_foreign, "is not ganzoo's"),
        (_plain, "is a folder of pictures, no run"),
        (_linked, "is a link to"),
        (_nested, "has another run inside"),
        (_lock, "is a link, which ganzoo makes nowhere"),
        (_damaged, "is damaged"),
        (lambda runs: runs, "is a folder of runs"),
        (lambda runs: next((runs / "one" / "checkpoints").iterdir()), "is no run"),
        (lambda runs: next((runs / "one").rglob("*.safetensors")), "is no run"),
        (lambda runs: runs / "three", "does not exist"),
        (lambda runs: "", "names no run"),
    ],
)
def test_what_is_no_run_is_refused(
    made: Callable[[Path], Path], words: str, runs: Path, cli: Cli
) -> None:
    named = made(runs)
    before = sorted(runs.parent.rglob("*")), nbytes(runs.parent)
    with pytest.raises(ModelFileError, match=words):
        removable(named)
    done = cli("runs", "rm", "two", named, "--yes", "--runs", runs)
    assert (done.code, done.out, done.err.count("\n")) == (5, "", 1)
    # The lock of `two` was taken and let go.
    assert (sorted({*runs.parent.rglob("*")} - {runs / "two" / "lock"})) == sorted(
        {*before[0]} - {runs / "two" / "lock"}
    )


def test_the_folder_in_which_one_is_stays(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs / "one" / "samples")
    with pytest.raises(ModelFileError, match="the folder in which you are"):
        removable(runs / "one")


def test_a_run_with_a_damaged_description_and_a_checkpoint_can_go(runs: Path) -> None:
    (runs / "one" / "run.json").write_text("{")
    assert remove(Run(runs / "one")).path == runs / "one"
    assert not (runs / "one").exists()


def test_links_inside_lead_to_nothing_that_is_removed(runs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    (runs / "one" / "folder").symlink_to(outside)
    (runs / "one" / "file").symlink_to(outside / "precious")
    os.link(outside / "precious", runs / "one" / "twin")
    size = sum(p.lstat().st_size for p in (runs / "two").rglob("*") if p.is_file())
    assert TrainedRun(runs / "one").remove().nbytes == size  # the twin is still there
    assert (outside / "precious").read_text() == "precious"
    linked = tmp_path / "elsewhere"
    linked.symlink_to(runs)  # the folder of runs may be a link
    assert ganzoo.runs(linked)["two"].remove().nbytes == size


def test_a_name_of_many_bytes_and_a_path_through_a_link(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = (runs / "one").rename(runs / ("界" * 80))
    assert remove(Run(long)).nbytes > 0
    shutil.copytree(runs / "two", mine := tmp_path / "here" / "two")
    (runs / "notes").mkdir()
    (tmp_path / "here" / "link").symlink_to(runs / "notes")
    monkeypatch.chdir(tmp_path / "here")
    removed = remove(removable("link/../two"))
    assert removed.path == runs / "two"
    assert not removed.path.exists()
    assert (mine / "run.json").exists()


class Dying(Disk):
    """A disk that lets so many calls through, and then the process is killed."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def _count(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt

    def create(self, folder: Path) -> None:
        self._count()
        super().create(folder)

    def write(self, file: Path, content: Content) -> None:
        self._count()
        super().write(file, content)

    def sync(self, path: Path) -> None:
        self._count()
        super().sync(path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)


def test_an_interrupted_removal_never_looks_like_a_run(runs: Path) -> None:
    """Wherever it stops, the run is whole or no command knows it; the next removal ends it."""
    whole = {path.relative_to(runs / "one") for path in (runs / "one").rglob("*")}
    outcomes = set()
    for calls in range(500):
        kept = shutil.copytree(runs / "one", runs.parent / "kept", dirs_exist_ok=True)
        try:
            remove(Run(runs / "one"), Dying(calls))
        except KeyboardInterrupt:
            there = (runs / "one").exists()
            outcomes.add(there)
            assert [run.name for run in ganzoo.runs(runs)] == ["one", "two"][not there :]
            assert [*Run.nameless(runs)] == []
            if there:
                left = {path.relative_to(runs / "one") for path in (runs / "one").rglob("*")}
                assert left - {Path("lock")} == whole - {Path("lock")}
                continue
            with pytest.raises(GanzooError):
                find("one", runs)
            shutil.copytree(kept, runs / "one")
            continue
        break
    assert outcomes == {True, False}
    assert calls > len(whole)
    assert [path.name for path in runs.iterdir()] == ["two"]  # all that was left is gone too


def test_where_the_folder_may_not_be_changed_the_run_stays_whole(runs: Path, cli: Cli) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may change any folder")
    runs.chmod(0o500)
    try:
        done = cli("runs", "rm", "one", "--yes", "--runs", runs)
    finally:
        runs.chmod(0o700)
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert not [*runs.glob(f"{LEAVING}*")]
    assert len(ganzoo.runs(runs)) == 2
