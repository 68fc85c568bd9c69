"""In which mode the networks are: training mode in a step, evaluation mode for all who look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.errors import PluginError
from ganzoo.train.events import CheckpointDue, EpochEnded, Event, Finished, Logged, Started, Stepped
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.zoo import registry

CPU = torch.device("cpu")
CONFIG = TrainConfig(batch_size=4, epochs=2, log_every=2, ema=0.9)
KINDS = [Started, Stepped, Logged, EpochEnded, CheckpointDue, Finished]


class Noting(nn.Module):
    """Passes its input on, and notes in which mode it was called."""

    def __init__(self, modes: list[bool]) -> None:
        super().__init__()
        self.modes = modes

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        return x


class Frozen(nn.BatchNorm1d):
    """A batch norm that keeps to the statistics that it has."""

    def train(self, mode: bool = True) -> Frozen:
        return super().train(False)


class Guarding(nn.Module):
    """A network that keeps its part frozen, in both modes."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.frozen, self.inner = nn.BatchNorm1d(100), inner

    def train(self, mode: bool = True) -> Guarding:
        super().train(mode)
        self.frozen.eval()
        return self

    def forward(self, z: Tensor) -> Tensor:
        made: Tensor = self.inner(self.frozen(z))
        return made


@pytest.fixture
def gan() -> Architecture:
    """With batch norm in the generator and dropout in both networks."""
    plain = registry.load_architecture("mlp_gan", {"hidden": (16, 32)}).value
    return replace(
        plain,
        generator=lambda: nn.Sequential(plain.generator(), nn.Dropout(0.2)),
        discriminator=lambda: nn.Sequential(nn.Dropout(0.2), plain.discriminator()),
    )


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (10, 28, 28, 1), np.uint8)


def networks(state: TrainState) -> list[nn.Module]:
    assert state.average is not None
    return [state.generator, state.discriminator, state.average]


def weights(state: TrainState) -> Tensor:
    tensors = [t for network in networks(state) for t in network.state_dict().values()]
    return torch.cat([tensor.double().flatten() for tensor in tensors])


@torch.no_grad()
def assert_evaluated(state: TrainState) -> None:
    """An image does not depend on its batch, and nothing is dropped: what is called says so."""
    z = torch.randn(8, 100, generator=torch.Generator().manual_seed(0))
    for generator in (state.generator, state.shown):
        images = generator(z)
        torch.testing.assert_close(generator(z[:1]), images[:1], rtol=0, atol=1e-5)
        assert torch.equal(state.discriminator(images), state.discriminator(images))


def test_at_every_event_all_networks_are_in_evaluation_mode(
    gan: Architecture, pixels: NDArray[np.uint8]
) -> None:
    kinds = set()
    for event in fit(gan, pixels, CONFIG):
        assert_evaluated(event.state)
        kinds.add(type(event))
    assert_evaluated(event.state)
    assert kinds == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_so_they_are_for_whoever_stops_iterating(
    gan: Architecture, pixels: NDArray[np.uint8], kind: type[Event]
) -> None:
    events = fit(gan, pixels, CONFIG)
    event = next(event for event in events if type(event) is kind)
    events.close()  # type: ignore[attr-defined]
    assert_evaluated(event.state)


def test_so_they_are_after_a_step_that_failed(gan: Architecture, pixels: NDArray[np.uint8]) -> None:
    def fails(D: object, real: Tensor, fake: Tensor) -> Tensor:
        raise ValueError("no")

    events = fit(
        replace(gan, objective=replace(gan.objective, generator_loss=fails)), pixels, CONFIG
    )
    state = next(events).state
    with pytest.raises(PluginError, match="step 1 fails: ValueError: no"):
        next(events)
    assert_evaluated(state)


@pytest.mark.parametrize("meddle", [nn.Module.train, nn.Module.eval])
def test_a_consumer_may_switch_modes_and_nothing_of_the_training_changes(
    gan: Architecture, pixels: NDArray[np.uint8], meddle: Callable[[nn.Module], object]
) -> None:
    *_, last = fit(gan, pixels, CONFIG)
    for event in fit(gan, pixels, CONFIG):
        if isinstance(event, Stepped):  # whatever was done at the events of the step before
            assert_evaluated(event.state)
        for network in networks(event.state):
            meddle(network)
    assert torch.equal(weights(event.state), weights(last.state))


def test_a_step_alone_trains_in_training_mode(gan: Architecture, pixels: NDArray[np.uint8]) -> None:
    modes: list[bool] = []
    generator, discriminator = gan.generator, gan.discriminator
    gan = replace(
        gan,
        generator=lambda: nn.Sequential(generator(), Noting(modes)),
        discriminator=lambda: nn.Sequential(discriminator(), Noting(modes)),
    )
    state = TrainState.fresh(gan, CONFIG, CPU)
    stepper = Stepper(gan, state, CONFIG, CPU)
    assert_evaluated(state)
    modes.clear()
    stepper(torch.zeros(4, 1, 28, 28))
    assert set(modes) == {True}
    assert_evaluated(state)


def test_a_module_that_keeps_itself_in_evaluation_mode_stays_in_it(
    gan: Architecture, pixels: NDArray[np.uint8]
) -> None:
    modes: list[bool] = []
    inner = gan.generator
    ways: list[Callable[[], nn.Module]] = [
        lambda: nn.Sequential(Frozen(100), inner(), Noting(modes)),
        lambda: Guarding(nn.Sequential(inner(), Noting(modes))),
    ]
    for generator in ways:
        events = fit(replace(gan, generator=generator), pixels, CONFIG)
        state = next(events).state
        modes.clear()
        assert isinstance(next(events), Stepped)
        assert set(modes) == {True}
        assert_evaluated(state)
        norms = [m for m in state.generator.modules() if isinstance(m, nn.BatchNorm1d)]
        counts = [int(m.num_batches_tracked or 0) for m in norms]
        assert counts[0] == 0  # the frozen one
        assert min(counts[1:]) > 0
