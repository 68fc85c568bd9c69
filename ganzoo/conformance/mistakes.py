"""Checks for mistakes that train without an error, and never to good pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.architecture import Architecture, Discriminator, Loss
from ganzoo.conformance.trying import some, tensors, train
from ganzoo.draw import latents
from ganzoo.errors import PluginError
from ganzoo.train.networks import build
from ganzoo.zoo.registry import Loaded

SEEDS = (0, 1, 2)
STEPS, MOST_CLASSES = 3, 100
"""Steps after which labels must matter, and how many classes are tried."""
FAR = 1e4
"""Factor of images that are far from any real one: logits of them are large. And a value that no
coordinate of z has: it decides any choice that the coordinate takes part in."""


def latents_used(loaded: Loaded[Architecture]) -> str:
    """Check that every coordinate of z changes the image, from the start or after a step."""
    gan = loaded.value
    idle = _idle(gan, build(gan)[0])
    if idle:  # a gate may be closed at first: weights that begin as 0
        idle &= _idle(gan, train(gan, 1).generator)
    if len(idle) == gan.latent_dim:
        raise PluginError("an image does not depend on z")
    if idle:
        raise PluginError(
            f"{len(idle)} of {gan.latent_dim} coordinates of z change nothing: {some(sorted(idle))}"
        )
    return f"all {gan.latent_dim} coordinates of z change the image"


def _idle(gan: Architecture, generator: nn.Module) -> set[int]:
    """Return the coordinates of z that change no image."""
    moved = np.zeros(gan.latent_dim)
    for seed in SEEDS:
        z, *labels = tensors(gan, 16, seed)
        images = generator.eval()(z.requires_grad_(), *labels)
        if images.requires_grad:  # or detach or numpy cuts it off, which a look by jumps bears
            weights = torch.from_numpy(latents.normal(1, images[0].numel(), seed))
            seen = (images * weights.reshape(images[:1].shape)).sum()
            (gradient,) = torch.autograd.grad(seen, z, allow_unused=True)
            moved += 0 if gradient is None else gradient.abs().sum(0).double().numpy()
    still = np.flatnonzero(moved == 0).tolist()
    return {i for i in still if not _jumps(generator, i, (z, *labels), images)}


@torch.no_grad()
def _jumps(
    generator: nn.Module, coordinate: int, inputs: tuple[Tensor, ...], images: Tensor
) -> bool:
    """Return whether far values of a coordinate of z change `images`, those of (z, *labels).

    A choice, such as which of some coordinates is the largest, changes them without a gradient.
    """
    for value in (-FAR, FAR):
        changed = inputs[0].detach().clone()
        changed[:, coordinate] = value
        if not torch.equal(generator(changed, *inputs[1:]), images):
            return True
    return False


def labels_used(loaded: Loaded[Architecture]) -> str:
    """Check that every class changes the image, after a few steps; the score need not tell."""
    gan = loaded.value
    if not gan.classes:
        return "takes none"
    state, few = train(gan, STEPS), min(gan.classes, MOST_CLASSES)
    state.generator.eval(), state.discriminator.eval()
    z, *_ = tensors(gan, 1, 0)
    each = torch.arange(few)
    with torch.no_grad():
        drawn = state.generator(z.expand(few, -1), each)
        scores = state.discriminator(drawn[:1].expand(few, -1, -1, -1), each)
    alike = [int(i) for i in each[1:] if torch.equal(drawn[i], drawn[0])]
    if alike:
        raise PluginError(
            f"the image of a z is the same for {len(alike) + 1} classes, 0 and {some(alike)}: let "
            "the generator make use of the labels"
        )
    told = "" if bool((scores != scores[0]).any()) else ", and the score of an image is the same"
    return f"{few} of {gan.classes} classes, each with other images of a z{told}"


def scores_fit(loaded: Loaded[Architecture]) -> str:
    """Check that logits are no probabilities: a Sigmoid belongs into the loss."""
    gan = loaded.value
    if gan.objective.scores != "logits":
        return "scores of a critic"
    for seed in SEEDS:
        if _has_logits(gan, build(gan, seed)[1], seed):
            return "logits, of which some are no probabilities"
    if _has_logits(gan, train(gan, 1).discriminator, 0):  # a last layer that began as 0
        return "logits, of which some are no probabilities after a step"
    raise PluginError(
        "its scores are always between 0 and 1, and the objective takes logits: leave the Sigmoid "
        "at the end of the discriminator out, as the loss has it"
    )


def _has_logits(gan: Architecture, discriminator: nn.Module, seed: int) -> bool:
    """Return whether some score, of noise or of images far from any, is no probability."""
    z = torch.from_numpy(latents.normal(8, int(np.prod(gan.image_shape)), seed))
    images, (_, *more) = z.reshape(8, *gan.image_shape), tensors(gan, 8, seed)
    discriminator.eval()
    with torch.no_grad():
        scores = torch.cat([discriminator(x, *more) for x in (images, FAR * images)])
    return bool(((scores < 0) | (scores > 1)).any())


@dataclass
class _Asked:
    """A discriminator that notes whether a loss wants gradients in the images."""

    asked: Discriminator
    for_gradients: bool = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.asked, name)

    def __call__(self, images: Tensor, *more: Tensor) -> Tensor:
        self.for_gradients |= images.requires_grad and images.is_leaf
        return self.asked(images, *more)


def penalty_alone(loaded: Loaded[Architecture]) -> str:
    """Check that no gradient penalty goes through batch norm, which mixes the images of a batch."""
    gan = loaded.value
    _, discriminator = build(gan)
    # Frozen layers that stay in evaluation mode take no statistics of the batch.
    layers = discriminator.train().named_modules()
    norms = [n for n, m in layers if isinstance(m, _BATCH_NORMS) and m.training]
    if not norms:
        return "no batch norm in the discriminator"
    if _penalises(gan):
        raise PluginError(
            f"its loss takes the gradient of a score in its image, and the layer {norms[0]} of the "
            "discriminator is a batch norm, which lets every image change every score: use "
            "nn.GroupNorm, or no norm"
        )
    return "no gradient penalty goes through the batch norm of the discriminator"


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def _penalises(gan: Architecture) -> bool:
    """Return whether the discriminator's loss asks for gradients in images, at its first update."""
    seen: list[_Asked] = []
    inner: Loss = gan.objective.discriminator_loss

    def watched(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        seen.append(_Asked(D))
        return inner(seen[-1], real, fake)  # type: ignore[arg-type]

    train(replace(gan, objective=replace(gan.objective, discriminator_loss=watched)), 1)
    return any(asked.for_gradients for asked in seen)
