"""How values flow: what takes what is found by running a network, whatever Python is in it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.draw.network.steps import Flow, Step
from ganzoo.train.networks import describe_networks
from ganzoo.train.tracing import flow, flows
from ganzoo.zoo import catalogue, registry

UNUSED = {
    ("acgan_fashion", "discriminator"): ("classes",),
    ("fastgan", "discriminator"): ("whole", "quarter"),
}
"""Modules that do not run where an image is scored: a classifier, and decoders."""


def traced(network: nn.Module, *shape: int) -> Flow:
    return flow(network, "generator", {"x": torch.zeros(2, *shape)}, "y")


def edges(found: Flow) -> list[tuple[str, list[str]]]:
    """Each step in words, with those that it takes."""
    return [(step.words, [found.steps[t].words for t in step.takes]) for step in found.steps]


class Residual(nn.Module):
    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = x + 0.1 * self.branch(x)
        return made


def test_a_residual_block_is_no_chain() -> None:
    assert edges(traced(Residual(nn.Linear(3, 3)), 3)) == [
        ("x", []),
        ("Linear 3→3", ["x"]),
        ("× 0.1", ["Linear 3→3"]),
        ("+", ["x", "× 0.1"]),
        ("y", ["+"]),
    ]


def test_a_relu_in_place_changes_what_goes_past_it() -> None:
    block = Residual(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 3)))
    found = edges(traced(nn.Sequential(nn.Linear(3, 3), block), 3))
    assert found[-2] == ("+", ["ReLU", "× 0.1"])


class Styled(nn.Module):
    """Weights as values, a layer that is used twice, one that is not, and functions of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.zeros(4, 2, 2))
        self.gain = nn.Parameter(torch.ones(4))
        self.conv = spectral_norm(nn.Conv2d(4, 4, 3, padding=1))
        self.head = nn.Linear(4, 10)
        self.style = nn.Linear(3, 4)

    def forward(self, z: Tensor) -> Tensor:
        x = self.conv(self.constant.expand(len(z), -1, -1, -1))
        x = self.conv(F.leaky_relu(x, 0.3) * self.style(z)[:, :, None, None])
        return torch.cat([x.sum((2, 3)) * self.gain, z], 1)


def test_weights_twice_and_never() -> None:
    found = traced(Styled(), 3)
    assert edges(found) == [
        ("x", []),
        ("constant", []),
        ("Conv2d 4→4, 3×3, spectral norm", ["constant"]),
        ("LeakyReLU 0.3", ["Conv2d 4→4, 3×3, spectral norm"]),
        ("Linear 3→4", ["x"]),
        ("×", ["LeakyReLU 0.3", "Linear 3→4"]),
        ("Conv2d 4→4, 3×3, spectral norm (again)", ["×"]),
        ("sum", ["Conv2d 4→4, 3×3, spectral norm (again)"]),
        ("× gain", ["sum"]),
        ("concat", ["× gain", "x"]),
        ("y", ["concat"]),
    ]
    counts = {step.words: step.parameters for step in found.steps if step.parameters}
    assert counts == {
        "constant": 16,
        "Conv2d 4→4, 3×3, spectral norm": 4 * 4 * 9 + 4,
        "Linear 3→4": 16,
        "× gain": 4,
    }
    assert (found.parameters, found.unused) == (sum(counts.values()) + 50, ("head",))
    assert found.steps[2].shape == (4, 2, 2)
    assert "n_power_iterations" not in found.steps[2].details


