"""Augmentation in a training: where it is applied, that it is saved, and who decides about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.augment import Adaptive, DiffAugment, Flips
from ganzoo.errors import PluginError
from ganzoo.runs.state_files import restore, to_files
from ganzoo.train.events import Logged
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState, augmentation
from ganzoo.zoo import registry

CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8)
CONFIG = TrainConfig(batch_size=4, max_steps=12, epochs=1, log_every=1)


class Counted(nn.Module):
    """It notes how many images it saw, and of which it was told that they are real."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.real: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(len(images))
        return images

    def of_real(self, images: Tensor) -> Tensor:
        self.real.append(len(images))
        return images


def test_the_discriminator_sees_nothing_else(architecture: Architecture) -> None:
    gan = replace(architecture, augment=Counted)
    *_, last = fit(gan, PIXELS, CONFIG)
    counted = last.state.augment
    assert isinstance(counted, Counted)
    assert counted.seen == [8, 4] * 12  # real and fake together, then G's own
    assert counted.real == [4] * 12


@pytest.mark.parametrize(
    ("changed", "made"),
    [
        (lambda x: x[:3], r"\(3, 1, 28, 28\)"),
        (lambda x: x[..., :14], r"\(8, 1, 28, 14\)"),
        (lambda x: (x,), "tuple"),
        (lambda x: None, "NoneType"),
    ],
)
def test_it_returns_images_of_the_same_shape(
    architecture: Architecture, changed: Callable[[Tensor], Any], made: str
) -> None:
    class Changing(nn.Module):
        def forward(self, images: Tensor) -> Any:
            return changed(images)

    with pytest.raises(PluginError, match=rf"its augment makes {made} of images \(8, 1, 28, 28\)"):
        list(fit(replace(architecture, augment=Changing), PIXELS, CONFIG))


def test_gradients_reach_the_generator(architecture: Architecture) -> None:
    plain, *others = (
        [*fit(replace(architecture, augment=kind), PIXELS, CONFIG)][-1].state.generator
        for kind in (None, Counted, DiffAugment, Flips)
    )
    same, *changed = (
        all(torch.equal(a, b) for a, b in zip(plain.parameters(), g.parameters(), strict=True))
        for g in others
    )
    assert same
    assert not any(changed)


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_it_goes_on_after_a_break(architecture: Architecture, stop: int) -> None:
    gan = replace(architecture, augment=lambda: Adaptive(images=40, target=-1.5))  # p grows
    loaded = replace(registry.load_architecture("mlp_gan", {"hidden": (16, 32)}), value=gan)
    *_, whole = fit(gan, PIXELS, CONFIG)
    assert whole.state.augment is not None
    broken = next(e.state for e in fit(gan, PIXELS, CONFIG) if e.state.step == stop)
    files = {n: b"".join(c) for n, c in to_files(broken, loaded, "none").items()}
    resumed = TrainState.fresh(gan, CONFIG, CPU)
    restore(resumed, files)
    *_, last = fit(gan, PIXELS, CONFIG, state=resumed)
    for network in ("generator", "discriminator", "augment"):
        one, two = (getattr(end.state, network).state_dict() for end in (whole, last))
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_its_probability_is_written_down(architecture: Architecture) -> None:
    gan = replace(architecture, augment=lambda: Adaptive(images=80, target=-1.5))
    found = [e.metrics["augment_p"] for e in fit(gan, PIXELS, CONFIG) if isinstance(e, Logged)]
    assert found == pytest.approx([0, 0, 0, 0.2, 0.2, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4, 0.6])


def test_the_architecture_decides_unless_the_user_does(architecture: Architecture) -> None:
    own = replace(architecture, augment=Flips)
    for gan, setting, kind in (
        (architecture, None, type(None)), (architecture, True, DiffAugment),
        (architecture, False, type(None)), (own, None, Flips), (own, True, Flips),
        (own, False, type(None)),
    ):  # fmt: skip
        assert type(augmentation(gan, TrainConfig(augment=setting))) is kind


def test_one_that_cannot_be_built_is_the_plugins_fault(architecture: Architecture) -> None:
    broken: Any = lambda: 1 / 0  # noqa: E731
    with pytest.raises(PluginError, match="its augmentation cannot be built"):
        augmentation(replace(architecture, augment=broken), CONFIG)
    with pytest.raises(TypeError, match="augment is not a function"):
        replace(architecture, augment=3)  # type: ignore[arg-type]
