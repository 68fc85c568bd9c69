"""The moving average: its closed form, what is drawn and exported, and what a bad one says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn.utils import parametrizations, spectral_norm

from ganzoo import Architecture, TrainConfig, load
from ganzoo.errors import UsageError
from ganzoo.train.ema import EVERY, MovingAverage, decay_per_step, shadow
from ganzoo.train.events import Stepped
from ganzoo.train.loop import fit
from tests.conftest import Cli


def test_k_steps_are_the_closed_form(architecture: Architecture) -> None:
    """Weights and batch-norm statistics after steps 1, 5, 9: (1 - D) D^(u - i) w_i / (1 - D^u)."""
    decay, steps = 0.95, 2 * EVERY + 3
    config = TrainConfig(batch_size=4, max_steps=steps, ema=decay, ema_growth=0)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
    history = []
    for event in fit(architecture, pixels, config):
        if isinstance(event, Stepped):
            state = event.state.generator.state_dict()
            history.append({name: value.double() for name, value in state.items()})
    average = event.state.average
    assert average is not None
    assert event.state.shown is average
    taken, D = [history[i - 1] for i in (1, 5, 9)], decay**EVERY
    weights = [(1 - D) * D ** (3 - i) / (1 - D**3) for i in (1, 2, 3)]
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            expected = sum(w * past[name] for w, past in zip(weights, taken, strict=True))
            torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-6)
        else:  # a counter
            assert value == taken[-1][name]
    assert not torch.equal(next(average.parameters()), next(event.state.generator.parameters()))


@pytest.mark.parametrize(("ema", "growth"), [(1e9, 0.5), (8.0, 0.5), (0.9, 2.0)])
def test_its_half_life_grows_with_the_images_seen(
    architecture: Architecture, ema: float, growth: float
) -> None:
    """It is at most `growth` of them, and then what was asked for: 8 images from 16 on."""
    batch, steps = 4, 4 * EVERY + 1
    config = TrainConfig(batch_size=batch, max_steps=steps, ema=ema, ema_growth=growth)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
    asked = ema if ema >= 1 else batch * np.log(0.5) / np.log(ema)
    expected = torch.zeros(())
    for event in fit(architecture, pixels, config):
        if isinstance(event, Stepped) and event.state.step % EVERY == 1:
            half_life = min(asked, growth * event.state.step * batch)
            kept = 0.5 ** (EVERY * batch / half_life)
            share = (1 - kept) / (1 - kept ** (event.state.step // EVERY + 1))
            now = torch.cat([p.detach().flatten() for p in event.state.generator.parameters()])
            expected = expected + share * (now.double() - expected)
    average = torch.cat([p.flatten() for p in event.state.shown.parameters()])
    torch.testing.assert_close(average.double(), expected, rtol=1e-5, atol=1e-6)


def test_the_plan_tells_of_growth_only_where_no_schedule_decides(cli: Cli, tmp_path: Path) -> None:
    tiny = ("train", "r3gan", "--set", "width=2", "--data", "toy_garments", "--set-data", "count=8")
    settings = ("--batch-size", 4, "--max-steps", 1, "--runs", tmp_path)
    for more, told in (((), False), (("--ema", 500), True)):
        planned = cli(*tiny, *settings, *more)
        assert "of the generator, to be drawn and exported" in planned.out
        assert ("of those seen" in planned.out) == told


@pytest.mark.parametrize("growth", ["-0.1", "inf", "nan"])
def test_a_growth_that_makes_no_sense_is_refused(growth: str, cli: Cli, tmp_path: Path) -> None:
    result = cli("train", "mlp_gan", "--ema-growth", growth, "--runs", tmp_path)
    assert result.code == 2
    assert "--ema-growth must be at least 0" in result.err


def test_an_average_changes_nothing_of_what_is_learned(architecture: Architecture) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
    ends = []
    for ema in (None, 0.9):
        *_, last = fit(architecture, pixels, TrainConfig(batch_size=4, max_steps=3, ema=ema))
        ends.append(torch.cat([p.flatten() for p in last.state.generator.parameters()]))
    assert torch.equal(*ends)


def test_a_half_life_in_images_is_a_decay_per_step() -> None:
    assert decay_per_step(0.999, 64) == 0.999
    assert decay_per_step(6400, 64) ** 100 == pytest.approx(0.5)


def test_it_is_what_a_run_shows_and_exports(cli: Cli, tmp_path: Path) -> None:
    trained = cli(
        "train", "mlp_gan", "--set", "hidden=16,32", "--data", "toy_garments", "--set-data",
        "count=64", "--batch-size", 16, "--max-steps", 8, "--lr", 0.01, "--ema", 0.9,
        "--runs", tmp_path,
    )  # fmt: skip
    assert (
        "average       of the generator, to be drawn and exported: decay 0.9 a step" in trained.out
    )
    assert "half-life 105 images, at most 0.1 of those seen" in trained.out
    run = Path(trained.last)
    assert json.loads((run / "run.json").read_text())["config"]["ema"] == 0.9
    (checkpoint,) = (run / "checkpoints").glob("step-00000008")
    raw = load_file(checkpoint / "model.safetensors")
    average = load_file(checkpoint / "ema.safetensors")
    assert {name for name in raw if name.startswith("generator.")} == set(average)
    manifest = json.loads((checkpoint / "MANIFEST.json").read_text())
    assert "ema.safetensors" in manifest
    images = {}
    for name, source in {"average": run, "raw": checkpoint / "model.safetensors"}.items():
        report = cli("export", source, "-o", tmp_path / f"{name}.onnx", "--json")
        assert report.code == 0  # the parity check passed
        assert json.loads(report.out)["parity"]["max_error"] < 1e-5
        images[name] = load(tmp_path / f"{name}.onnx").sample(4).astype(int)
    assert np.abs(images["average"] - images["raw"]).max() > 0
    from ganzoo.runs.weights import load_generator

    drawn = load_generator(run)[0].sample(4).astype(int)
    assert np.abs(images["average"] - drawn).max() <= 1


@pytest.mark.parametrize(
    "words", [[], ["--ema", 10_000, "--ema-growth", 0]], ids=["as it is", "others"]
)
def test_the_plan_says_what_decides_where_there_is_a_schedule(
    cli: Cli, tmp_path: Path, words: list[object]
) -> None:
    trained = cli(
        "train", "r3gan", "--set", "width=1", "--data", "toy_garments", "--set-data", "count=32",
        "--max-steps", 1, "--runs", tmp_path, *words,
    )  # fmt: skip
    (line,) = (line for line in trained.out.splitlines() if line.startswith("average"))
    assert ("as the architecture has scheduled it" in line) == (not words)
    assert line.endswith("half-life 10,000 images") == bool(words)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("r3gan", "the average follows a schedule of the architecture"),
        ("mlp_gan", "no average is kept; --ema 10000 keeps one"),
    ],
)
def test_a_growth_that_would_change_nothing_is_refused(
    name: str, why: str, cli: Cli, tmp_path: Path
) -> None:
    done = cli("train", name, "--data", "toy_garments", "--ema-growth", 0.2, "--runs", tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"--ema-growth 0.2 changes nothing: {why}" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ema", ["0", "-1", "nan"])
def test_a_decay_that_makes_no_sense_is_refused(ema: str, cli: Cli, tmp_path: Path) -> None:
    result = cli("train", "mlp_gan", "--data", "toy_garments", "--ema", ema, "--runs", tmp_path)
    assert result.code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("ema", "batch"), [(1.0, 2048), (1e19, 64), (1e-9, 64)])
def test_a_decay_that_averages_nothing_is_refused(ema: float, batch: int) -> None:
    with pytest.raises(UsageError, match="averages nothing: use something like"):
        decay_per_step(ema, batch)


@pytest.mark.parametrize(
    ("norm", "trained"),
    [(parametrizations.spectral_norm, "original"), (spectral_norm, "weight_orig")],
)
def test_an_averaged_layer_with_a_spectral_norm_has_that_norm(
    architecture: Architecture, norm: Any, trained: str
) -> None:
    """Its vectors turn with the weights, so their mean is shorter than 1."""

    def normed() -> torch.nn.Module:
        network = architecture.generator()
        for module in network.modules():
            if isinstance(module, torch.nn.Linear):
                norm(module)
        return network

    gan = replace(architecture, generator=normed)
    config = TrainConfig(batch_size=4, max_steps=100, ema=0.98, learning_rate=0.02)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
    *_, last = fit(gan, pixels, config)
    weights = [p for n, p in last.state.shown.named_parameters() if n.endswith(trained)]
    layers = [m for m in last.state.shown.modules() if isinstance(m, torch.nn.Linear)]
    last.state.shown(torch.zeros(1, gan.latent_dim))  # the older one makes its weight only now
    assert len(weights) == len(layers) == 3
    norms = [float(torch.linalg.matrix_norm(layer.weight.detach(), 2)) for layer in layers]
    np.testing.assert_allclose(norms, 1, atol=0.02)
    assert not last.state.shown.training
    assert not any(module.training for module in last.state.shown.modules())


def test_a_buffer_that_its_module_puts_another_in_the_place_of_is_averaged() -> None:
    class Centre(torch.nn.Module):
        centre: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("centre", torch.zeros(1))

    network = Centre()
    average = shadow(network)
    mean = MovingAverage(average, network)
    network.centre = torch.ones(1)
    mean.update(1, 0.5)
    assert float(average.get_buffer("centre")) == 1.0


def test_counters_and_extra_state_are_copied() -> None:
    class Growing(torch.nn.Module):
        steps: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.stage = 0
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

        def get_extra_state(self) -> torch.Tensor:
            return torch.tensor(self.stage)

        def set_extra_state(self, state: torch.Tensor) -> None:
            self.stage = int(state)

    growing = Growing()
    network = torch.nn.Sequential(growing)
    average = shadow(network)
    mean = MovingAverage(average, network)
    for step in range(1, 2 * EVERY + 2):
        growing.stage = step
        growing.steps += 1
        mean.update(step, 0.5)
    assert int(average.get_submodule("0").get_extra_state()) == 2 * EVERY + 1
    assert int(average.get_buffer("0.steps")) == 2 * EVERY + 1


def test_a_plugin_may_have_one_by_default(architecture: Architecture) -> None:
    gan = replace(architecture, defaults=TrainConfig(ema=10_000))
    events = fit(gan, np.zeros((8, 28, 28, 1), np.uint8), replace(gan.defaults, max_steps=1))
    assert next(events).state.average is not None
