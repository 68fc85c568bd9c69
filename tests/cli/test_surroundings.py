"""Other people's settings: streams, encodings and variables that a command is started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli, process

TINY = ("--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=16", "--max-steps", 1)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437:strict", "latin-1", "utf-16"])
def test_what_an_encoding_lacks_is_a_question_mark(encoding: str) -> None:
    env = os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "60"}
    for command in (["train", "--help"], ["compare", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", *command], env=env, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        told = done.stdout.decode(encoding.partition(":")[0])
        assert "Usage: ganzoo" in told
        assert "?" in told or "…" in told


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "code"), [("list", 0), ("train --help", 0), ("sample none.onnx", 5)]
)
def test_closed_streams_are_no_fault(closed: str, command: str, code: int, tmp_path: Path) -> None:
    line = f'"{sys.executable}" -m ganzoo {command} {closed}'
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert (done.stdout == "") is (">&-" in closed.split() or code != 0)
    assert (done.stderr == "") is ("2>&-" in closed or code == 0)
    assert not [*tmp_path.iterdir()]


def test_an_answer_that_does_not_fit_on_the_disk_is_an_error() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", "list"], stdout=full, stderr=subprocess.PIPE,
            text=True, check=False, cwd=ROOT,
        )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (6, 1)


HOSTILE = {
    "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONWARNINGS": "error",
    "COLUMNS": "0", "LINES": "x", "TERM": "", "FORCE_COLOR": "1", "NO_COLOR": "1",
    "TMPDIR": "/nowhere", "HOME": "/proc/nowhere", "TZ": "No/where",
    "XDG_CACHE_HOME": "/proc", "XDG_CONFIG_HOME": "/proc", "MATPLOTLIBRC": "/nowhere",
    "MPLBACKEND": "garbage", "GANZOO_REPORT": "1",
}  # fmt: skip


def test_a_training_under_many_hostile_settings_at_once(tmp_path: Path) -> None:
    done = process("-m", "ganzoo", "train", "mlp_gan", *TINY, cwd=tmp_path, env=HOSTILE)
    assert (done.code, done.err) == (0, "")
    run = tmp_path / done.last
    assert (run / "report.html").stat().st_size > 10_000
    assert (run / "plots" / "losses.png").exists()


@pytest.mark.parametrize("name", ["WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT"])
def test_what_is_left_of_another_launcher_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, cli: Cli, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, "")
    assert cli("train", "mlp_gan", *TINY, "--runs", tmp_path).code == 0
    monkeypatch.setenv(name, "many")
    done = cli("train", "mlp_gan", *TINY, "--runs", tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"${name} is 'many' and no number: unset it" in done.err
