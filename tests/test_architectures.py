"""The contract, over every registered architecture: a new one is tested by existing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganzoo import registry
from ganzoo.architecture import Architecture
from ganzoo.networks import count_parameters, draw
from ganzoo.step import TrainState
from ganzoo.train import Logged, fit

NAMES = [f"{e.package}:{e.name}" for e in registry.architectures()]
# Options that make an architecture tiny, where it has them.
TINY = {"width": 4, "hidden": {int: 16, tuple[int, ...]: (16, 32)}}


def tiny_options(name: str) -> dict[str, Any]:
    import inspect
    import typing

    function = registry.find(registry.architectures(), name).function()
    hints = typing.get_type_hints(function)
    options: dict[str, Any] = {}
    for option in inspect.signature(function).parameters:
        value = TINY.get(option)
        if value is not None:
            options[option] = value[hints[option]] if isinstance(value, dict) else value
    return options


@pytest.fixture(params=NAMES)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    name: str = request.param
    return registry.load_architecture(name, tiny_options(name)).value


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_shapes_and_range(architecture: Architecture, batch: int) -> None:
    torch.manual_seed(0)
    z = np.random.default_rng(0).standard_normal((batch, architecture.latent_dim), np.float32)
    images = draw(architecture.generator(), z)
    assert images.shape == (batch, *architecture.image_shape)
    assert images.dtype == np.float32
    low, high = architecture.image_range
    assert low <= images.min() < images.max() <= high
    scores = architecture.discriminator().eval()(torch.from_numpy(images))
    assert scores.shape == (batch,)


def pixels(architecture: Architecture, count: int = 32) -> np.ndarray[Any, np.dtype[np.uint8]]:
    channels, height, width = architecture.image_shape
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, channels), np.uint8)


def tiny_config(architecture: Architecture, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(architecture.defaults, batch_size=8, **changes)


def run(architecture: Architecture, **changes: Any) -> tuple[list[Any], TrainState]:
    config = tiny_config(architecture, **changes)
    events = list(fit(architecture, pixels(architecture), config))
    return events, events[-1].state


def test_one_step_changes_both_networks_and_nothing_global(architecture: Architecture) -> None:
    before = TrainState.fresh(architecture, tiny_config(architecture), torch.device("cpu"))
    torch.manual_seed(1)
    rng, dtype, threads = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
    events, after = run(architecture, max_steps=1)
    assert torch.equal(torch.get_rng_state(), rng)
    assert (torch.get_default_dtype(), torch.get_num_threads()) == (dtype, threads)
    for which in ("generator", "discriminator"):
        old, new = getattr(before, which), getattr(after, which)
        for (name, a), b in zip(old.named_parameters(), new.parameters(), strict=True):
            assert b.requires_grad == a.requires_grad, name
            assert torch.isfinite(b).all(), name
            if a.ndim > 1:  # a bias before a batch norm has no gradient
                assert not torch.equal(a, b), f"{which} {name} was not trained"
    (logged,) = [e for e in events if isinstance(e, Logged)]
    assert set(logged.metrics) == {"loss_d", "loss_g", "d_real", "d_fake"}
    if architecture.objective.scores == "logits":
        assert 0 < logged.metrics["d_real"] < 1


def test_a_seed_decides_everything(architecture: Architecture) -> None:
    torch.manual_seed(1)
    _, one = run(architecture, max_steps=3, seed=5)
    torch.manual_seed(2)
    _, two = run(architecture, max_steps=3, seed=5)
    _, other = run(architecture, max_steps=3, seed=6)
    for which in ("generator", "discriminator"):
        states = [getattr(s, which).state_dict() for s in (one, two, other)]
        assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
        assert not all(torch.equal(states[0][k], states[2][k]) for k in states[0])


# By hand from architectures.md: weights and biases of each layer, two a channel in a batch norm.
PARAMETERS = {
    "mlp_gan": (
        (100 * 256 + 256) + 2 * 256 + (256 * 512 + 512) + 2 * 512 + (512 * 784 + 784),
        (784 * 512 + 512) + (512 * 256 + 256) + (256 + 1),
    ),
    "dcgan_fashion": (
        (100 * 6272 + 6272) + 2 * 128 + (128 * 128 * 9 + 128) + 2 * 128
        + (128 * 64 * 9 + 64) + 2 * 64 + (64 * 9 + 1),
        (64 * 16 + 64) + (64 * 128 * 16 + 128) + 2 * 128 + (128 * 256 * 16 + 256) + 2 * 256
        + (256 * 16 + 1),
    ),
    "dcgan_anime96": (
        3_576_512 + 2 * (512 + 256 + 128 + 64),
        3 * 64 * 25 + 16 * (64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512),
    ),
    "wgan_clip": (
        (100 * 1024 + 1024) + 2 * 1024 + (1024 * 6272 + 6272) + 2 * 6272
        + (128 * 64 * 16 + 64) + 2 * 64 + (64 * 16 + 1),
        (32 * 25 + 32) + (32 * 64 * 25 + 64) + (1024 * 1024 + 1024) + (1024 + 1),
    ),
}  # fmt: skip
SETTINGS: dict[
    str, tuple[int, int, int, type, dict[str, Any]]
] = {  # batch, epochs, D steps, optimizer, its options
    "mlp_gan": (64, 20, 1, torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "dcgan_fashion": (64, 20, 1, torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "dcgan_anime96": (512, 20, 1, torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "wgan_clip": (64, 25, 5, torch.optim.RMSprop, {"lr": 5e-5}),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_built_ins_are_those_of_the_reports(name: str) -> None:
    architecture = registry.load_architecture(name).value
    networks = architecture.generator(), architecture.discriminator()
    assert tuple(map(count_parameters, networks)) == PARAMETERS[name]
    batch, epochs, d_steps, kind, options = SETTINGS[name]
    defaults = architecture.defaults
    found = (defaults.batch_size, defaults.epochs, defaults.discriminator_steps)
    assert found == (batch, epochs, d_steps)
    for optimizer in architecture.optimizers(*networks):
        assert isinstance(optimizer, kind)
        assert options.items() <= optimizer.param_groups[0].items()


def test_anime96_grows_as_described() -> None:
    from ganzoo.show import describe_networks

    networks = describe_networks(registry.load_architecture("dcgan_anime96").value)
    up = [x.output_shape for x in networks["generator"][1] if x.kind == "ConvTranspose2d"]
    assert [shape[1] for shape in up] == [4, 8, 16, 32, 96]
    down = [x.output_shape for x in networks["discriminator"][1] if x.kind == "Conv2d"]
    assert [shape[1] for shape in down] == [32, 16, 8, 4, 1]


def test_batch_norms_have_the_reports_epsilons() -> None:
    def epsilons(name: str) -> list[float]:
        generator = registry.load_architecture(name).value.generator()
        return [
            m.eps
            for m in generator.modules()
            if isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)
        ]

    assert epsilons("mlp_gan") == [0.8, 0.8]
    assert epsilons("dcgan_fashion") == [1e-5, 0.8, 0.8]
    assert epsilons("dcgan_anime96") == [1e-5] * 4


def test_the_critics_weights_are_clipped_after_each_step() -> None:
    architecture = registry.load_architecture("wgan_clip", {"width": 4, "hidden": 16}).value
    _, state = run(architecture, max_steps=1)
    largest = max(float(p.detach().abs().max()) for p in state.discriminator.parameters())
    assert largest == pytest.approx(0.01)
