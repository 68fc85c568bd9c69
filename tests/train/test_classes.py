"""Labels in training: whose are which, and what is said where they are missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganzoo import Architecture, Dataset, Objective, TrainConfig
from ganzoo.architecture import Discriminator
from ganzoo.errors import DataError, PluginError
from ganzoo.objectives import gradient_penalty, non_saturating, penalised
from ganzoo.optimizers import adam
from ganzoo.train.batches import Batches
from ganzoo.train.loop import fit

CLASSES, SIDE = 3, 8
LABELS = np.arange(20) % CLASSES
# The first pixel of an image tells its class, so that nobody can mix them up.
PIXELS = np.zeros((20, SIDE, SIDE, 1), np.uint8)
PIXELS[:, 0, 0, 0] = 50 * LABELS
CONFIG = TrainConfig(batch_size=4, max_steps=3, epochs=1, log_every=1)


class Drawing(nn.Module):
    """A generator whose first pixel tells the class, too."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, SIDE * SIDE)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        images = self.linear(z).tanh().reshape(-1, 1, SIDE, SIDE)
        first = torch.zeros_like(images)
        first[:, 0, 0, 0] = 1
        drawn: Tensor = images * (1 - first) + first * (labels * 50 / 255).reshape(-1, 1, 1, 1)
        return drawn


class Judging(nn.Module):
    """A discriminator that refuses an image which comes with the label of another class."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(SIDE * SIDE, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        shown = (images[:, 0, 0, 0] * 255 / 50).round().long()
        assert torch.equal(shown, labels) or not images.any()  # zeros: nothing to tell them by
        scores: Tensor = self.linear(images.flatten(1)).flatten()
        return scores


def conditional(objective: Objective | None = None) -> Architecture:
    return Architecture(
        image_shape=(1, SIDE, SIDE),
        latent_dim=2,
        classes=CLASSES,
        generator=Drawing,
        discriminator=Judging,
        objective=objective or non_saturating(),
        optimizers=adam(1e-3),
        dataset="toy_garments",
        image_range=(0.0, 1.0),
    )


def test_each_image_comes_with_its_own_label() -> None:
    """Real ones, generated ones, both in one batch, and what is between two of one class."""
    told = []

    def both(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        scores = D(torch.cat([real, fake]))
        torch.testing.assert_close(scores, torch.cat([D(real), D(fake)]))
        torch.testing.assert_close(D(real[:2], D.labels[:2]), scores[:2])
        told.append(D.labels.clone())
        return scores.mean()

    gan = conditional(penalised(replace(non_saturating(), discriminator_loss=both),
                                gradient_penalty(10)))  # fmt: skip
    list(fit(gan, PIXELS, CONFIG, labels=LABELS))
    batches = Batches(PIXELS, (0, 1), torch.device("cpu"), 0, LABELS)
    for step, labels in enumerate(told):
        assert torch.equal(labels, batches.labels_at(4 * step, 4))  # type: ignore[arg-type]


@pytest.mark.parametrize("config", [
    {"shared_fakes": True}, {"discriminator_steps": 3}, {"generator_every": 2}, {"ema": 0.5},
    {"augment": True},
])  # fmt: skip
def test_in_every_kind_of_step(config: dict[str, Any]) -> None:
    gan = conditional()
    if "augment" in config:  # it changes the pixel that tells the class
        gan = replace(gan, discriminator=_Lenient)
    *_, last = fit(gan, PIXELS, replace(CONFIG, **config), labels=LABELS)
    assert last.state.step == 3


class _Lenient(Judging):
    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        assert len(images) == len(labels)
        scores: Tensor = self.linear(images.flatten(1)).flatten()
        return scores


def test_whose_labels_are_meant_is_said_where_it_is_not_known() -> None:
    def three(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return D(real[:3]).mean()

    gan = conditional(replace(non_saturating(), discriminator_loss=three))
    with pytest.raises(PluginError, match=r"3 images, and a step has 4 labels: .*labels\)$"):
        list(fit(gan, PIXELS, CONFIG, labels=LABELS))


def test_an_architecture_without_classes_has_no_labels(architecture: Architecture) -> None:
    def asks(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return D.labels.float().mean()

    gan = replace(architecture, objective=replace(non_saturating(), discriminator_loss=asks))
    pixels = np.zeros((8, 28, 28, 1), np.uint8)
    with pytest.raises(PluginError, match=r"D\.labels: the architecture has no classes"):
        list(fit(gan, pixels, CONFIG, labels=np.zeros(8, np.int64)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, r"needs labels of the images: labels=\.\.\., int64 \(4\)"),
        (LABELS[:3], r"labels are int64 \(3\), where 4 images need int64 \(4\)"),
        (np.zeros((4, 3)), r"labels are float64 \(4, 3\), where 4 images need"),
        (np.arange(4), "from 0 to 3, and the architecture has 3 classes: from 0 to 2"),
        (np.arange(4) % 3 - 1, "from -1 to 1, and the architecture has 3 classes"),
    ],
)
def test_labels_are_needed_and_must_be_of_the_classes(
    labels: NDArray[np.int64] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        next(fit(conditional(), PIXELS[:4], CONFIG, labels=labels))


def test_labels_change_nothing_for_an_architecture_without_classes(
    architecture: Architecture,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1), np.uint8)
    ends = [
        [*fit(architecture, pixels, CONFIG, labels=labels)][-1].state.generator.state_dict()
        for labels in (None, np.zeros(8, np.int64))
    ]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@pytest.mark.parametrize("classes", [-1, 1.0, True, 100_001])
def test_a_number_of_classes_that_is_none_is_refused(classes: Any) -> None:
    with pytest.raises(ValueError, match="classes must be an int from 0 to 100,000"):
        replace(conditional(), classes=classes)


@pytest.mark.parametrize(
    "given",
    [
        LABELS.tolist(), torch.tensor(LABELS), LABELS.astype(np.uint8), LABELS.astype(">i4"),
        LABELS[::-1].copy()[::-1],
    ],
    ids=["list", "tensor", "uint8", "big-endian", "backwards"],
)  # fmt: skip
def test_labels_may_come_in_any_form(given: Any) -> None:
    *_, last = fit(conditional(), PIXELS, CONFIG, labels=given)
    assert last.state.step == 3  # and the discriminator found each label to be its image's


@pytest.mark.parametrize("classes", ["abc", {"a", "b", "c"}, {"a": 0}, None])
def test_names_without_an_order_are_refused(classes: Any) -> None:
    with pytest.raises(ValueError, match=r"classes are a \w+, not a tuple of names"):
        Dataset(images=PIXELS, labels=LABELS, classes=classes)
