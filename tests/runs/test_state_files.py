"""A state that is saved and restored goes on in the same bits, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.errors import ModelFileError, PluginError
from ganzoo.optimizers import rmsprop
from ganzoo.runs.state_files import restore, to_files
from ganzoo.train.batches import Batches
from ganzoo.train.events import CheckpointDue, Logged
from ganzoo.train.loop import fit
from ganzoo.train.schedule import Every
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.zoo import registry

CPU = torch.device("cpu")
CONFIG = TrainConfig(batch_size=4, epochs=4, log_every=5, ema=0.9)
GANS: dict[str, dict[str, Any]] = {
    "mlp_gan": {"hidden": (8, 8)},
    "mlp_gan_dropout": {"hidden": (8, 8)},
    "dcgan_fashion": {"width": 2},
    "wgan_clip": {"width": 2},
}
Files = dict[str, bytes]
Numbers = dict[str, Any]


def gan(name: str) -> Architecture:
    return registry.load_architecture(name, GANS[name]).value


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (22, 28, 28, 1), np.uint8)


def everything(state: TrainState) -> Numbers:
    loaded = registry.load_architecture("mlp_gan")  # of which the files only tell the name
    files = to_files(state, loaded, "none")
    return {name: b"".join(pieces) for name, pieces in files.items()}


def trained(architecture: Architecture, state: TrainState | None, break_after: int | None) -> Any:
    """The files at a break, or at the end; and what was logged until then."""
    logged = []
    files: Files = {}
    events = fit(architecture, pixels(), CONFIG, state=state, save_every=Every(1, "steps"))
    for event in events:
        if isinstance(event, Logged):
            logged.append((event.state.step, event.metrics))
        if isinstance(event, CheckpointDue) and event.state.step == break_after:
            return everything(event.state), logged
    files = everything(event.state)
    return files, logged


def fresh(architecture: Architecture) -> TrainState:
    """As a new process makes it: without the run's weights, were its seed another."""
    state = TrainState.fresh(architecture, CONFIG, CPU)
    for network in (state.generator, state.discriminator, state.average):
        assert network
        for tensor in network.state_dict().values():
            tensor.zero_()
    return state


@pytest.mark.parametrize(
    ("name", "breaks"),
    [("mlp_gan", (1,)), ("mlp_gan", (5, 6)), *((n, (2, 7, 11, 21)) for n in GANS)],
)
def test_with_breaks_it_ends_in_the_same_bits(name: str, breaks: tuple[int, ...]) -> None:
    """In the middle of an epoch, of a window of metrics, after a resume, just before the end."""
    architecture = gan(name)
    expected = trained(architecture, None, None)
    state, logged = None, []
    for end in (*breaks, None):
        files, lines = trained(architecture, state, end)
        logged += lines
        if end:
            state = fresh(architecture)
            restore(state, files, end)
    assert (files, logged) == expected


def weights(state: TrainState) -> list[Tensor]:
    assert state.average
    networks = (state.generator, state.discriminator, state.average)
    return [tensor.clone() for network in networks for tensor in network.state_dict().values()]


def continued(
    forget: Callable[[TrainState], object] = lambda state: None,
    stream: int = CONFIG.seed,
    order: int = CONFIG.seed,
    skipped: int = 0,
) -> list[Tensor]:
    """Weights after five steps behind a break, of which something was not restored."""
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 7)
    state = fresh(architecture)
    restore(state, files)
    forget(state)
    stepper = Stepper(architecture, state, replace(CONFIG, seed=stream), CPU)
    batches = Batches(pixels(), architecture.image_range, CPU, order)
    for _ in range(5):
        stepper(batches.at(state.samples_seen + skipped, CONFIG.batch_size))
    return weights(state)


def other_average(state: TrainState) -> None:
    assert state.average
    state.average.load_state_dict(state.generator.state_dict())


