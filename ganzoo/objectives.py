"""Objectives that architectures share, and gradient penalties to add to them.

An objective is a pair of losses; `ganzoo.architecture.Objective` says what they get. Penalties are
added to it: WGAN-GP is `penalised(wasserstein(), gradient_penalty(10))`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo.architecture import Discriminator, Loss, Objective


def non_saturating() -> Objective:
    """Return binary cross-entropy on logits; the generator maximises log D(G(z)).

    softplus(-s) is -log sigmoid(s), computed without overflow. Goodfellow et al., "Generative
    Adversarial Nets", NeurIPS 2014, section 3.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-D(fake)).mean()

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
        words="binary cross-entropy on logits, non-saturating",
        formulas=(
            "E[-log sigmoid(D(x))] + E[-log(1 - sigmoid(D(G(z))))]",
            "E[-log sigmoid(D(G(z)))]",
        ),
    )


def least_squares() -> Objective:
    """Return squared losses: D aims at 1 for real and 0 for generated images, G at 1 for its own.

    Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, equation 9.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return ((D(real) - 1).square().mean() + D(fake).square().mean()) / 2

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return (D(fake) - 1).square().mean() / 2

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
        scores="critic",
        words="least squares",
        formulas=("E[(D(x) - 1)²]/2 + E[D(G(z))²]/2", "E[(D(G(z)) - 1)²]/2"),
    )


def hinge() -> Objective:
    """Return hinge losses: D pays nothing above 1 for real and below -1 for generated images.

    Lim & Ye, "Geometric GAN", 2017, and Miyato et al., "Spectral Normalization for GANs", ICLR
    2018, equations 16 and 17.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - D(real)).mean() + F.relu(1 + D(fake)).mean()

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=_raise_scores,
        scores="critic",
        words="hinge",
        formulas=("E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]", "-E[D(G(z))]"),
    )


def wasserstein() -> Objective:
    """Return the losses of a critic: the difference of its mean scores.

    The critic must be kept Lipschitz by other means, such as clipped weights or a penalty.
    Arjovsky, Chintala & Bottou, "Wasserstein GAN", ICML 2017, algorithm 1.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return D(fake).mean() - D(real).mean()

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=_raise_scores,
        scores="wasserstein",
        words="Wasserstein",
        formulas=("E[D(G(z))] - E[D(x)]", "-E[D(G(z))]"),
    )


def relativistic() -> Objective:
    """Return losses that score each real image against the generated one of the same place.

    D is to score it higher, G lower: no mode can be left out by scoring all images alike. With
    classes both images are of one class. Jolicoeur-Martineau, "The relativistic discriminator",
    ICLR 2019 (RpGAN), and Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024.
    """

    def discriminator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(D(fake) - D(real)).mean()

    def generator_loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(D(real) - D(fake)).mean()

    return Objective(
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
        scores="critic",
        words="relativistic, each real image beside a generated one",
        formulas=("E[-log sigmoid(D(x) - D(G(z)))]", "E[-log sigmoid(D(G(z)) - D(x))]"),
    )


@dataclass(frozen=True)
class Penalty:
    """A term of a loss that says what it is: a function as a loss is, and its formula."""

    loss: Loss
    formula: str

    def __call__(self, D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        """Return the penalty, a scalar."""
        return self.loss(D, real, fake)


def penalised(
    objective: Objective,
    *penalties: Loss,
    every: int = 1,
    of: Literal["discriminator", "generator"] = "discriminator",
) -> Objective:
    """Return `objective` with `penalties` added to the discriminator's (or generator's) loss.

    With `every` above 1 the regularisation is lazy: the penalties are added at one of so many
    updates of that network, `every` times as heavy. Karras et al., "Analyzing and Improving the
    Image Quality of StyleGAN", CVPR 2020, section 3.1. Call it again for another rhythm. A penalty
    that is a `Penalty` is written into the objective's formula; of another one stands its name.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")

    def also_penalised(loss: Loss) -> Loss:
        def total(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
            found = loss(D, real, fake)
            if every > 1 and D.update % every:
                return found
            return found + every * sum(penalty(D, real, fake) for penalty in penalties)

        return total

    more = " + ".join(map(_formula, penalties))
    if every > 1:
        more = f"{every}·({more}) at one of {every} updates"
    for_d, for_g = objective.formulas
    if of == "generator":
        return replace(
            objective,
            generator_loss=also_penalised(objective.generator_loss),
            formulas=(for_d, f"{for_g} + {more}"),
        )
    return replace(
        objective,
        discriminator_loss=also_penalised(objective.discriminator_loss),
        formulas=(f"{for_d} + {more}", for_g),
    )


def _formula(penalty: Loss) -> str:
    if isinstance(penalty, Penalty):
        return penalty.formula
    name = str(getattr(penalty, "__name__", type(penalty).__name__))
    return "a term of its own" if name == "<lambda>" else name


Weight = float | str
"""Weight of a penalty: a number, or the name of one of the architecture's schedules."""


def r1(gamma: Weight = 10.0) -> Penalty:
    """Return the penalty gamma/2 · E‖∇D(x)‖² on real images.

    Like every penalty here, it assumes that an image's score depends on that image alone: use no
    batch norm in the discriminator. Mescheder, Geiger & Nowozin, "Which Training Methods for GANs
    do actually Converge?", ICML 2018, equation 9.
    """
    return Penalty(
        lambda D, real, fake: _weight(gamma, D) / 2 * _gradients(D, real).square().sum(1).mean(),
        f"{_number(gamma)}/2·E‖∇D(x)‖²",
    )


def r2(gamma: Weight = 10.0) -> Penalty:
    """Return the penalty gamma/2 · E‖∇D(x)‖² on generated images: equation 10 of `r1`'s paper."""
    return Penalty(
        lambda D, real, fake: _weight(gamma, D) / 2 * _gradients(D, fake).square().sum(1).mean(),
        f"{_number(gamma)}/2·E‖∇D(G(z))‖²",
    )


def gradient_penalty(weight: Weight = 10.0) -> Penalty:
    """Return the penalty weight · E(‖∇D(x)‖ - 1)² at points between real and generated images.

    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, equation 3. Each
    x is a random point between one real and one generated image, so both batches must have the same
    size, as ganzoo's have.
    """

    def penalty(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, 1, dtype=real.dtype, device=real.device)
        between = torch.lerp(real.detach(), fake.detach(), share)
        norms: Tensor = torch.linalg.vector_norm(_gradients(D, between), dim=1)
        return _weight(weight, D) * (norms - 1).square().mean()

    return Penalty(penalty, f"{_number(weight)}·E[(‖∇D(y)‖ - 1)²], y between x and G(z)")


def _number(weight: Weight) -> str:
    return weight if isinstance(weight, str) else f"{weight:g}"


def _weight(weight: Weight, D: Discriminator) -> float:
    return D.scheduled[weight] if isinstance(weight, str) else weight


def _gradients(D: Discriminator, images: Tensor) -> Tensor:
    """Return the gradient (n, C·H·W) of each image's score in that image; it is differentiable."""
    images = images.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(D(images).sum(), images, create_graph=True)
    return gradients.flatten(1)


def _raise_scores(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    return -D(fake).mean()
