"""`ganzoo check-plugin`: every check fails on a plugin that breaks what it checks."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import Architecture, Dataset, Objective, registry
from ganzoo.catalogue import Entry
from ganzoo.conformance import architectures, datasets
from ganzoo.errors import GanzooError, PluginError
from ganzoo.registry import Loaded
from tests.conftest import Cli, process

ENTRY = Entry("architecture", "odd", "odd-gan", "1.2", "odd:odd")


@pytest.fixture
def gan() -> Architecture:
    return registry.load_architecture("mlp_gan", {"hidden": (8,)}).value


def after(
    network: Callable[[], nn.Module], change: Callable[[Any], Any]
) -> Callable[[], nn.Module]:
    """The network, and a function of what it returns."""

    class Then(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = change(self.network(x))
            return y

    return Then


class Unsaved(nn.Module):
    """A generator with a number that its state_dict does not hold."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.shift = network, torch.rand(1) / 2

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = self.network(z).tanh() * self.shift
        return images


def noisy(images: torch.Tensor) -> torch.Tensor:
    return images * torch.rand(1)


def objective(gan: Architecture, change: Callable[[torch.Tensor], torch.Tensor]) -> Objective:
    inner = gan.objective.discriminator_loss
    return replace(
        gan.objective, discriminator_loss=lambda D, real, fake: change(inner(D, real, fake))
    )


def limit_threads() -> int:
    torch.set_num_threads(torch.get_num_threads() + 1)
    return 0


def told(value: torch.Tensor, *_: object) -> torch.Tensor:
    return value


counter = itertools.count(1)
BREAK: list[tuple[str, Callable[[Architecture], dict[str, Any]], str]] = [
    ("contract", lambda g: {"optimizers": lambda G, D: g.optimizers(G, D)[:1]}, "no pair"),
    ("contract", lambda g: {"optimizers": lambda G, D: g.optimizers(G, D)[::-1]}, "other param"),
    ("contract", lambda g: {"image_shape": (1, 28, 27)}, "networks cannot be built"),
    ("shapes", lambda g: {"generator": after(g.generator, torch.Tensor.double)}, "torch.float64"),
    (
        "shapes",
        lambda g: {"discriminator": after(g.discriminator, lambda s: s[:2])},
        r"batch 64 gives scores \(2,\)",
    ),
    ("value_range", lambda g: {"generator": after(g.generator, lambda x: 9 * x)}, "images reach"),
    ("value_range", lambda g: {"generator": after(g.generator, lambda x: 0 * x)}, "same image"),
    (
        "images_alone",
        lambda g: {"generator": after(g.generator, lambda x: x - x.mean(0) + len(x) / 100)},
        "with the batch that it is drawn in",
    ),
    (
        "one_step",
        lambda g: {"objective": objective(g, lambda x: 0 * x)},
        "the discriminator did not change",
    ),
    (
        "one_step",
        lambda g: {"objective": objective(g, lambda x: told(x, limit_threads()))},
        "a training step changes torch's number of threads",
    ),
    (
        "one_step",
        lambda g: {"objective": objective(g, lambda x: told(x, random.seed(3)))},
        "a training step changes Python's random state",
    ),
    (
        "one_step",
        lambda g: {"objective": objective(g, lambda x: told(x, print("hello")))},
        "a training step prints to standard output",
    ),
    (
        "determinism",
        lambda g: {"objective": objective(g, lambda x: x * next(counter))},
        "differs between equal runs",
    ),
    ("checkpoint", lambda g: {"generator": lambda: Unsaved(g.generator())}, "is not all of it"),
    ("export", lambda g: {"generator": after(g.generator, noisy)}, "differs from torch"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "message"), BREAK)
def test_a_check_fails_on_what_it_checks(
    gan: Architecture, name: str, changes: Callable[[Architecture], dict[str, Any]], message: str
) -> None:
    run = getattr(architectures, name)
    assert run in architectures.CHECKS
    assert run(Loaded(ENTRY, {}, gan))
    with pytest.raises(GanzooError, match=message):
        run(Loaded(ENTRY, {}, replace(gan, **changes(gan))))


