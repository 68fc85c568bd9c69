"""A stranger's architecture with schedules, through the whole chain: what a user sees of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo.runs.folder import METRICS, Run
from tests.conftest import Cli, install
from tests.pages import Page

SOURCE = '''
from dataclasses import replace

from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.schedules import cosine, linear
from ganzoo_plugins.mlp_gan import mlp_gan


def tuned(*, hidden: int = 8):
    """An MLP with a learning rate that falls and a penalty that fades."""
    return replace(
        mlp_gan(hidden=(hidden,)),
        objective=penalised(non_saturating(), r1("gamma"), every=4),
        schedules={"learning_rate": linear(1, 0), "gamma": cosine(2, 0.2)},
    )
'''
TINY = ("--data", "toy_garments", "--set-data", "count=16", "--batch-size", 4, "--log-every", 1)


@pytest.fixture
def tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "tuned-gan", SOURCE, {"tuned": "tuned"})
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.mark.usefixtures("tuned")
def test_schedules_are_in_the_plan_the_metrics_and_the_report(tmp_path: Path, cli: Cli) -> None:
    done = cli("train", "tuned", *TINY, "--epochs", 2, "--runs", tmp_path, "--report")
    assert done.code == 0, done.err
    assert "schedules     learning_rate 1 … 0, gamma 2 … 0.2" in done.out
    lines = [line for line in Run(Path(done.last)).lines(METRICS) if "loss_d" in line]
    shares = np.arange(8) / 8
    for name, expected in (
        ("learning_rate_g", 2e-4 * (1 - shares)),
        ("learning_rate_d", 2e-4 * (1 - shares)),
        ("gamma", 0.2 + 0.9 * (1 + np.cos(np.pi * shares))),
    ):
        found = [line[f"scheduled/{name}"] for line in lines]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    text = Page(Path(done.last, "report.html")).text
    assert "Learning rate" in text
    assert "Scheduled: gamma" in text


@pytest.mark.usefixtures("tuned")
def test_more_epochs_stretch_the_schedule(tmp_path: Path, cli: Cli) -> None:
    """They are functions of the images of the whole run, which are more now."""
    done = cli("train", "tuned", *TINY, "--epochs", 1, "--runs", tmp_path)
    assert cli("resume", done.last, "--epochs", 2).code == 0
    lines = [line for line in Run(Path(done.last)).lines(METRICS) if "loss_d" in line]
    rates = [line["scheduled/learning_rate_g"] for line in lines]
    np.testing.assert_allclose(
        rates, 2e-4 * np.array([1, 0.75, 0.5, 0.25, 0.5, 0.375, 0.25, 0.125]), rtol=1e-5
    )


WRONG = """
from dataclasses import replace

from ganzoo_plugins.mlp_gan import mlp_gan


def _with(schedule):
    return replace(mlp_gan(hidden=(8,)), schedules={"gamma": schedule})


def fails():
    return _with(lambda seen, whole: 1 / 0)


def of_one():
    return _with(lambda seen: 1.0)


def text():
    return _with(lambda seen, whole: "x")
"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fails", "its schedule of gamma fails after 0 of 32 images: ZeroDivisionError"),
        ("of_one", "its schedule of gamma fails after 0 of 32 images: TypeError"),
        ("text", "its schedule of gamma gives 'x' after 0 of 32 images"),
    ],
)
def test_a_schedule_that_fails_is_named(
    name: str, why: str, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {each: each for each in ("fails", "of_one", "text")}
    install(tmp_path / "site", "wrong-gans", WRONG, names)
    monkeypatch.syspath_prepend(tmp_path / "site")
    done = cli("train", name, *TINY, "--epochs", 2, "--runs", tmp_path)
    assert done.code == 3
    assert f"architecture '{name}' of wrong-gans 1.2: {why}" in done.err
