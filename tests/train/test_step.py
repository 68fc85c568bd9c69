"""The fast step computes what a plain one computes, for every registered architecture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator
from ganzoo.objectives import gradient_penalty, penalised
from ganzoo.seeds import derive
from ganzoo.train.batches import Batches
from ganzoo.train.loop import fit
from ganzoo.train.networks import seeded
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.zoo import registry
from tests.whole.test_architectures import NAMES, tiny_options

CPU = torch.device("cpu")
BATCH, STEPS = 4, 10


@pytest.fixture
def float64() -> Iterator[None]:
    """Everything in float64, where rounding hides no difference."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


PENALISED = {f"ganzoo:{name}" for name in (
    "acgan_fashion", "fastgan", "r1gan", "r3gan", "stylegan2_small", "wgan_gp",
)}  # fmt: skip
"""Those that add to the losses of the textbook."""


def drawn(gan: Architecture, count: int = 20) -> NDArray[np.uint8]:
    channels, height, width = gan.image_shape
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, channels), np.uint8)


def labels(gan: Architecture, count: int = 20) -> NDArray[np.int64] | None:
    """Classes of the drawn images, in turn; None where the architecture has none."""
    return np.arange(count) % gan.classes if gan.classes else None


def textbook(gan: Architecture, config: TrainConfig, pixels: NDArray[np.uint8]) -> TrainState:
    """The loop as the papers have it: nothing frozen, shared, rewritten or taken together."""
    state = TrainState.fresh(gan, config, CPU)
    G = state.generator
    D: Any = state.discriminator
    opt_g, opt_d = state.generator_optimizer, state.discriminator_optimizer
    batches = Batches(pixels, gan.image_range, CPU, config.seed, labels(gan))
    latents = torch.Generator()

    for step in range(STEPS):
        real, classes = batches.at(step * BATCH, BATCH), batches.labels_at(step * BATCH, BATCH)
        more = [] if classes is None else [classes]
        latents.manual_seed(derive(config.seed, "latents", step))
        with seeded(derive(config.seed, "noise", step, 0), CPU):
            for _ in range(0 if step % config.discriminator_every else config.discriminator_steps):
                made = G(torch.randn(BATCH, gan.latent_dim, generator=latents), *more)
                fake = made.detach()
                if gan.objective.scores == "logits":
                    loss = -logsigmoid(D(real, *more)).mean() - logsigmoid(-D(fake, *more)).mean()
                else:
                    loss = gan.objective.discriminator_loss(D, real, fake)
                opt_d.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                opt_d.step()
                if gan.after_discriminator_step is not None:
                    for weight in D.parameters():
                        weight.data.clamp_(-0.01, 0.01)
            if step % config.generator_every:
                continue
            if not config.shared_fakes:
                made = G(torch.randn(BATCH, gan.latent_dim, generator=latents), *more)
            if gan.objective.scores == "logits":
                loss = -logsigmoid(D(made, *more)).mean()
            else:
                loss = gan.objective.generator_loss(D, real, made)
            opt_g.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            opt_g.step()
    return state


def assert_same(ours: TrainState, theirs: TrainState) -> None:
    """Weights and statistics agree to 1e-9.

    But where a batch norm takes a bias away again: its gradient is zero but for rounding, which
    Adam divides by rounding. Such a bias, and the mean that follows it, may differ by 1e-8.
    """
    for which in ("generator", "discriminator"):
        network = getattr(theirs, which)
        gradients = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
        idle = {name for name, gradient in gradients.items() if float(gradient.abs().max()) < 1e-12}
        expected = network.state_dict()
        for name, value in getattr(ours, which).state_dict().items():
            rounding = name in idle or (idle and name.endswith("running_mean"))
            tolerance = 1e-8 if rounding else 1e-9
            torch.testing.assert_close(value, expected[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PENALISED])
@pytest.mark.usefixtures("float64")
def test_ten_steps_end_in_the_weights_of_a_textbook_loop(name: str) -> None:
    gan = registry.load_architecture(name, tiny_options(name)).value
    config = replace(gan.defaults, batch_size=BATCH, max_steps=STEPS, epochs=STEPS)
    *_, last = fit(gan, drawn(gan), config, labels=labels(gan))
    assert_same(last.state, textbook(gan, config, drawn(gan)))


@pytest.mark.usefixtures("float64")
def test_so_do_ten_steps_that_train_a_network_now_and_then() -> None:
    options = {**tiny_options("dcgan_anime96"), "d_every": 2, "g_every": 3}
    gan = registry.load_architecture("dcgan_anime96", options).value
    config = replace(gan.defaults, batch_size=BATCH, max_steps=STEPS)
    *_, last = fit(gan, drawn(gan), config)
    assert_same(last.state, textbook(gan, config, drawn(gan)))


