"""`ganzoo open`: the browser gets the report, and where there is none, the path is printed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.conftest import Result, process

HEADLESS = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A run whose name has to be quoted in an address."""
    return shutil.copytree(trained, tmp_path / "runs" / "a run of 时尚")


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that notes the addresses that it gets."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> "{tmp_path / "opened"}"\n')
    program.chmod(0o755)
    return program


def open_(run: Path, browser: Path | None) -> Result:
    env = HEADLESS | {"BROWSER": "" if browser is None else f"{browser} %s"}
    if browser is None:  # nothing that could be one is found
        env["PATH"] = str(run.parent)
    return process("-m", "ganzoo", "open", run.name, "--runs", run.parent, env=env)


def test_the_browser_gets_the_report_which_is_written_where_there_is_none(
    run: Path, browser: Path, tmp_path: Path
) -> None:
    report = run / "report.html"
    assert not report.exists()
    done = open_(run, browser)
    assert (done.code, done.last) == (0, str(report)), done.err
    assert report.stat().st_size > 10_000
    (address,) = (tmp_path / "opened").read_text().split()
    assert Path(url2pathname(urlsplit(address).path)) == report


def test_a_report_that_is_there_is_shown_as_it_is(run: Path, browser: Path, tmp_path: Path) -> None:
    report = run / "report.html"
    report.write_text("mine")
    done = open_(run, browser)
    assert (done.code, done.err, report.read_text()) == (0, "", "mine")
    os.utime(report, (1, 1))
    done = open_(run, browser)
    assert f"the run has gone on since this report: `ganzoo report '{run}'` renews it" in done.err
    assert len((tmp_path / "opened").read_text().splitlines()) == 2


def test_where_there_is_no_browser_the_path_is_said(run: Path) -> None:
    (run / "report.html").write_text("mine")
    done = open_(run, None)
    assert (done.code, done.out) == (0, f"{run / 'report.html'}\n")
    assert done.err == "ganzoo: no browser can be opened here: open this file in one yourself\n"


def test_what_is_no_run_is_an_error(run: Path, browser: Path, tmp_path: Path) -> None:
    done = open_(run.parent / "nothing", browser)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert not (tmp_path / "opened").exists()
