"""Objectives that architectures share. Each is a pair of losses; `Objective` says what they get."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ganzoo.architecture import Discriminator, Objective


def non_saturating() -> Objective:
    """Binary cross-entropy on logits; the generator maximises log D(G(z)).

    softplus(-s) is -log sigmoid(s), without the overflow. Goodfellow et al., "Generative
    Adversarial Nets", NeurIPS 2014, section 3.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-D(fake)).mean()

    return Objective(discriminator_loss=discriminator_loss, generator_loss=generator_loss)


def wasserstein() -> Objective:
    """The difference of the critic's mean scores; needs a critic kept Lipschitz by other means.

    Arjovsky, Chintala & Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return D(fake).mean() - D(real).mean()

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return -D(fake).mean()

    return Objective(
        discriminator_loss=discriminator_loss, generator_loss=generator_loss, scores="critic"
    )