class Flickering:
    """Images that are others each time."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return np.full((16, 16), next(counter) % 256, np.uint8)


@pytest.mark.parametrize(
    ("name", "dataset", "message"),
    [
        ("contract", Dataset(images=[]), "no images"),
        ("contract", Dataset(images=[np.zeros((16, 16), np.uint8)]), "needs a cache_key"),
        ("pixels", Dataset(images=np.zeros((3, 16, 16, 4), np.uint8)), r"uint8 \(16, 16, 4\)"),
        ("pixels", Dataset(images=np.zeros((3, 16, 15), np.uint8)), "at least 16 pixels"),
        ("pixels", Dataset(images=np.zeros((3, 16, 16))), "float64"),
        ("repeatable", Dataset(images=Flickering(), cache_key="1"), "another each time"),
    ],
)
def test_a_data_sets_check_fails_on_what_it_checks(
    name: str, dataset: Dataset, message: str
) -> None:
    run = getattr(datasets, name)
    assert run in datasets.CHECKS
    assert run(Loaded(ENTRY, {}, Dataset(images=np.zeros((3, 16, 16), np.uint8))))
    with pytest.raises(PluginError, match=message):
        run(Loaded(ENTRY, {}, dataset))


PROJECT = """
[project]
name = "odd-gan"
version = "1.2"

[project.entry-points."ganzoo.architectures"]
positional = "odd:positional"
untyped = "odd:untyped"
silent = "odd:silent"
wide = "odd:wide"
[project.entry-points."ganzoo.datasets"]
dark = "odd:dark"
"""
ODD = '''
import numpy
from dataclasses import replace
from ganzoo import Dataset
from ganzoo_plugins.mlp_gan import mlp_gan

def positional(width: int = 3):
    """An option without a star."""
    return mlp_gan()

def untyped(*, width=3):
    """An option without a type."""
    return mlp_gan()

def silent():
    return mlp_gan()

def wide():
    """Images beyond their range."""
    return replace(mlp_gan(hidden=(8,)), image_range=(-0.001, 0.001))

def dark(*, count: int = 5) -> Dataset:
    """Black images."""
    return Dataset(images=numpy.zeros((count, 28, 28), numpy.uint8))
'''


def test_a_folder_is_checked_before_it_is_installed(tmp_path: Path) -> None:
    """In a process of its own: the folder joins sys.path."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "odd.py").write_text(ODD)
    done = process("-m", "ganzoo", "check-plugin", tmp_path, "--json")
    assert done.code == 3, done.err
    found = {
        row["name"]: {c["check"]: c["detail"] for c in row["checks"] if not c["passed"]}
        for row in json.loads(done.out)
    }
    assert found == {
        "positional": {"options": "'width' is not keyword-only: write def f(*, …)"},
        "untyped": {"options": "'width' needs a type and a default"},
        "silent": {
            "options": "its function has no docstring, whose first line `ganzoo list` shows"
        },
        "wide": {"value range": found["wide"]["value range"]},
        "dark": {},
    }
    assert "image_range is -0.001 … 0.001" in found["wide"]["value range"]


def test_the_command_says_what_holds_and_what_does_not(cli: Cli, tmp_path: Path) -> None:
    done = cli("check-plugin", "mlp_gan_shallow", "--set", "hidden=8")
    assert done.code == 0, done.err
    assert "architecture 'mlp_gan_shallow' of ganzoo 0.1.0" in done.out
    assert "ok    determinism" in done.out
    assert "passed (12 of 12 checks hold)" in done.out
    assert cli("check-plugin", "mlp_gam").code == 3
    (tmp_path / "empty").mkdir()
    done = cli("check-plugin", f"{tmp_path}/empty")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "give the folder of a plugin's package" in done.err
    (tmp_path / "empty" / "pyproject.toml").write_text("[project]\nname = 'x'")
    assert "registers nothing" in cli("check-plugin", tmp_path / "empty").err


def test_a_failure_is_shown_and_is_the_exit_code(tmp_path: Path) -> None:
    only = PROJECT.replace('silent = "odd:silent"', "").replace('untyped = "odd:untyped"', "")
    (tmp_path / "pyproject.toml").write_text(only.replace('wide = "odd:wide"', ""))
    (tmp_path / "odd.py").write_text("def positional(:")
    done = process("-m", "ganzoo", "check-plugin", tmp_path)
    assert done.code == 3
    assert "FAIL  loads          cannot be imported: SyntaxError" in done.out
    assert "failed: loads (0 of 1 checks hold)" in done.out
