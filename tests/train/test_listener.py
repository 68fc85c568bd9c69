"""What a loss is told of the discriminator, the generator and the step, and what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Architecture, Objective, TrainConfig
from ganzoo.architecture import Discriminator
from ganzoo.objectives import non_saturating, penalised
from ganzoo.train.events import Event, Logged
from ganzoo.train.loop import fit
from ganzoo.zoo import registry

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8)
CONFIG = TrainConfig(batch_size=4, max_steps=6, epochs=1, log_every=1)


def trained(gan: Architecture, config: TrainConfig = CONFIG, **objective: Any) -> list[Event]:
    gan = replace(gan, objective=replace(gan.objective, **objective))
    return list(fit(gan, PIXELS, config))


def test_a_loss_knows_the_networks_the_latents_and_the_step(architecture: Architecture) -> None:
    told: list[tuple[int, int, int]] = []

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        told.append((D.step, D.images_seen, D.update))
        assert D.latents.shape == (4, architecture.latent_dim)
        torch.testing.assert_close(D.generator(D.latents), fake)
        torch.testing.assert_close(D.network(fake), D(fake))
        assert D.scheduled == {}
        return -D(fake).mean()

    trained(architecture, generator_loss=generator_loss)
    assert told == [(step, 4 * step, step) for step in range(6)]


@pytest.mark.parametrize(
    ("config", "d_updates", "g_updates"),
    [
        (replace(CONFIG, discriminator_steps=2), list(range(12)), list(range(6))),
        (replace(CONFIG, discriminator_every=2), [0, 1, 2], list(range(6))),
        (replace(CONFIG, generator_every=3), list(range(6)), [0, 1]),
        (replace(CONFIG, discriminator_every=3, discriminator_steps=2), [0, 1, 2, 3], [*range(6)]),
    ],
)
def test_updates_are_counted_for_each_network(
    architecture: Architecture, config: TrainConfig, d_updates: list[int], g_updates: list[int]
) -> None:
    told: dict[str, list[int]] = {"d": [], "g": []}

    def note(which: str) -> Callable[..., Tensor]:
        def penalty(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
            told[which].append(D.update)
            return fake.new_zeros(())

        return penalty

    both = penalised(penalised(non_saturating(), note("d")), note("g"), of="generator")
    list(fit(replace(architecture, objective=both), PIXELS, config))
    assert told == {"d": d_updates, "g": g_updates}


def test_a_lazy_penalty_is_rare_and_as_much_heavier(architecture: Architecture) -> None:
    def one(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return fake.new_ones(()) * 2

    def losses(objective: Objective, which: str) -> list[float]:
        events = fit(replace(architecture, objective=objective), PIXELS, CONFIG)
        return [e.metrics[which] for e in events if isinstance(e, Logged)]

    bare = non_saturating()
    for which, of in (("loss_d", "discriminator"), ("loss_g", "generator")):
        lazy: Any = penalised(bare, one, every=3, of=of)  # type: ignore[arg-type]
        more = np.subtract(losses(lazy, which), losses(bare, which))
        np.testing.assert_allclose(more, [6, 0, 0, 6, 0, 0], atol=1e-6)
    with pytest.raises(ValueError, match="every must be at least 1"):
        penalised(bare, one, every=0)


class Halved(nn.Module):
    """An augmentation without random numbers."""

    def forward(self, images: Tensor) -> Tensor:
        return images / 2


@pytest.mark.parametrize(("augment", "factor"), [(None, 1), (Halved, 2)])
def test_a_loss_can_show_another_head_what_d_is_shown(
    architecture: Architecture, augment: Any, factor: int
) -> None:
    def asks(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        assert torch.equal(D.augment(real), real / factor)
        loss: Tensor = D.network(D.augment(real)).mean() - D.network(D.augment(fake)).mean()
        return loss

    plain = replace(architecture.objective, scores="critic")
    gan = replace(architecture, objective=plain, augment=augment)
    one, two = (
        scores(trained(gan, discriminator_loss=loss))
        for loss in (asks, lambda D, real, fake: D(real).mean() - D(fake).mean())
    )
    np.testing.assert_allclose(one, two, rtol=1e-4)


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_another_head_computes_in_the_runs_precision(
    architecture: Architecture, precision: Any, dtype: torch.dtype
) -> None:
    made = list[torch.dtype]()

    def asks(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        made.append(D.network(real).dtype)
        with D.autocast():
            scores: Tensor = D.network(real)
        made.append(scores.dtype)
        return scores.float().mean()

    events = trained(architecture, replace(CONFIG, precision=precision), discriminator_loss=asks)
    assert made == [torch.float32, dtype] * events[-1].state.step


def scores(events: list[Event]) -> list[list[float]]:
    return [[e.metrics["d_real"], e.metrics["d_fake"]] for e in events if isinstance(e, Logged)]


def test_a_loss_that_changes_images_or_asks_twice_still_has_them_measured(
    architecture: Architecture,
) -> None:
    """In a network without batch norm, which training and evaluation do not tell apart."""

    def turned(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-D(real.flip(3))).mean() + softplus(D(fake.flip(3))).mean()

    def twice(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        loss = softplus(-D(real)).mean() + softplus(D(fake)).mean()
        return loss + 0 * D(real.detach()).sum() + 0 * D(real * 2).sum()

    plain = scores(trained(architecture))
    assert scores(trained(architecture, discriminator_loss=twice)) == plain
    found = scores(trained(architecture, discriminator_loss=turned))
    assert np.shape(found) == (6, 2)
    assert found[0] == pytest.approx(plain[0])  # the same networks, before their first update


def test_the_first_scores_of_a_batch_are_those_that_are_measured(
    architecture: Architecture,
) -> None:
    """Others may be asked of it with something else beside the images."""

    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = architecture.discriminator()

        def forward(self, images: Tensor, shift: Tensor | None = None) -> Tensor:
            scores: Tensor = self.network(images)
            return scores if shift is None else scores + shift

    def again(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        loss = softplus(-D(real)).mean() + softplus(D(fake)).mean()
        return loss + 0 * D(real, real.new_tensor(5.0)).sum()

    gan = replace(architecture, discriminator=Shifted)
    assert scores(trained(gan, discriminator_loss=again)) == scores(trained(gan))


def test_measuring_changes_no_statistics() -> None:
    """A batch norm counts what the losses asked: twice for each D step, once for each G step."""
    gan = registry.load_architecture("dcgan_fashion", {"width": 4}).value

    def turned(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-D(real.flip(3))).mean() + softplus(D(fake.flip(3))).mean()

    *_, last = trained(gan, discriminator_loss=turned)
    batches = [b for n, b in last.state.discriminator.named_buffers() if "num_batches" in n]
    assert {int(b) for b in batches} == {6 * 3}
    assert np.shape(scores(trained(gan, discriminator_loss=turned))) == (6, 2)
