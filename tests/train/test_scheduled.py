"""Schedules in a run: optimizers, average and losses follow them, also after a break."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.errors import PluginError
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.optimizers import adam, rmsprop
from ganzoo.runs.state_files import restore, to_files
from ganzoo.schedules import constant, cosine, linear, warm_up
from ganzoo.train.events import Logged, Stepped
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState
from ganzoo.zoo import registry

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 28, 28, 1), np.uint8)
CONFIG = TrainConfig(batch_size=4, max_steps=8, epochs=1, log_every=1)


@pytest.fixture
def gan(architecture: Architecture) -> Architecture:
    """The optimizers begin with 1e-3 and 2e-3."""
    generators, critics = (adam(rate, (0.5, 0.9)) for rate in (1e-3, 2e-3))
    return replace(architecture, optimizers=lambda G, D: (generators(G, D)[0], critics(G, D)[1]))


def rates(gan: Architecture, config: TrainConfig = CONFIG, **more: Any) -> list[dict[str, float]]:
    return [e.scheduled for e in fit(gan, PIXELS, config, **more) if isinstance(e, Logged)]


def test_learning_rates_and_beta2_follow(gan: Architecture) -> None:
    gan = replace(gan, schedules={"learning_rate": linear(1, 0), "beta2": linear(0.9, 0.98)})
    seen = []
    for event in fit(gan, PIXELS, CONFIG):
        if isinstance(event, Stepped):
            pair = (event.state.generator_optimizer, event.state.discriminator_optimizer)
            seen.append([(g["lr"], g["betas"][1]) for o in pair for g in o.param_groups])
    for step, groups in enumerate(seen):
        share = step / 8
        expected = [(rate * (1 - share), 0.9 + 0.08 * share) for rate in (1e-3, 2e-3)]
        np.testing.assert_allclose(groups, expected)
    logged = rates(gan)
    assert logged[4]["learning_rate_g"] == pytest.approx(5e-4)
    assert logged[4]["learning_rate_d"] == pytest.approx(1e-3)
    assert logged[4]["beta2"] == pytest.approx(0.94)


def test_a_rate_of_the_users_is_what_the_factor_is_of(gan: Architecture) -> None:
    gan = replace(gan, schedules={"learning_rate": linear(1, 0)})
    logged = rates(gan, replace(CONFIG, learning_rate=0.1))
    assert logged[4]["learning_rate_g"] == pytest.approx(0.05)


def test_a_loss_takes_its_weight_from_a_schedule(gan: Architecture) -> None:
    """The steps are those of a penalty with that weight, not with another."""

    def end(gamma: Any, schedules: Any) -> torch.Tensor:
        changed = replace(
            gan, objective=penalised(non_saturating(), r1(gamma)), schedules=schedules
        )
        *_, last = fit(changed, PIXELS, CONFIG)
        return torch.cat([p.detach().flatten() for p in last.state.discriminator.parameters()])

    by_name = end("gamma", {"gamma": constant(3.0)})
    assert torch.equal(by_name, end(3.0, {}))
    assert not torch.equal(by_name, end("gamma", {"gamma": cosine(3.0, 0.1)}))


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_a_run_that_was_broken_off_has_the_same_values(gan: Architecture, stop: int) -> None:
    gan = replace(
        gan,
        objective=penalised(non_saturating(), r1("gamma"), every=3),
        schedules={
            "learning_rate": warm_up(16, then=cosine(1, 0.1)),
            "beta2": linear(0.9, 0.99),
            "gamma": cosine(5, 1),
            "ema": linear(0.1, 0.9),
        },
        defaults=TrainConfig(ema=0.5),
    )
    config = replace(CONFIG, ema=0.5)
    *_, whole = fit(gan, PIXELS, config)
    loaded = replace(registry.load_architecture("mlp_gan", {"hidden": (16, 32)}), value=gan)
    broken = next(e.state for e in fit(gan, PIXELS, config) if e.state.step == stop)
    files = {n: b"".join(c) for n, c in to_files(broken, loaded, "none").items()}
    resumed = TrainState.fresh(gan, config, torch.device("cpu"))
    restore(resumed, files)
    *_, last = fit(gan, PIXELS, config, state=resumed)
    for network in ("generator", "discriminator", "shown"):
        one, two = (getattr(end.state, network).state_dict() for end in (whole, last))
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_an_average_follows_unless_the_user_chose_another(gan: Architecture) -> None:
    gan = replace(gan, defaults=TrainConfig(ema=0.5), schedules={"ema": linear(0.01, 0.9)})

    def end(gan: Architecture, ema: float) -> torch.Tensor:
        *_, last = fit(gan, PIXELS, replace(CONFIG, ema=ema))
        return torch.cat([p.flatten() for p in last.state.shown.parameters()])

    plain = replace(gan, schedules={})
    assert not torch.equal(end(gan, 0.5), end(plain, 0.5))
    assert torch.equal(end(gan, 0.7), end(plain, 0.7))


class Growing(nn.Module):
    """A network with a buffer `grown`, one within of the same name, and one with a dimension."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        for module in (self, network):
            module.register_buffer("grown", torch.zeros(()))
        self.register_buffer("gamma", torch.zeros(1))
        self.told: list[float] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.told.append(float(self.get_buffer("grown")))
        made: torch.Tensor = self.network(x)
        return made


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, shared_fakes=True)])
def test_a_network_reads_a_schedule_in_its_buffer(gan: Architecture, config: TrainConfig) -> None:
    growing = replace(
        gan,
        generator=lambda: Growing(gan.generator()),
        discriminator=lambda: Growing(gan.discriminator()),
        augment=lambda: Growing(nn.Identity()),
        schedules={"grown": linear(0, 2), "gamma": constant(1)},
    )
    *_, last = fit(growing, PIXELS, replace(config, ema=0.5))
    state = last.state
    for network in (state.generator, state.discriminator, state.augment, state.shown):
        assert isinstance(network, Growing)
        assert float(network.get_buffer("grown")) == 1.75  # at the last of 8 steps
        assert float(network.network.get_buffer("grown")) == float(network.get_buffer("gamma")) == 0
        if network is not state.shown:
            assert sorted({*network.told}) == [step / 4 for step in range(8)]


