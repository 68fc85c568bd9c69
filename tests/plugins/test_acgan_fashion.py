"""`acgan_fashion`: the networks of `cgan_fashion`, with a head that names the class."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from ganzoo_plugins.cgan_fashion import acgan_fashion, cgan_fashion
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.train.networks import build, count_parameters


class Fixed(nn.Module):
    """Scores and logits that are the first pixels of an image."""

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return images[:, 0, 0, 0]

    def classify(self, images: Tensor) -> Tensor:
        return images[:, 0, 0, 1:]


class Asked:
    """A discriminator as a loss sees it, for images of four numbers: a score and three logits."""

    network = Fixed()
    labels = torch.tensor([0, 2])

    autocast = nullcontext

    def augment(self, images: Tensor) -> Tensor:
        return images

    def __call__(self, images: Tensor) -> Tensor:
        scores: Tensor = self.network(images, self.labels)
        return scores


def test_layers_and_parameters() -> None:
    generator, discriminator = build(acgan_fashion())
    plain, _ = build(cgan_fashion())
    assert count_parameters(generator) == count_parameters(plain)
    assert count_parameters(discriminator) == (
        (64 * 16 + 64) + (64 * 128 * 16 + 128) + 2 * 128 + (6272 + 1) + (6272 * 10 + 10)
    )


def test_both_networks_pay_for_the_wrong_class() -> None:
    """The discriminator for that of real images, the generator for its own."""
    D: Any = Asked()
    real = torch.tensor([[2.0, 1, 0, -1], [0, 0, 0, 3]]).view(2, 1, 1, 4)
    fake = torch.tensor([[-1.0, 0, 2, 0], [1, 5, 0, 0]]).view(2, 1, 1, 4)

    def wrong(images: Tensor) -> float:
        """Mean of -log of the share that softmax gives the right class."""
        shares = images[:, 0, 0, 1:].softmax(1)
        return -(shares[0, 0].log() + shares[1, 2].log()).item() / 2

    objective, plain = acgan_fashion().objective, cgan_fashion().objective
    assert objective.discriminator_loss(D, real, fake).item() == pytest.approx(
        plain.discriminator_loss(D, real, fake).item() + wrong(real)
    )
    assert objective.generator_loss(D, real, fake).item() == pytest.approx(
        F.softplus(-fake[:, 0, 0, 0]).mean().item() + wrong(fake)
    )


def test_the_score_does_not_depend_on_the_label() -> None:
    network: Any = build(acgan_fashion(width=4))[1].eval()
    images = torch.randn(3, 1, 28, 28)
    with torch.no_grad():
        scores = [network(images, torch.full((3,), label)) for label in (0, 9)]
        assert network.classify(images).shape == (3, 10)
    assert torch.equal(*scores)
