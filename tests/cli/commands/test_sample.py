"""`ganzoo sample` of classes whose names are hard to tell apart: no picture replaces another."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli.opening import class_option, slug
from tests import labelled
from tests.conftest import Cli

HARD = ("each", "1", "-1", " ", "\n", "a b", "a/b", "Bag", "bag", "Coat")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return labelled.write(tmp_path / "model.onnx", HARD)


def test_each_class_has_a_file_of_its_own(
    model: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    generator = ganzoo.load(model)
    names = [slug(generator.of(number)) for number in range(len(HARD))]
    assert names == ["-0-each", "-1-1", "-2-1", "-3", "-4", "-5-a-b", "-6-a-b", "-7-Bag", "-8-bag",
                     "-Coat"]  # fmt: skip
    for word in ("each", "bag", " ", "-1"):
        assert cli("sample", model, "--class", word, "-n", 1).code == 0
    made = {path.name for path in tmp_path.glob("*.png")}
    assert made == {f"model-seed0-{end}.png" for end in ("each", "8-bag", "3", "2-1")}


def test_all_classes_do_not_go_on_where_the_class_each_began(
    model: Path, tmp_path: Path, cli: Cli
) -> None:
    """Both are as many images of one size."""
    target, part = tmp_path / "x.npz", tmp_path / "x.npz.part"
    one = ["sample", model, "--class", "0", "-n", 300_000, "--npz", target]
    with subprocess.Popen([sys.executable, "-m", "ganzoo", *map(str, one)]) as it:
        while not (part.exists() and part.stat().st_size) and it.poll() is None:
            time.sleep(0.002)
        it.kill()
    for words, asked in (
        (("--class", "each", "-n", 30_000), "class none, classes each"),
        (("-n", 300_000), "class none"),
    ):
        failed = cli("sample", model, *words, "--npz", target)
        assert failed.code == 6
        assert "was begun with class each" in failed.err
        assert f"not with {asked}: choose another name" in failed.err


def test_a_command_that_is_told_chooses_the_class(model: Path) -> None:
    """Where `each` would mean all of them, the number stands for the name."""
    generator = ganzoo.load(model)
    assert class_option(generator) == ""
    assert class_option(generator.of("each")) == " --class 0"
    assert class_option(generator.of("a b")) == " --class 'a b'"
