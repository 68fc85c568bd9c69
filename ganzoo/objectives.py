"""Objectives that architectures share, and gradient penalties to add to them.

Each is a pair of losses; `ganzoo.architecture.Objective` says what they get. They compose:
WGAN-GP is `penalised(wasserstein(), gradient_penalty(10))`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo.architecture import Discriminator, Loss, Objective


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


def least_squares() -> Objective:
    """Scores are drawn to 1 for real and to 0 for generated images; the generator wants 1.

    Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, equation 9.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return ((D(real) - 1).square().mean() + D(fake).square().mean()) / 2

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return (D(fake) - 1).square().mean() / 2

    return Objective(
        discriminator_loss=discriminator_loss, generator_loss=generator_loss, scores="critic"
    )


def hinge() -> Objective:
    """Scores above 1 for real and below -1 for generated images cost nothing.

    Lim & Ye, "Geometric GAN", 2017, and Miyato et al., "Spectral Normalization for GANs", ICLR
    2018, equations 16 and 17.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - D(real)).mean() + F.relu(1 + D(fake)).mean()

    return Objective(
        discriminator_loss=discriminator_loss, generator_loss=_raise_scores, scores="critic"
    )


def wasserstein() -> Objective:
    """The difference of the critic's mean scores; needs a critic kept Lipschitz by other means.

    Arjovsky, Chintala & Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return D(fake).mean() - D(real).mean()

    return Objective(
        discriminator_loss=discriminator_loss, generator_loss=_raise_scores, scores="critic"
    )


def penalised(objective: Objective, *penalties: Loss) -> Objective:
    """`objective` with `penalties` added to the discriminator's loss."""

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        loss = objective.discriminator_loss(D, real, fake)
        return loss + sum(penalty(D, real, fake) for penalty in penalties)

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=objective.generator_loss,
        scores=objective.scores,
    )


def r1(gamma: float = 10.0) -> Loss:
    """Add gamma/2 · E‖∇D(x)‖² on real images.

    Like every penalty here it takes one image's score to depend on that image alone: use no batch
    norm in the discriminator. Mescheder, Geiger & Nowozin, "Which Training Methods for GANs do
    actually Converge?", ICML 2018, equation 9.
    """
    return lambda D, real, fake: gamma / 2 * _gradients(D, real).square().sum(1).mean()


def r2(gamma: float = 10.0) -> Loss:
    """Add gamma/2 · E‖∇D(x)‖² on generated images: the same paper's equation 10."""
    return lambda D, real, fake: gamma / 2 * _gradients(D, fake).square().sum(1).mean()


def gradient_penalty(weight: float = 10.0) -> Loss:
    """Add weight · E(‖∇D(x)‖ - 1)² at random points between a real and a generated image.

    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, equation 3. Both
    batches must have one size, as ganzoo's have.
    """

    def penalty(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, 1, dtype=real.dtype, device=real.device)
        between = torch.lerp(real.detach(), fake.detach(), share)
        norms: Tensor = torch.linalg.vector_norm(_gradients(D, between), dim=1)
        return weight * (norms - 1).square().mean()

    return penalty


def _gradients(D: Discriminator, images: Tensor) -> Tensor:
    """The gradient (n, C·H·W) of each image's score in that image, itself differentiable."""
    images = images.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(D(images).sum(), images, create_graph=True)
    return gradients.flatten(1)


def _raise_scores(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return -D(fake).mean()