class Elsewhere(nn.Module):
    """A network that leaves torch on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.last = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.act(self.first(x)).numpy()
        made: Tensor = self.last(torch.from_numpy(np.tanh(hidden)))
        return made


def test_where_only_the_order_is_known_it_says_so() -> None:
    found = traced(Elsewhere(), 3)
    assert not found.known
    assert [words for words, _ in edges(found)] == ["x", "Linear 3→4", "ReLU", "Linear 4→5", "y"]
    assert [step.takes for step in found.steps] == [(), (0,), (1,), (2,), (3,)]


class Two(nn.Module):
    """Two layers, put together by a function."""

    def __init__(self, how: Callable[[nn.Module, nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.how = nn.Linear(3, 3), nn.Linear(3, 3), how
        self.register_buffer("last", torch.zeros(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.how(self.a, self.b, x)


def through_a_buffer(a: nn.Module, b: nn.Module, x: Tensor, kept: Tensor) -> Tensor:
    kept.copy_(a(x))
    made: Tensor = b(x) + kept
    return made


ELSEWHERE: dict[str, Callable[[Any, Any, Tensor], Tensor]] = {
    "numpy": lambda a, b, x: a(x) + torch.from_numpy(b(x).numpy()),
    "numpy beside what is known": lambda a, b, x: b(h := a(x)) + torch.from_numpy(h.numpy()),
    "a list": lambda a, b, x: a(x) + torch.tensor(b(x).tolist()),
    "a number": lambda a, b, x: a(x) * b(x).mean().item(),
    "vmap": lambda a, b, x: a(x) + torch.func.vmap(b)(x),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_branch_that_leaves_torch_is_not_dropped(name: str) -> None:
    """The graph would look whole without it."""
    found = traced(Two(ELSEWHERE[name]), 3)
    assert not found.known
    assert [words for words, _ in edges(found)] == ["x", "Linear 3→3", "Linear 3→3", "y"]
    assert found.unused == ()


def test_what_goes_through_a_buffer_is_not_known() -> None:
    network = Two(lambda a, b, x: x)
    network.how = lambda a, b, x: through_a_buffer(a, b, x, network.get_buffer("last"))
    assert not traced(network, 3).known


def test_compiled_parts_are_not_said_to_be_unused() -> None:
    network = Two(lambda a, b, x: b(a(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit.trace is old
        network.add_module("b", torch.jit.script(nn.Linear(3, 3)))
    found = traced(network, 3)
    assert not found.known
    assert found.unused == ("b",)


def in_a_view(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
    made: Tensor = a(x)
    made.view(2, 3).add_(b(x))
    return made


def test_a_change_of_a_view_changes_what_it_views() -> None:
    assert edges(traced(Two(in_a_view), 3))[-2:] == [
        ("+", ["Linear 3→3", "Linear 3→3"]),
        ("y", ["+"]),
    ]


def chosen(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
    made: Tensor = b.get_parameter("weight")[a(x).argmax(1)] + b.get_parameter("bias")
    return made


def test_weights_are_counted_where_their_layer_does_not_run_itself() -> None:
    for how in (
        lambda a, b, x: F.linear(a(x), b.weight, b.bias),
        lambda a, b, x: b.forward(a(x)),
        lambda a, b, x: torch.func.functional_call(b, {"bias": b.bias * 2}, a(x)),
    ):
        found = traced(Two(how), 3)
        assert sum(step.parameters for step in found.steps) == found.parameters == 24
        assert (found.known, found.unused) == (True, ())
    found = traced(Two(chosen), 3)
    assert [words for words, _ in edges(found)] == [
        "x", "Linear 3→3", "argmax", "select weights of b", "+ weights of b", "y",
    ]  # fmt: skip


def test_what_ran_for_nothing_is_named() -> None:
    found = traced(Two(lambda a, b, x: (b(x), a(x))[1]), 3)
    assert (found.known, found.unused, len(found.steps)) == (True, ("b",), 3)


def test_weights_that_two_layers_share_count_once() -> None:
    network = Two(lambda a, b, x: b(a(x)))
    network.b.weight = network.a.weight
    found = traced(network, 3)
    assert [step.parameters for step in found.steps] == [0, 12, 3, 0]
    assert found.parameters == 15


def test_the_mode_and_the_network_stay_as_they_are() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    traced(network, 3)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network[0]._forward_hooks
    assert not network[0]._forward_pre_hooks


@pytest.mark.parametrize("name", [entry.name for entry in catalogue.architectures()])
def test_every_architecture_is_understood(name: str) -> None:
    """All leads from the input to the output, and every parameter is counted once."""
    architecture = registry.load_architecture(name).value
    described = describe_networks(architecture)
    for found in flows(architecture, {k: network for k, (network, _) in described.items()}):
        assert found.known
        assert found.steps[-1].words in {"image", "logit", "score"}
        assert all(t < n for n, step in enumerate(found.steps) for t in step.takes)
        used = sum(step.parameters for step in found.steps)
        assert (used == found.parameters) == (not found.unused)
        assert found.unused == UNUSED.get((name, found.name), ())
        assert _layers(found.steps) == [
            layer.kind for layer in described[found.name][1] if layer.kind in {"Linear", "Conv2d"}
        ]


def _layers(steps: tuple[Step, ...]) -> list[str]:
    return [s.words.split()[0] for s in steps if s.words.split()[0] in {"Linear", "Conv2d"}]
