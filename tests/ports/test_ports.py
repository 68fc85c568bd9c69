"""GANs after 2016 as a stranger's package: public names suffice, and the whole chain takes them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.conformance.architectures import CHECKS
from ganzoo.conformance.trying import labels, noise, short
from ganzoo.conformance.verdicts import check_here
from ganzoo.runs.beginning import begin
from ganzoo.runs.resuming import resume
from ganzoo.train.events import Finished
from ganzoo.train.loop import fit
from ganzoo.zoo import catalogue, registry
from tests.conftest import install, process
from tests.lives import content
from tests.ports.names import forbidden

SOURCES = Path(__file__).with_name("ganzoo_ports")
NAMES = sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__")
SETTINGS = {"batch_size": 8, "max_steps": 103, "keep": 1, "log_every": 1, "report": False}
OPTIONS: dict[str, dict[str, Any]] = {
    "ada": {"images": 1_000, "target": -1.5},  # p grows
    "progan": {"images": 100},  # after 400 images it is as large as it gets
}
BREAKS = (1, 2, 3, 99)
VARIANTS = [("float32", False), ("float16", False), ("int8", False), ("float32", True)]


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package, laid out as pip would: a new module in it is tested by existing."""
    site = tmp_path_factory.mktemp("ports")
    points = {name: f"ganzoo_ports.{name}:{name}" for name in NAMES}
    install(site, "ganzoo-ports", {}, points)
    shutil.copytree(SOURCES, site / "ganzoo_ports")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield


def theirs(name: str) -> str:
    """The full name: ganzoo has an r3gan and a fastgan, too."""
    return f"ganzoo-ports:{name}"


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_public_names_only_and_is_short(name: str) -> None:
    source = (SOURCES / f"{name}.py").read_text()
    assert forbidden(source) == []
    assert 30 <= sum(map(bool, map(str.strip, source.splitlines()))) <= 110


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("D.__dict__['partner'] = G", "__dict__ in line 2"),
        ("D.network._parameters", "_parameters in line 2"),
        ("from ganzoo.train.step import Stepper", "_ganzoo.train.step in line 2"),
        ("from torch.nn import _reduction", "_reduction in line 2"),
        ("import torch._dynamo", "torch._dynamo in line 2"),
        ("def f(): global stage", "__stage in line 2"),
        ("stage = [0]", "a variable of the module in line 2"),
        ("vars(D)", "vars in line 2"),
        ("G.register_forward_hook(f)", "register_forward_hook in line 2"),
        ("def _private(): pass", "_private in line 2"),
    ],
)
def test_what_is_not_public_is_found(source: str, words: str) -> None:
    assert words in forbidden(f'"""A plugin."""\n{source}')


@pytest.mark.usefixtures("quick_exports")
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_contract(name: str) -> None:
    verdicts = list(check_here(catalogue.find(catalogue.architectures(), theirs(name)), {}))
    assert len(verdicts) == len(CHECKS) + 2  # it loads, and has options
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "bf16"},
        {"shared_fakes": True},
        {"discriminator_steps": 2, "augment": True, "ema": 100.0},
    ],
    ids="-".join,
)
def test_it_trains_with_the_users_settings(name: str, settings: dict[str, Any]) -> None:
    gan = registry.load_architecture(theirs(name)).value
    config = replace(short(gan, 9), **settings)
    *_, last = fit(gan, noise(gan), config, labels=labels(gan))
    assert last.state.step == 9


def test_progan_grows_and_its_average_with_it(tmp_path: Path) -> None:
    """At first every 4x4 pixels are one; in the end they are not."""

    def smallest(steps: int) -> float:
        run = ganzoo.train(
            "progan", options={"images": 8}, data_options={"count": 64}, batch_size=8,
            max_steps=steps, report=False, runs=tmp_path,
        )  # fmt: skip
        images = run.generator.sample(4).astype(float)
        return float(images.reshape(4, 4, 4, 4, 4, 3).std(axis=(2, 4)).max())

    assert smallest(2) == 0
    assert smallest(3) > 0  # after 16 images, of which 8 faded in


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import numpy, ganzoo
for path in sys.argv[1:]:
    numpy.save(path, ganzoo.load(path).sample(8, seed=3))
try:
    import torch
except ImportError:
    print("no torch")
"""


@pytest.mark.slow
@pytest.mark.usefixtures("quick_exports")
@pytest.mark.parametrize("name", NAMES)
def test_it_is_trained_broken_off_exported_and_drawn_from(name: str, tmp_path: Path) -> None:
    whole = trained(name, tmp_path / "whole", ())
    broken = trained(name, tmp_path / "broken", BREAKS)
    assert content(broken.path) == content(whole.path)
    if name == "ada":
        assert whole.metrics["augment_p"][-1] == pytest.approx(25 * 4 * 8 / 1_000)
    drawn = whole.generator.sample(8, seed=3).astype(int)
    assert len(np.unique(drawn)) > 1
    files = []
    for precision, uint8 in VARIANTS:
        file = tmp_path / f"{precision}-{uint8}.onnx"
        exported = whole.export(file, precision=precision, uint8=uint8)
        assert exported.parity.passes(precision)
        files.append(file)
    done = process("-c", WITHOUT_TORCH, *files)
    assert (done.code, done.last) == (0, "no torch"), done.err
    for file, (precision, _) in zip(files, VARIANTS, strict=True):
        difference = np.abs(np.load(f"{file}.npy") - drawn)
        assert difference.max() <= (8 if precision == "int8" else 1)


def trained(name: str, runs: Path, breaks: tuple[int, ...]) -> TrainedRun:
    """A run of 103 steps that is stopped after each of the steps `breaks`, and gone on with."""
    settings: dict[str, Any] = {**SETTINGS}
    *_, last = begin(
        theirs(name), options=OPTIONS.get(name), data_options={"count": 64}, settings=settings,
        runs=runs, stop=after(0, breaks),
    )  # fmt: skip
    for step in breaks:
        assert isinstance(last, Finished)
        assert (last.outcome, last.state.step) == ("stopped", step)
        (run,) = ganzoo.runs(runs)
        *_, last = resume(run.path, stop=after(step, breaks))
    (run,) = ganzoo.runs(runs)
    assert run.outcome == "completed"
    return run


def after(step: int, breaks: tuple[int, ...]) -> Any:
    """A function that says yes at each of the steps `breaks`; it is asked after every step."""
    steps = itertools.count(step + 1)
    return lambda: next(steps) in breaks