@pytest.mark.parametrize("name", ["mlp_gan", "mlp_gan_relu"])
def test_so_do_ten_steps_in_float32_by_the_routes_for_it(name: str) -> None:
    """Linear layers wide enough for oneDNN; all that was learned points the same way."""
    gan = registry.load_architecture(name).value
    config = replace(gan.defaults, batch_size=BATCH, max_steps=STEPS, epochs=STEPS)
    *_, last = fit(gan, drawn(gan), config)
    plain = textbook(gan, config, drawn(gan))
    start = TrainState.fresh(gan, config, CPU)
    for which in ("generator", "discriminator"):
        began, ours, theirs = (
            torch.cat([p.detach().flatten() for p in getattr(state, which).parameters()])
            for state in (start, last.state, plain)
        )
        assert float((ours - theirs).norm() / (theirs - began).norm()) < 0.02


def test_a_penalty_may_ask_for_gradients_of_real_images_late() -> None:
    """R1 as many write it: the images become leaves after the discriminator saw the fakes."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        loss = softplus(D(fake)).mean()
        real.requires_grad_()
        scores = D(real)
        (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        return loss + softplus(-scores).mean() + gradient.square().sum()

    gan = registry.load_architecture("mlp_gan", {"hidden": (16, 32)}).value
    gan = replace(gan, objective=replace(gan.objective, discriminator_loss=discriminator_loss))
    *_, last = fit(gan, drawn(gan), replace(gan.defaults, batch_size=BATCH, max_steps=2))
    assert last.state.step == 2


@pytest.mark.usefixtures("float64")
def test_so_do_ten_steps_with_a_gradient_penalty() -> None:
    gan = registry.load_architecture("wgan_clip", tiny_options("wgan_clip")).value
    gan = replace(gan, objective=penalised(gan.objective, gradient_penalty(10)))
    config = replace(gan.defaults, batch_size=BATCH, max_steps=STEPS)
    *_, last = fit(gan, drawn(gan), config)
    assert_same(last.state, textbook(gan, config, drawn(gan)))


def test_real_and_fake_are_looked_at_together_only_where_that_changes_nothing() -> None:
    together = {}
    for name in ("mlp_gan", "wgan_clip", "mlp_gan_dropout", "dcgan_fashion"):
        gan = registry.load_architecture(name, tiny_options(name)).value
        config = replace(gan.defaults, batch_size=BATCH)
        state = TrainState.fresh(gan, config, CPU)
        sizes: list[int] = []
        first = next(m for m in state.discriminator.modules() if isinstance(m, nn.Flatten))
        stepper = Stepper(gan, state, config, CPU)
        first.register_forward_pre_hook(lambda module, x, sizes=sizes: sizes.append(len(x[0])))
        stepper(Batches(drawn(gan), gan.image_range, CPU, 0).at(0, BATCH))
        together[name] = sizes[0] == 2 * BATCH
    assert together == {
        "mlp_gan": True, "wgan_clip": True, "mlp_gan_dropout": False, "dcgan_fashion": False,
    }  # fmt: skip


def test_an_objective_may_ask_without_and_with_gradients() -> None:
    """What it heard without a graph is not given out again where it wants one."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        with torch.no_grad():
            level = D(real).mean()
        return softplus(level - D(real)).mean() + softplus(D(fake) - level).mean()

    gan = registry.load_architecture("mlp_gan", {"hidden": (16, 32)}).value
    gan = replace(gan, objective=replace(gan.objective, discriminator_loss=discriminator_loss))
    config = replace(gan.defaults, batch_size=BATCH, max_steps=1)
    ends = []
    for together in (True, False):
        state = TrainState.fresh(gan, config, CPU)
        stepper = Stepper(gan, state, config, CPU)
        assert stepper.together
        stepper.together = together
        stepper(Batches(drawn(gan), gan.image_range, CPU, 0).at(0, BATCH))
        ends.append(torch.cat([p.detach().flatten() for p in state.discriminator.parameters()]))
    torch.testing.assert_close(*ends, rtol=0, atol=1e-6)


def test_the_generators_step_computes_no_gradient_of_the_discriminator() -> None:
    gan = registry.load_architecture("mlp_gan", {"hidden": (16, 32)}).value
    config = replace(gan.defaults, batch_size=BATCH, discriminator_every=2)
    state = TrainState.fresh(gan, config, CPU)
    stepper = Stepper(gan, state, config, CPU)
    real = Batches(drawn(gan), gan.image_range, CPU, 0).at(0, BATCH)
    stepper(real)
    state.discriminator_optimizer.zero_grad()
    stepper(real)  # trains the generator alone
    assert all(p.grad is None for p in state.discriminator.parameters())
    assert all(p.requires_grad for p in state.discriminator.parameters())
