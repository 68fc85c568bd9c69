"""Conformance: every check fails on a plugin that breaks what it checks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import Architecture, Dataset, Objective
from ganzoo.conformance import architectures, datasets
from ganzoo.conformance.architectures import building, determinism
from ganzoo.conformance.mistakes import latents_used
from ganzoo.errors import GanzooError, PluginError
from ganzoo.zoo import registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.registry import Loaded

ENTRY = Entry("architecture", "odd", "odd-gan", "1.2", "odd:odd")
Build = Callable[[], nn.Module]
counter = itertools.count(1)


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


def before(
    network: Callable[[], nn.Module], change: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[], nn.Module]:
    """The network of a function of what it is given."""

    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.network(change(x))
            return y

    return First


class Several(nn.Module):
    """A network that returns a tuple, in training only or always."""

    def __init__(self, network: nn.Module, always: bool = False) -> None:
        super().__init__()
        self.network, self.always = network, always

    def forward(self, x: torch.Tensor) -> Any:
        y = self.network(x)
        return (y, y) if self.training or self.always else y


class Counting(nn.Module):
    """A generator whose state has a dictionary in it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.calls = network, 0

    def get_extra_state(self) -> dict[str, int]:
        return {"calls": self.calls}

    def set_extra_state(self, state: dict[str, int]) -> None:
        self.calls = state["calls"]

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        images: torch.Tensor = self.network(z)
        return images


def noisy(images: torch.Tensor) -> torch.Tensor:
    return images * torch.rand(1)


def after_init(network: Build) -> Build:
    """The network with all its weights the same, whatever the seed."""

    def build() -> nn.Module:
        built: nn.Module = network()
        for parameter in built.parameters():
            nn.init.constant_(parameter, 0.01)
        return built

    return build


def frozen_generator(gan: Architecture) -> Objective:
    return replace(gan.objective, generator_loss=lambda D, real, fake: 0 * fake.sum())


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


def initialised(gan: Architecture, draw: Callable[[torch.Tensor], object]) -> Build:
    """The generator, with `draw` applied to its first weights."""

    def build() -> nn.Module:
        network = gan.generator()
        draw(next(network.parameters()).data)
        return network

    return build


def half(gan: Architecture) -> Any:
    """Optimizers that train one tensor of each network."""
    return lambda G, D: tuple(torch.optim.Adam([next(n.parameters())]) for n in (G, D))


BREAK: list[tuple[str, Callable[[Architecture], dict[str, Any]], str]] = [
    ("contract", lambda g: {"dataset": "toy_garmets"}, "did you mean 'toy_garments'?"),
    ("contract", lambda g: {"optimizers": half(g)}, "the optimizer of G leaves 5 of 6 tensors out"),
    ("contract", lambda g: {"optimizers": lambda G, D: (1, 2)}, "of G is not torch's"),
    (
        "building",
        lambda g: {"generator": initialised(g, lambda w: torch.manual_seed(3))},
        "calls torch.manual_seed",
    ),
    (
        "building",
        lambda g: {"generator": initialised(g, lambda w: w.mul_(next(counter)))},
        "two networks of one seed differ",
    ),
    (
        "building",
        lambda g: {"generator": after_init(g.generator)},
        "do not depend on the seed",
    ),
    (
        "building",
        lambda g: {"generator": initialised(g, lambda w: random.random())},
        "building the networks changes Python's random state",
    ),
    (
        "building",
        lambda g: {"generator": initialised(g, lambda w: print("hello"))},
        "building the networks prints to standard output",
    ),
    (
        "one_step",
        lambda g: {"optimizers": lambda G, D: (limit_threads(), g.optimizers(G, D))[1]},
        "a training step changes torch's number of threads",
    ),
    (
        "one_step",
        lambda g: {"objective": objective(g, lambda x: told(x, torch.manual_seed(3)))},
        "calls torch.manual_seed",
    ),
    (
        "one_step",
        lambda g: {"after_discriminator_step": lambda D: None, "objective": frozen_generator(g)},
        "the generator did not change",
    ),
    (
        "shapes",
        lambda g: {"discriminator": after(g.discriminator, torch.Tensor.double)},
        "scores are torch.float64",
    ),
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
    ("value_range", lambda g: {"generator": after(g.generator, torch.atanh)}, r"images\.clamp"),
    ("value_range", lambda g: {"generator": after(g.generator, lambda x: 0 * x)}, "same image"),
    *(
        (check, lambda g: {"generator": lambda: Several(g.generator())}, "returns a tuple, not one")
        for check in ("shapes", "one_step")
    ),
    (
        "shapes",
        lambda g: {"discriminator": lambda: Several(g.discriminator())},
        r"let a loss ask for the rest by another method, .* D.network.more\(images\)",
    ),
    (
        "contract",
        lambda g: {"discriminator": lambda: Several(g.discriminator(), always=True)},
        "a network returns a tuple",
    ),
    (
        "checkpoint",
        lambda g: {"generator": lambda: Counting(g.generator())},
        "has a '_extra_state' that is no tensor: keep a buffer",
    ),
    (
        "latents_used",
        lambda g: {"generator": before(g.generator, torch.zeros_like)},
        "an image does not depend on z",
    ),
    (
        "images_alone",
        lambda g: {"generator": after(g.generator, lambda x: x - x.mean(0) + len(x) / 100)},
        "with the batch it is drawn in",
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
    (
        "devices",
        lambda g: {"generator": after(g.generator, lambda x: x + 0 * torch.heaviside(x, x))},
        "heaviside has no MPS kernel",
    ),
    ("export", lambda g: {"generator": after(g.generator, noisy)}, "RandomUniformLike"),
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


def test_a_choice_by_the_largest_coordinate_is_a_use_of_it(gan: Architecture) -> None:
    """It has no gradient, as InfoGAN's category has none."""

    def chosen(z: torch.Tensor) -> torch.Tensor:
        kinds = nn.functional.one_hot(z[:, :10].argmax(1), 10).to(z)
        return torch.cat([kinds, z[:, 10:]], 1)

    choosing = replace(gan, generator=before(gan.generator, chosen))
    assert "all 100 coordinates" in latents_used(Loaded(ENTRY, {}, choosing))


def test_extra_state_that_is_no_tensor_spoils_no_other_check(gan: Architecture) -> None:
    counting = replace(gan, generator=lambda: Counting(gan.generator()))
    for check in (building, determinism):
        assert check(Loaded(ENTRY, {}, counting))


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
        (
            "labels",
            Dataset(images=np.zeros((3, 16, 16), np.uint8), labels=np.zeros(3, int)),
            "one class",
        ),
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