@pytest.mark.parametrize("steps", [1, 4, 5, 8])
def test_an_average_may_begin_with_none(gan: Architecture, steps: int) -> None:
    """Its half-life grows from 0 with the images seen, as R3GAN's: at first it is the network."""
    defaults = TrainConfig(ema=1000.0)
    ramped = replace(gan, defaults=defaults, schedules={"ema": lambda seen, total: seen / 100})
    *_, one = fit(ramped, PIXELS, replace(CONFIG, ema=1000.0, max_steps=1))
    *_, more = fit(ramped, PIXELS, replace(CONFIG, ema=1000.0, max_steps=steps))
    a, b, c = (
        torch.cat([p.detach().flatten() for p in network.parameters()])
        for network in (one.state.generator, more.state.shown, more.state.generator)
    )
    assert torch.equal(a, b) == (steps < 5)  # it is averaged after steps 1, 5 and so on
    assert torch.equal(b, c) == (steps == 1)


def test_an_average_that_nobody_keeps_cannot_follow(gan: Architecture) -> None:
    with pytest.raises(ValueError, match="nothing is averaged"):
        replace(gan, schedules={"ema": constant(0.5)})


@pytest.mark.parametrize(
    ("name", "schedule", "reason"),
    [
        (
            "gamma",
            lambda seen, total: float("nan"),
            "its schedule of gamma gives nan after 0 of 32",
        ),
        ("beta2", constant(1.0), "its schedule of beta2 gives 1.0"),
        ("learning_rate", constant(-1.0), "its schedule of learning_rate gives -1.0"),
        ("gamma", lambda seen, total: "3", "its schedule of gamma gives '3'"),
    ],
)
def test_a_value_that_makes_no_sense_is_the_plugins_fault(
    gan: Architecture, name: str, schedule: Any, reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        list(fit(replace(gan, schedules={name: schedule}), PIXELS, CONFIG))


def test_beta2_of_an_optimizer_that_has_none_is_the_plugins_fault(gan: Architecture) -> None:
    gan = replace(gan, optimizers=rmsprop(), schedules={"beta2": constant(0.9)})
    with pytest.raises(PluginError, match="an optimizer has no betas"):
        TrainState.fresh(gan, CONFIG, torch.device("cpu"))
