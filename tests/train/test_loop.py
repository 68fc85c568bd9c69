"""The loop: its events, the order of the data, and that it is plain GAN training."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganzoo import Architecture, Objective, TrainConfig
from ganzoo.errors import DivergedError, PluginError, SettingError
from ganzoo.train.batches import Batches
from ganzoo.train.events import CheckpointDue, Finished, Logged, Started, Stepped
from ganzoo.train.loop import fit
from ganzoo.train.schedule import EACH_EPOCH, Every
from ganzoo.train.state import TrainState
from ganzoo.train.world import World
from ganzoo.zoo import registry

CPU = torch.device("cpu")


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), np.uint8)


def numbered(count: int) -> NDArray[np.uint8]:
    """Images that are told apart by their value."""
    return np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1).repeat(28, 1).repeat(28, 2)


def test_every_epoch_uses_every_image_once_in_another_order() -> None:
    batches = Batches(numbered(20), (0.0, 255.0), CPU, seed=3)
    seen = batches.at(0, 60)[:, 0, 0, 0].int().tolist()
    epochs = [seen[0:20], seen[20:40], seen[40:60]]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    other = Batches(numbered(20), (0.0, 255.0), CPU, seed=4)
    assert other.at(0, 20)[:, 0, 0, 0].int().tolist() != epochs[0]


def test_an_image_of_the_run_depends_on_its_number_alone() -> None:
    batches = Batches(numbered(20), (0.0, 255.0), CPU, seed=3)
    whole = batches.at(0, 60)
    fresh = Batches(numbered(20), (0.0, 255.0), CPU, seed=3)
    for start, count in ((55, 5), (17, 9), (0, 60), (19, 1)):  # any order, over epochs' ends
        assert torch.equal(fresh.at(start, count), whole[start : start + count])


def test_pixels_are_scaled_to_the_range() -> None:
    values = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        batch = Batches(values, (low, high), CPU, seed=0).at(0, 2)
        assert batch.shape == (2, 1, 1, 1)
        assert sorted(batch.flatten().tolist()) == pytest.approx([low, high])


def test_labels_stay_with_their_images() -> None:
    pixels = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    batches = Batches(pixels, (0.0, 255.0), torch.device("cpu"), 0, np.arange(10))
    for start in range(0, 40, 7):  # across epochs
        labels = batches.labels_at(start, 7)
        assert labels is not None
        assert labels.tolist() == batches.at(start, 7).flatten().tolist()


def test_a_batch_may_be_larger_than_the_data() -> None:
    batch = Batches(numbered(3), (0.0, 255.0), CPU, seed=0).at(0, 9)
    assert sorted(batch[:, 0, 0, 0].int().tolist()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_the_events_of_a_run(architecture: Architecture, pixels: NDArray[np.uint8]) -> None:
    config = TrainConfig(epochs=2, batch_size=8, log_every=2)
    story = [
        (type(e).__name__, e.state.step, e.epoch, e.steps)
        for e in fit(architecture, pixels, config)
    ]
    assert story == [
        ("Started", 0, 0, 5),
        ("Stepped", 1, 0, 5),
        ("Stepped", 2, 0, 5),
        ("Logged", 2, 0, 5),
        ("Stepped", 3, 1, 5),
        ("Logged", 3, 1, 5),
        ("EpochEnded", 3, 1, 5),
        ("CheckpointDue", 3, 1, 5),
        ("Stepped", 4, 1, 5),
        ("Logged", 4, 1, 5),
        ("Stepped", 5, 2, 5),
        ("Logged", 5, 2, 5),
        ("EpochEnded", 5, 2, 5),
        ("CheckpointDue", 5, 2, 5),
        ("Finished", 5, 2, 5),
    ]


def test_stop_ends_the_run_in_good_order(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    answers = itertools.chain([False], itertools.repeat(True))
    events = list(fit(architecture, pixels, TrainConfig(batch_size=4), stop=lambda: next(answers)))
    assert [type(e) for e in events] == [Started, Stepped, Stepped, CheckpointDue, Finished]
    assert events[-1] == Finished(events[-1].state, 0, events[-1].steps, "stopped", mid_epoch=True)
    assert events[-1].state.step == 2


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_speed_leaves_out_what_is_done_at_other_events_than_steps(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    """Steps take a second each here, which only passes when they are told of."""
    clock, rates = Clock(), []
    config = TrainConfig(epochs=2, batch_size=8, log_every=2)
    often = Every(1, "steps")
    for event in fit(architecture, pixels, config, clock=clock, save_every=often, eval_every=often):
        clock.now += 1 if isinstance(event, Stepped) else 3600  # to draw, judge, save, print
        if isinstance(event, Logged):
            rates.append((event.state.step, event.images_per_second))
    assert rates == [(2, 8.0), (3, 8.0), (4, 8.0), (5, 8.0)]


def test_minutes_are_counted_from_when_the_last_checkpoint_was_saved(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    """With steps of four minutes: after ten, one is due at every third step."""
    clock, due = Clock(), []
    config = TrainConfig(epochs=4, batch_size=8, log_every=2)
    for event in fit(architecture, pixels, config, clock=clock, save_every=Every(10, "minutes")):
        if isinstance(event, Stepped):
            clock.now += 240
        if isinstance(event, Started | CheckpointDue):
            clock.now += 3600
            due.append((event.state.step, getattr(event, "last", None)))
    assert due == [(0, None), (3, False), (6, False), (9, False), (10, True)]


@dataclass(frozen=True)
class Company(World):
    """A world in which other processes say (stop, late) after a step, each time the next."""

    others: Iterator[tuple[bool, bool]] = field(default_factory=lambda: iter([]))

    def agree(self, *flags: bool) -> list[bool]:
        return [ours or other for ours, other in zip(flags, next(self.others), strict=True)]


@pytest.mark.parametrize("every", [EACH_EPOCH, Every(60, "minutes")])
def test_what_one_process_says_all_do(
    architecture: Architecture, pixels: NDArray[np.uint8], every: Every
) -> None:
    """One is late after its second step, and told to stop after its fourth."""
    said = [(False, False), (False, True), (False, False), (True, False)]
    world, saved = Company(others=iter(said)), []
    config = TrainConfig(batch_size=4)
    for event in fit(architecture, pixels, config, world=world, save_every=every):
        if isinstance(event, CheckpointDue):
            saved.append((event.state.step, event.last))
    assert saved == [(2, False), (4, True)]
    assert isinstance(event, Finished)
    assert event.outcome == "stopped"


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (Every(4, "steps"), [4, 8, 10]),
        (Every(1, "epochs"), [3, 5, 8, 10]),
        (Every(3, "epochs"), [8, 10]),
    ],
)
def test_a_checkpoint_when_it_is_due(
    architecture: Architecture, pixels: NDArray[np.uint8], every: Every, steps: list[int]
) -> None:
    """Epochs of two and a half batches."""
    events = fit(architecture, pixels, TrainConfig(batch_size=8, epochs=4), save_every=every)
    assert [e.state.step for e in events if isinstance(e, CheckpointDue)] == steps


def test_divergence_is_an_error_that_names_the_loss(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    objective = replace(
        architecture.objective, generator_loss=lambda D, real, fake: D(fake).mean() * float("nan")
    )
    broken = replace(architecture, objective=objective)
    with pytest.raises(DivergedError, match="the generator's loss is nan at step 1"):
        list(fit(broken, pixels, TrainConfig(batch_size=4, log_every=1)))


def test_losses_beyond_all_bounds_are_divergence_too(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    with pytest.raises(DivergedError, match=r"'s loss is .*e\+.* at step \d"):
        list(fit(architecture, pixels, TrainConfig(learning_rate=1e6, batch_size=4)))


@pytest.mark.parametrize("kind", ["parameters", "buffers"])
def test_nothing_poisoned_is_ever_due_to_be_saved(
    architecture: Architecture, pixels: NDArray[np.uint8], kind: str
) -> None:
    """In the last step of all, behind which no loss could show it."""
    events = fit(architecture, pixels, TrainConfig(batch_size=4, max_steps=3))
    third = next(e for e in events if isinstance(e, Stepped) and e.state.step == 3)
    first = next(t for t in getattr(third.state.generator, kind)() if t.dim())
    first.data.view(-1)[0] = float("nan")
    assert isinstance(next(events), Logged)
    with pytest.raises(DivergedError, match="the generator is not finite after step 3"):
        next(events)


def test_each_network_is_trained_as_often_as_asked(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    calls: list[str] = []
    inner = architecture.objective

    def noted(name: str) -> Any:
        def loss(*arguments: Any) -> Any:
            calls.append(name)
            return getattr(inner, name)(*arguments)

        return loss

    objective = Objective(
        discriminator_loss=noted("discriminator_loss"), generator_loss=noted("generator_loss")
    )
    config = TrainConfig(
        max_steps=6, discriminator_steps=2, discriminator_every=3, generator_every=2
    )
    list(fit(replace(architecture, objective=objective), pixels, config))
    d, g = "discriminator_loss", "generator_loss"
    assert calls == [d, d, g, g, d, d, g]  # steps 0, (1), 2, 3, 4, (5)


def test_metrics_of_an_untrained_network_are_left_out(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    config = TrainConfig(max_steps=2, log_every=1, generator_every=2, discriminator_every=2)
    logged = [e.metrics for e in fit(architecture, pixels, config) if isinstance(e, Logged)]
    assert set(logged[0]) == {"loss_d", "loss_g", "d_real", "d_fake", "grad_d", "grad_g"}
    assert logged[1] == {}


@pytest.mark.parametrize(
    ("settings", "generator", "discriminator"),
    [
        ({}, (2e-4, (0.5, 0.999)), (2e-4, (0.5, 0.999))),
        ({"learning_rate": 0.5}, (0.5, (0.5, 0.999)), (0.5, (0.5, 0.999))),
        (
            {"learning_rate": 0.5, "discriminator_learning_rate": 0.1, "beta2": 0.9},
            (0.5, (0.5, 0.9)), (0.1, (0.5, 0.9)),
        ),
        ({"generator_learning_rate": 1, "beta1": 0}, (1, (0, 0.999)), (2e-4, (0, 0.999))),
    ],
)  # fmt: skip
def test_settings_override_the_architectures_optimizers(
    architecture: Architecture, settings: dict[str, Any], generator: Any, discriminator: Any
) -> None:
    state = TrainState.fresh(architecture, TrainConfig(**settings), CPU)
    for optimizer, expected in (
        (state.generator_optimizer, generator),
        (state.discriminator_optimizer, discriminator),
    ):
        assert [(g["lr"], g["betas"]) for g in optimizer.param_groups] == [expected]


def test_betas_of_an_optimizer_without_are_refused() -> None:
    gan = registry.load_architecture("wgan_clip", {"width": 4}).value
    with pytest.raises(SettingError, match="beta2 is none of RMSprop's settings"):
        TrainState.fresh(gan, TrainConfig(beta2=0.9), CPU)


def test_what_a_schedule_decides_is_no_setting(architecture: Architecture) -> None:
    gan = replace(architecture, schedules={"beta2": lambda seen, total: 0.9})
    with pytest.raises(SettingError, match="beta2 is what the architecture has a schedule for"):
        TrainState.fresh(gan, TrainConfig(beta2=0.9), CPU)


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 0}, {"batch_size": -1}, {"learning_rate": 0.0}, {"learning_rate": float("nan")},
     {"generator_learning_rate": -1.0}, {"beta1": 1.0}, {"beta2": -0.1}, {"beta2": float("nan")},
     {"max_steps": 0}, {"log_every": 0}],
)  # fmt: skip
def test_a_config_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(changes))} must be"):
        TrainConfig(**changes)


def test_a_seed_decides_dropout_too_and_the_callers_stream_is_kept(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    inner = architecture.discriminator
    dropped = replace(
        architecture, discriminator=lambda: torch.nn.Sequential(torch.nn.Dropout(0.5), inner())
    )
    ends = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        expected = torch.get_rng_state()
        *_, last = fit(dropped, pixels, TrainConfig(batch_size=4, max_steps=3))
        assert torch.equal(torch.get_rng_state(), expected)
        ends.append(torch.cat([p.flatten() for p in last.state.discriminator.parameters()]))
    assert torch.equal(*ends)


def test_what_a_plugin_froze_stays_frozen(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    def frozen() -> torch.nn.Module:
        network = architecture.discriminator()
        next(network.parameters()).requires_grad_(False)
        return network

    *_, last = fit(replace(architecture, discriminator=frozen), pixels, TrainConfig(max_steps=2))
    flags = [p.requires_grad for p in last.state.discriminator.parameters()]
    assert flags == [False] + [True] * (len(flags) - 1)


def test_networks_that_break_the_contract_are_refused(
    architecture: Architecture, pixels: NDArray[np.uint8]
) -> None:
    flat = torch.nn.Linear(100, 784)
    with pytest.raises(PluginError, match=r"its generator returns the shape \(2, 784\)"):
        list(fit(replace(architecture, generator=lambda: flat), pixels, TrainConfig()))
    column = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1))
    with pytest.raises(PluginError, match=r"its discriminator returns the shape \(2, 1\)"):
        list(fit(replace(architecture, discriminator=lambda: column), pixels, TrainConfig()))
