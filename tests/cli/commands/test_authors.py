"""`ganzoo check-plugin` as a command: on names and folders, on what breaks, leaves or hangs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Cli, install, process

PROJECT = """
[project]
name = "odd-gan"
version = "1.2"

[project.entry-points."ganzoo.architectures"]
wide = "odd:wide"
leaves = "odd:leaves"
hangs = "odd:hangs"
[project.entry-points."ganzoo.datasets"]
positional = "odd:positional"
untyped = "odd:untyped"
silent = "odd:silent"
loud = "odd:loud"
dark = "odd:dark"
"""
ODD = '''
import os, time
import numpy
from dataclasses import replace
from ganzoo import Dataset
from ganzoo_plugins.mlp_gan import mlp_gan

def wide():
    """Images beyond their range."""
    return replace(mlp_gan(hidden=(8,)), image_range=(-0.001, 0.001))

def dark(*, count: int = 5) -> Dataset:
    """Black images."""
    return Dataset(images=numpy.zeros((count, 28, 28), numpy.uint8))

class Loud(list):
    def __getitem__(self, index):
        print("hello")
        return super().__getitem__(index)

def loud():
    """Images that talk."""
    return Dataset(images=Loud(dark().images), cache_key="1")

def leaves():
    """It ends the process in its loss."""
    return with_loss(lambda: os._exit(0))

def hangs():
    """It never returns from its loss."""
    return with_loss(lambda: time.sleep(600))

def with_loss(do):
    gan = mlp_gan(hidden=(8,))
    objective = replace(gan.objective, generator_loss=lambda D, real, fake: do())
    return replace(gan, objective=objective)

def positional(count: int = 3):
    """An option without a star."""
    return dark()

def untyped(*, count=3):
    """An option without a type."""
    return dark()

def silent():
    return dark()
'''
ONLY_DARK = re.sub('.* = "odd:[^d].*\n', "", PROJECT)


@pytest.mark.slow
def test_a_folder_is_checked_before_it_is_installed(tmp_path: Path) -> None:
    """In a process of its own: the folder joins sys.path."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "odd.py").write_text(ODD)
    done = process("-m", "ganzoo", "check-plugin", tmp_path, "--json", "--timeout", 12)
    assert done.code == 3, done.err
    found = {
        row["name"]: {c["check"]: c["detail"] for c in row["checks"] if not c["passed"]}
        for row in json.loads(done.out)
    }
    assert found == {
        "positional": {"options": "'count' is not keyword-only: write def f(*, …)"},
        "untyped": {"options": "'count' needs a type and a default"},
        "silent": {"options": found["silent"]["options"]},
        "wide": found["wide"],
        "leaves": {"one step": "ends the process that runs it, with exit status 0"},
        "hangs": {"one step": "does not finish within 12 s"},
        "loud": {
            "pixels": "it prints to standard output",
            "repeatable": "it prints to standard output",
        },
        "dark": {},
    }
    assert "no docstring is found in the source of odd:silent" in found["silent"]["options"]
    assert "image_range is -0.001 … 0.001" in found["wide"]["value range"]


def test_the_command_says_what_holds_and_what_does_not(cli: Cli, tmp_path: Path) -> None:
    done = cli("check-plugin", "mlp_gan_shallow", "--set", "hidden=8")
    assert done.code == 0, done.err
    assert "architecture 'mlp_gan_shallow' of ganzoo 0.1.0" in done.out
    assert "ok    determinism" in done.out
    assert "has MPS kernels for all" in " ".join(done.out.split("ok    devices")[1].split())
    assert "passed (20 of 20 checks hold)" in done.out
    assert "did you mean 'mlp_gan'?" in cli("check-plugin", "mlp_gam").err
    (tmp_path / "empty").mkdir()
    done = cli("check-plugin", f"{tmp_path}/empty")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "give the folder of a plugin's package" in done.err
    (tmp_path / "empty" / "pyproject.toml").write_text("[project]\nname = 'x'")
    assert "registers nothing" in cli("check-plugin", tmp_path / "empty").err


def test_a_failure_is_shown_and_is_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(ONLY_DARK)
    (tmp_path / "odd.py").write_text("def dark(:")
    done = process("-m", "ganzoo", "check-plugin", tmp_path)
    assert done.code == 3
    assert "FAIL  loads          cannot be imported: SyntaxError" in done.out
    assert "failed: loads (1 of 2 checks hold)" in done.out


@pytest.mark.slow
def test_a_name_of_both_kinds_and_one_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(ONLY_DARK.replace("dark =", "mlp_gan ="))
    (tmp_path / "odd.py").write_text(ODD)
    fine = process("-m", "ganzoo", "check-plugin", tmp_path, "--set", "count=3", "--json")
    assert fine.code == 0, fine.out + fine.err
    install(tmp_path / "site", "odd-gan", ODD, {"mlp_gan": "wide"})
    env = {"PYTHONPATH": str(tmp_path / "site")}
    done = process("-m", "ganzoo", "check-plugin", "odd_gan:mlp_gan", "--json", env=env)
    checks = {c["check"]: c for row in json.loads(done.out) for c in row["checks"]}
    assert checks["name"]["detail"] == "ganzoo registers it too: choose another name"
    assert not checks["value range"]["passed"]


@pytest.mark.slow
def test_options_reach_the_process_that_loads_it_and_must_exist(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "odd.py").write_text(ODD + NEEDS)
    done = process("-m", "ganzoo", "check-plugin", tmp_path, "--set", "heigth=3")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "none of the folder's plugins has an option 'heigth'" in done.err
    (tmp_path / "pyproject.toml").write_text(ONLY_DARK.replace("odd:dark", "odd:needs"))
    assert process("-m", "ganzoo", "check-plugin", tmp_path, "--set", "root=x").code == 0
    without = process("-m", "ganzoo", "check-plugin", tmp_path)
    assert without.code == 3
    assert "say where it is" in without.out


NEEDS = '''
def needs(*, root: str = "") -> Dataset:
    """A data set that must be told where it is."""
    if not root:
        raise ValueError("say where it is: --set-data root=DIR")
    return dark()
'''
