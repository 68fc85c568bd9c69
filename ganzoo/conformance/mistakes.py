"""Checks for mistakes that train without an error, and never to good pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.architecture import Architecture, Discriminator, Loss
from ganzoo.conformance.trying import tensors, train
from ganzoo.draw import latents
from ganzoo.errors import PluginError
from ganzoo.train.networks import build
from ganzoo.zoo.registry import Loaded

SEEDS = (0, 1, 2)
FAR = 1e4
"""Factor of images that are far from any real one: logits of them are large. And a value that no
coordinate of z has: it decides any choice that the coordinate takes part in."""
MOST_NAMED = 5
"""Coordinates that a message names; of more it says how many."""


def latents_used(loaded: Loaded[Architecture]) -> str:
    """Check that every coordinate of z changes the image."""
    gan = loaded.value
    generator, _ = build(gan)
    moved = np.zeros(gan.latent_dim)
    for seed in SEEDS:
        z, *labels = tensors(gan, 16, seed)
        images = generator.eval()(z.requires_grad_(), *labels)
        weights = torch.from_numpy(latents.normal(1, images[0].numel(), seed)).reshape(
            images[:1].shape
        )
        (gradient,) = torch.autograd.grad((images * weights).sum(), z, allow_unused=True)
        if gradient is None:
            raise PluginError("an image does not depend on z")
        moved += gradient.abs().sum(0).double().numpy()
    still = np.flatnonzero(moved == 0).tolist()
    idle = [i for i in still if not _jumps(generator, i, (z, *labels), images)]
    if idle:
        named = ", ".join(map(str, idle[:MOST_NAMED])) + (", ..." if len(idle) > MOST_NAMED else "")
        raise PluginError(
            f"{len(idle)} of {gan.latent_dim} coordinates of z change nothing: {named}"
        )
    return f"all {gan.latent_dim} coordinates of z change the image"


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


def scores_fit(loaded: Loaded[Architecture]) -> str:
    """Check that logits are no probabilities: a Sigmoid belongs into the loss."""
    gan = loaded.value
    kind = gan.objective.scores
    if kind == "critic":
        return "scores of a critic"
    for seed in SEEDS:
        _, discriminator = build(gan, seed)
        with torch.no_grad():
            z = torch.from_numpy(latents.normal(8, int(np.prod(gan.image_shape)), seed))
            images, (_, *more) = z.reshape(8, *gan.image_shape), tensors(gan, 8, seed)
            discriminator.eval()
            scores = torch.cat([discriminator(x, *more) for x in (images, FAR * images)])
        if bool(((scores < 0) | (scores > 1)).any()):
            return "logits, of which some are no probabilities"
    raise PluginError(
        "its scores are always between 0 and 1, and the objective takes logits: leave the Sigmoid "
        "at the end of the discriminator out, as the loss has it"
    )


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
    norms = [n for n, m in discriminator.named_modules() if isinstance(m, _BATCH_NORMS)]
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
