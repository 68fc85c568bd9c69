"""Losses: their numbers by hand, and their gradients against finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganzoo import Objective
from ganzoo.architecture import Loss
from ganzoo.conformance import check_entry
from ganzoo.objectives import (
    gradient_penalty,
    hinge,
    least_squares,
    non_saturating,
    penalised,
    r1,
    r2,
    relativistic,
    wasserstein,
)
from ganzoo.train.events import Logged
from ganzoo.train.loop import fit
from ganzoo.train.networks import seeded
from ganzoo.zoo.catalogue import Entry
from tests import wgan_gp

OBJECTIVES: dict[str, Callable[[], Objective]] = {
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
    "wgan_gp": lambda: penalised(wasserstein(), gradient_penalty(10)),
    "r1": lambda: penalised(non_saturating(), r1(10)),
    "r2": lambda: penalised(hinge(), r2(5)),
    "r1 and r2": lambda: penalised(least_squares(), r1(2), r2(3)),
}
REAL = torch.tensor([2.0, -0.5])
FAKE = torch.tensor([0.25, -3.0])
D_LOSSES = {  # by hand, of D(x) = 2, -1/2 and D(G(z)) = 1/4, -3
    "non_saturating": (np.log1p(np.exp(-2)) + np.log1p(np.exp(0.5))) / 2
    + (np.log1p(np.exp(0.25)) + np.log1p(np.exp(-3))) / 2,
    "least_squares": ((1 + 2.25) / 2 + (0.0625 + 9) / 2) / 2,
    "hinge": (0 + 1.5) / 2 + (1.25 + 0) / 2,
    "wasserstein": (0.25 - 3) / 2 - (2 - 0.5) / 2,
    "relativistic": (np.log1p(np.exp(0.25 - 2)) + np.log1p(np.exp(-3 + 0.5))) / 2,
}
G_LOSSES = {
    "non_saturating": (np.log1p(np.exp(-0.25)) + np.log1p(np.exp(3))) / 2,
    "least_squares": (0.5625 + 16) / 4,
    "hinge": 2.75 / 2,
    "wasserstein": 2.75 / 2,
    "relativistic": (np.log1p(np.exp(2 - 0.25)) + np.log1p(np.exp(-0.5 + 3))) / 2,
}


@pytest.mark.parametrize("name", D_LOSSES)
def test_losses_are_those_of_the_papers(name: str) -> None:
    objective = OBJECTIVES[name]()

    def score(images: Tensor) -> Tensor:
        return images

    D: Any = score

    assert float(objective.discriminator_loss(D, REAL, FAKE)) == pytest.approx(D_LOSSES[name])
    assert float(objective.generator_loss(D, REAL, FAKE)) == pytest.approx(G_LOSSES[name])


@pytest.mark.parametrize("name", D_LOSSES)
def test_formulas_say_what_is_computed(name: str) -> None:
    for formula, loss in zip(OBJECTIVES[name]().formulas, (D_LOSSES, G_LOSSES), strict=True):
        assert value(formula) == pytest.approx(loss[name])


def value(formula: str) -> float:
    """Return what a formula is for these D(x) and D(G(z)), as Python computes it."""
    names = {"D(G(z))": "fake", "D(x)": "real", "E[": "mean(", "]": ")", "²": "**2"}
    names["log sigmoid("] = "log_sigmoid("
    for written, meant in names.items():
        formula = formula.replace(written, meant)
    known = {
        "fake": FAKE.numpy(), "real": REAL.numpy(), "mean": np.mean, "log": np.log,
        "max": np.maximum, "sigmoid": lambda s: 1 / (1 + np.exp(-s)),
        "log_sigmoid": lambda s: -np.log1p(np.exp(-s)),
    }  # fmt: skip
    return float(eval(formula, known))


def test_penalties_are_added_to_the_formula_of_the_loss_they_are_added_to() -> None:
    def of_a_stranger(D: Any, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean()

    plain = hinge()
    lazy = penalised(plain, r1("gamma"), r2(3), every=4)
    assert lazy.formulas == (
        f"{plain.formulas[0]} + 4·(gamma/2·E‖∇D(x)‖² + 3/2·E‖∇D(G(z))‖²) at one of 4 updates",
        plain.formulas[1],
    )
    both = penalised(penalised(plain, gradient_penalty(10)), of_a_stranger, of="generator")
    assert both.formulas == (
        f"{plain.formulas[0]} + 10·E[(‖∇D(y)‖ - 1)²], y between x and G(z)",
        f"{plain.formulas[1]} + of_a_stranger",
    )


def test_penalties_of_a_linear_critic_are_known() -> None:
    """D(x) = w·x has the gradient w everywhere."""
    weight = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2)
    real, fake = torch.randn(5, 1, 1, 2), torch.randn(5, 1, 1, 2)

    def score(images: Tensor) -> Tensor:
        return (images * weight).sum((1, 2, 3))

    D: Any = score
    values = {"r1": r1(10), "r2": r2(4), "gp": gradient_penalty(2)}
    found = {name: penalty(D, real, fake).item() for name, penalty in values.items()}
    assert found == pytest.approx({"r1": 5 * 25, "r2": 2 * 25, "gp": 2 * (5 - 1) ** 2})


def test_penalties_look_where_they_should() -> None:
    """D(x) = x²/2 has the gradient x: R1 sees real images, R2 fakes, WGAN-GP what is between."""
    real, fake = torch.full((64, 1, 1, 1), 3.0), torch.full((64, 1, 1, 1), 5.0)
    seen: list[Tensor] = []

    def score(images: Tensor) -> Tensor:
        seen.append(images.detach().flatten())
        return images.flatten().square() / 2

    D: Any = score
    assert r1(2)(D, real, fake).item() == 9
    assert r2(2)(D, real, fake).item() == 25
    with seeded(0, torch.device("cpu")):
        gradient_penalty()(D, real, fake)
    between = seen[-1]
    assert 3 < between.min() < 3.3
    assert 4.7 < between.max() < 5
    assert len(set(between.tolist())) == 64  # one point for each pair of images


def test_a_penalty_of_a_flat_critic_has_a_finite_gradient() -> None:
    """‖∇D‖ has no derivative at 0, and training must survive it."""
    weight = torch.zeros(1, requires_grad=True)
    images = torch.randn(4, 1, 2, 2)
    D: Any = lambda x: weight * x.sum((1, 2, 3))  # noqa: E731
    loss = gradient_penalty()(D, images, images)
    (gradient,) = torch.autograd.grad(loss, weight)
    assert bool(gradient.isfinite().all())


@pytest.fixture
def critic() -> nn.Module:
    """Smooth, and small enough to move each of its weights."""
    with seeded(0, torch.device("cpu")):
        return nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1), nn.Flatten(0)
        ).double()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_equal_finite_differences(name: str, critic: nn.Module) -> None:
    objective = OBJECTIVES[name]()
    rng = torch.Generator().manual_seed(1)
    real, fake = torch.randn(2, 3, 1, 4, 4, generator=rng, dtype=torch.float64)
    weights = list(critic.parameters())
    _compare(objective.discriminator_loss, critic, real, fake, weights)
    fake.requires_grad_()
    _compare(objective.generator_loss, critic, real, fake, [fake])


def _compare(loss: Loss, D: Any, real: Tensor, fake: Tensor, inputs: Sequence[Tensor]) -> None:
    """Every number of `inputs`, moved by ±1e-5, changes the loss as its gradient says."""

    def value() -> Tensor:
        with seeded(7, torch.device("cpu")):  # the same points between real and fake each time
            return loss(D, real, fake)

    gradients = torch.autograd.grad(value(), inputs, allow_unused=True)
    for tensor, gradient in zip(inputs, gradients, strict=True):
        flat = tensor.detach().view(-1)
        found = torch.empty_like(flat)
        for i in range(len(flat)):
            kept = float(flat[i])
            flat[i] = kept + 1e-5
            above = value().item()
            flat[i] = kept - 1e-5
            found[i] = (above - value().item()) / 2e-5
            flat[i] = kept
        expected = torch.zeros_like(flat) if gradient is None else gradient.view(-1)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_wgan_gp_is_a_plugin_of_forty_lines() -> None:
    source = Path(wgan_gp.__file__).read_text()
    assert len(source.splitlines()) <= 40
    entry = Entry("architecture", "forty_lines", "tests", "0", "tests.wgan_gp:wgan_gp")
    verdicts = list(check_entry(entry, {"width": 4}))
    assert len(verdicts) == 20
    assert [verdict for verdict in verdicts if not verdict.passed] == []


def test_the_penalty_keeps_the_critics_slope_near_one() -> None:
    gan = wgan_gp.wgan_gp(width=4, latent_dim=8)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (32, 28, 28, 1), np.uint8)
    slopes = {}
    for name, weight in (("with", 10.0), ("without", 0.0)):
        objective = penalised(wasserstein(), gradient_penalty(weight))
        config = replace(gan.defaults, batch_size=16, max_steps=125, epochs=125, learning_rate=1e-3)
        events = list(fit(replace(gan, objective=objective), pixels, config))
        D = events[-1].state.discriminator
        x = (torch.rand(16, 1, 28, 28) * 2 - 1).requires_grad_()
        (gradient,) = torch.autograd.grad(D(x).sum(), x)
        slopes[name] = float(gradient.flatten(1).norm(dim=1).mean())
        assert all(
            np.isfinite(list(e.metrics.values())).all() for e in events if isinstance(e, Logged)
        )
    assert 0.2 < slopes["with"] < 2
    assert slopes["without"] > 2 * slopes["with"]