@pytest.mark.parametrize(
    "change",
    [
        {"forget": lambda state: state.generator_optimizer.state.clear()},
        {"forget": lambda state: state.discriminator_optimizer.state.clear()},
        {"forget": other_average},
        {"stream": 1},
        {"order": 1},
        {"skipped": -CONFIG.batch_size},
    ],
)
def test_what_is_not_restored_is_noticed(change: dict[str, Any]) -> None:
    """The test above could fail: each part of the state decides what the weights become."""
    files, _ = trained(gan("mlp_gan"), None, 12)
    expected = fresh(gan("mlp_gan"))
    restore(expected, files)
    pairs = list(zip(weights(expected), continued(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    pairs = list(zip(weights(expected), continued(**change), strict=True))
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_metrics_that_were_not_reported_are_part_of_the_state() -> None:
    files, _ = trained(gan("mlp_gan"), None, 7)
    state = fresh(gan("mlp_gan"))
    restore(state, files)
    assert {step for step, _ in state.metrics.known["loss_g"]} == {7}


def damaged(files: Files, name: str, change: Callable[[dict[str, Tensor]], object]) -> Files:
    tensors = load(files[name])
    change(tensors)
    return files | {name: save(tensors)}


def wider(tensors: dict[str, Tensor]) -> None:
    name = next(n for n in tensors if n.endswith((".exp_avg", "0.weight")))
    tensors[name] = torch.zeros(tensors[name].shape[0] + 1, *tensors[name].shape[1:])


@pytest.mark.parametrize("name", ["model.safetensors", "ema.safetensors", "optim.safetensors"])
@pytest.mark.parametrize("change", [wider, lambda tensors: tensors.pop(min(tensors))])
def test_files_that_do_not_fit_are_refused(
    name: str, change: Callable[[dict[str, Tensor]], object]
) -> None:
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 3)
    with pytest.raises(ModelFileError, match=r"does not fit|has shape|lacks"):
        restore(fresh(architecture), damaged(files, name, change))


@pytest.mark.parametrize("missing", ["model.safetensors", "optim.safetensors", "ema.safetensors"])
def test_a_file_that_is_missing_is_named(missing: str) -> None:
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 3)
    del files[missing]
    with pytest.raises(ModelFileError, match=f"it lacks '{missing}'"):
        restore(fresh(architecture), files)


def test_a_checkpoint_under_another_ones_name_is_refused() -> None:
    files, _ = trained(gan("mlp_gan"), None, 3)
    with pytest.raises(ModelFileError, match="it is of step 3"):
        restore(fresh(gan("mlp_gan")), files, 4)


def test_an_optimizer_with_a_list_is_refused_before_anything_is_lost() -> None:
    state = TrainState.fresh(gan("mlp_gan"), CONFIG, CPU)
    parameter = next(state.generator.parameters())
    state.generator_optimizer.state[parameter] = {"history": [1, 2]}
    with pytest.raises(PluginError, match="keeps a list in 'history'"):
        everything(state)


def test_an_optimizer_of_strange_parameters_is_refused() -> None:
    state = TrainState.fresh(gan("mlp_gan"), CONFIG, CPU)
    stranger = nn.Parameter(torch.zeros(1))
    state.generator_optimizer = rmsprop()(nn.ParameterList([stranger]), state.discriminator)[0]
    with pytest.raises(PluginError, match="parameters of neither network"):
        everything(state)


class Counting(torch.optim.SGD):
    """With attributes, and numbers that are not of its parameters' type."""

    def __init__(self, parameters: Any, rate: float) -> None:
        super().__init__(parameters, lr=rate)
        self.scale = 0.5

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                of = self.state[p]
                of["sum"] = of.get("sum", torch.zeros_like(p, dtype=torch.float64)) + p.grad
                of["count"] = of.get("count", torch.zeros((), dtype=torch.int64)) + 1
                of["plain"] = of.get("plain", 0) + 1
                p.data -= group["lr"] * self.scale * (of["sum"] / of["count"]).to(p.dtype)


def test_an_optimizer_with_numbers_of_its_own_goes_on_exactly() -> None:
    architecture = replace(
        gan("mlp_gan"),
        optimizers=lambda g, d: (Counting(g.parameters(), 0.1), Counting(d.parameters(), 0.1)),
    )
    files, first = trained(architecture, None, 7)
    state = fresh(architecture)
    restore(state, files)
    files, second = trained(architecture, state, None)
    assert (files, first + second) == trained(architecture, None, None)


def test_restoring_is_no_step_that_hooks_of_an_optimizer_see() -> None:
    """They may count steps, and would be one ahead after each break."""
    architecture = gan("mlp_gan")
    files, _ = trained(architecture, None, 7)
    state, seen = fresh(architecture), list[str]()
    state.generator_optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    state.generator_optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    restore(state, files)
    assert seen == []
