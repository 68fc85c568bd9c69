"""`ganzoo runs rm`: whole runs, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ganzoo
from ganzoo.errors import RunInUseError
from ganzoo.runs.folder import REMOVED
from ganzoo.runs.held import locked
from ganzoo.runs.removing import remove
from tests.conftest import Cli, process


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A folder with two runs, and what is no run."""
    folder = tmp_path / "runs"
    for name in ("one", "two"):
        shutil.copytree(trained, folder / name)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("mine")
    return folder


def test_runs_are_removed_and_nothing_beside_them(runs: Path, cli: Cli) -> None:
    held = sum(path.lstat().st_size for path in (runs / "one").rglob("*") if path.is_file())
    done = cli("runs", "rm", "one", "--yes", "--runs", runs)
    assert done.code == 0, done.err
    assert done.last == f"removed {runs / 'one'}, {held / 1e6:,.1f} MB"
    assert sorted(path.name for path in runs.iterdir()) == ["notes", "two"]
    assert ganzoo.runs(runs)[0].remove() == held
    assert [path.name for path in runs.iterdir()] == ["notes"]


def test_nobody_is_asked_where_nobody_can_answer(runs: Path, cli: Cli) -> None:
    done = cli("runs", "rm", "one", "two", "--runs", runs)
    assert done.code == 2
    assert done.err.splitlines()[-1].endswith("give --yes")
    assert len(ganzoo.runs(runs)) == 2


def test_no_run_is_removed_where_one_may_not_be(runs: Path, cli: Cli) -> None:
    with locked(runs / "two"):
        done = cli("runs", "rm", "one", "two", "--yes", "--runs", runs)
        with pytest.raises(RunInUseError, match="is in use by"):
            remove(runs / "two")
    assert (done.code, len(ganzoo.runs(runs))) == (9, 2), done.err
    done = cli("runs", "rm", "one", "nothing", "--yes", "--runs", runs)
    assert (done.code, len(ganzoo.runs(runs))) == (5, 2), done.err
    assert cli("runs", "rm", runs / "notes", "--yes").code != 0
    assert (runs / "notes" / "mine.txt").exists()


def test_a_link_to_a_run_is_not_followed(
    runs: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").symlink_to(runs / "one")
    done = cli("runs", "rm", tmp_path / "mine", "--yes")
    assert done.code != 0
    assert f"is a link to {runs / 'one'}" in done.err
    (runs / "one" / "inside").symlink_to(runs / "two")
    monkeypatch.chdir(runs / "one")
    remove(".")
    assert [run.name for run in ganzoo.runs(runs)] == ["two"]
    assert (runs / "two" / "run.json").exists()


def test_what_an_interrupted_removal_left_is_no_run_and_goes_with_the_next(
    runs: Path, cli: Cli
) -> None:
    (runs / "one").rename(leftover := runs / f".one-12345678{REMOVED}")
    assert [run.name for run in ganzoo.runs(runs)] == ["two"]
    assert cli("resume", "--runs", runs, "--epochs", "+1").last.endswith("two")
    remove(runs / "two")
    assert not leftover.exists()


def test_the_report_is_opened_in_a_browser(runs: Path) -> None:
    page = runs / "one" / "report.html"
    page.unlink(missing_ok=True)
    browser = runs / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {runs}/seen\n')
    browser.chmod(0o700)
    env = {"BROWSER": f"{browser} %s"}
    done = process("-m", "ganzoo", "open", "one", "--runs", runs, env=env)
    assert (done.code, done.last, done.err) == (0, str(page), "")
    assert page.is_file()
    assert (runs / "seen").read_text() == f"{page.as_uri()}\n"
    none = process("-m", "ganzoo", "open", "one", "--runs", runs, env={"BROWSER": "false %s"})
    assert (none.code, none.last) == (0, str(page))
    assert "no browser can be opened here" in none.err
