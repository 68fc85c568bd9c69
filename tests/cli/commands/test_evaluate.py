"""`ganzoo eval`: what stdout holds, where the sheets are, a full disk, and SIGTERM."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Cli

REAL = ("--against", "toy_garments", "--set-data", "count=400", "--images", 150)
OPTIONS = (*REAL, "--features", "blocks")

pytestmark = pytest.mark.usefixtures("blocks")


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A run of its own, in which evaluations are kept."""
    return shutil.copytree(trained, tmp_path / "run")


@contextmanager
def full_disk(limit: int = 1000) -> Iterator[None]:
    """Make every file end after so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("each", [False, True])
def test_json_is_alone_on_stdout_whatever_a_plugin_prints(cli: Cli, run: Path, each: bool) -> None:
    more = ["--each-checkpoint"] if each else []
    shown = cli("eval", run, *OPTIONS, "--set", "how=prints", "--json", *more)
    assert shown.code == 0, shown.err
    read = json.loads(shown.out)
    assert "described by Python" in shown.err
    assert "described by the shell" in shown.err
    sheets = (read[0] if each else read)["sheets"]
    assert set(sheets) == {"best", "worst"}
    assert all(Path(file).is_file() for file in sheets.values())


def test_the_last_line_says_where_the_sheets_are(
    cli: Cli, run: Path, exported: Path, tmp_path: Path
) -> None:
    alone = cli("eval", run, *OPTIONS)
    (kept,) = run.glob("evaluations/*")
    assert alone.last == f"sheets of the best and worst pictures: {kept}"
    several = cli("eval", run, *OPTIONS, "--each-checkpoint")
    assert several.last.endswith(f": {run / 'evaluations'}")
    assert cli("eval", exported, *OPTIONS).last.endswith("not kept; -o DIR keeps them")
    shown = cli("eval", exported, *OPTIONS, "-o", tmp_path / "sheets")
    assert shown.last.endswith(f"best, worst and nearest pictures: {tmp_path / 'sheets'}")


def test_on_a_full_disk_the_numbers_are_shown_all_the_same(
    cli: Cli, run: Path, exported: Path, tmp_path: Path
) -> None:
    whole = cli("eval", run, *OPTIONS)  # the real images are in the cache now
    shutil.rmtree(run / "evaluations")
    with full_disk():
        unkept = cli("eval", run, *OPTIONS)
        unwritten = cli("eval", exported, *OPTIONS, "-o", tmp_path / "sheets")
        read = cli("eval", exported, *OPTIONS, "-o", tmp_path / "sheets", "--json")
    assert unkept.code == 0
    assert unkept.err == f"opened\nganzoo: the evaluation is not kept in {run}: File too large\n"
    assert unkept.out.splitlines()[:10] == whole.out.splitlines()[:10]
    assert unwritten.code == read.code == 6
    assert unwritten.err == f"opened\nganzoo: {tmp_path}/sheets/mlp-best.png: File too large\n"
    assert "Fréchet distance" in unwritten.out
    assert "sheets of the" not in unwritten.out
    assert json.loads(read.out)["images"] == 150


def test_sigterm_is_one_line_and_its_exit_code(cli: Cli, exported: Path) -> None:
    ended = cli("eval", exported, *OPTIONS, "--set", "how=killed")
    assert ended.code == 143
    assert ended.err == "opened\nganzoo: stopped by SIGTERM: what is not finished is not kept\n"
    assert not ended.out


def test_out_of_memory_advises_an_option_that_the_command_has(cli: Cli, exported: Path) -> None:
    ended = cli("eval", exported, *OPTIONS, "--set", "how=hungry")
    assert ended.code == 8
    assert ended.err == "opened\nganzoo: out of memory: try fewer --images\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--features", "patches", "--set", "steps=-1"),
            "steps must be from 0 to 1,000,000, not -1",
        ),
        (("--features", "patches", "--set", "seed=-1"), "seed must be from 0"),
        (("--features", "classifier", "--set", "width=0"), "width must be from 1 to 1,024, not 0"),
        (("--features", "classifier", "--set", "shown=0"), "shown must be from 1"),
        (("--features", "classifier", "--set", "seed=-1"), "seed must be from 0"),
    ],
)
def test_options_that_make_no_sense(
    cli: Cli, exported: Path, words: tuple[str, ...], message: str
) -> None:
    ended = cli("eval", exported, *REAL, *words)
    assert ended.code == 3
    assert ended.err.startswith(f"ganzoo: features '{words[1]}' of ")
    assert message in ended.err
    assert ended.err.count("\n") == 1
