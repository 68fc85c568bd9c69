"""Checks of what the networks give: shapes, values, images that depend on their latents alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.architecture import Architecture
from ganzoo.conformance.trying import require, tensors
from ganzoo.draw import latents
from ganzoo.export.parity import TOLERANCE
from ganzoo.train.listener import full
from ganzoo.train.networks import build, draw, seeded
from ganzoo.zoo.registry import Loaded

CPU = torch.device("cpu")


def shapes(loaded: Loaded[Architecture]) -> str:
    """Check the shapes (n, latent_dim) to (n, C, H, W) to (n,), float32, for n = 1, 2 and 64."""
    gan = loaded.value
    generator, discriminator = (network.eval() for network in build(gan))
    for n in (1, 2, 64):
        with torch.no_grad(), seeded(0, CPU):  # the check "images alone" speaks of noise
            z, *more = tensors(gan, n, n)
            images = generator(z, *more)
            scores = discriminator(images.float(), *more)
        _check_shapes(gan, f"batch {n}", images, scores, n)
        for which, found in (("images", images), ("scores", scores)):
            require(found.dtype == torch.float32, f"{which} are {found.dtype}, not float32")
            require(bool(found.isfinite().all()), f"batch {n} gives {which} that are not finite")
    with torch.no_grad(), seeded(0, CPU):  # in training a network may do something else
        z, *more = tensors(gan, 4, 0)
        images = full(generator.train()(z, *more))
        scores = full(discriminator.train()(images.float(), *more))
    _check_shapes(gan, "in training, batch 4", images, scores, 4)
    return "batches of 1, 2 and 64"


def _check_shapes(gan: Architecture, batch: str, images: Tensor, scores: Tensor, n: int) -> None:
    """Check the shapes of what `batch`, of n images, gives."""
    for which, found, of_one in (("images", images, gan.image_shape), ("scores", scores, ())):
        shape, promised = tuple(found.shape), (n, *of_one)
        require(shape == promised, f"{batch} gives {which} {shape}, not {promised}")


def truncation(loaded: Loaded[Architecture]) -> str:
    """Check that a truncation of 1 changes nothing, and that one of 0 leads to one mean image."""
    gan = loaded.value
    if not gan.truncation:
        return "takes none"
    z, *more = tensors(gan, 8, 0)
    more = [torch.zeros_like(label) for label in more]  # each class may have a mean of its own
    with torch.no_grad():
        generator = build(gan)[0].eval()
        usual = generator(z, *more)
        whole, none = (generator(z, *more, torch.tensor(psi)) for psi in (1.0, 0.0))
    require(torch.equal(usual, whole), "a truncation of 1 draws other images than none does")
    apart = _difference(gan, none.numpy(), none[:1].numpy())
    require(apart <= TOLERANCE, f"with a truncation of 0 images still differ, by {apart:.2g}")
    return "1 changes nothing, 0 leads to the mean image"


def value_range(loaded: Loaded[Architecture]) -> str:
    """Check that images differ, and stay in image_range even with weights ten times as large."""
    gan = loaded.value
    generator, _ = build(gan)
    drawn = latents.inputs(64, gan.latent_dim, gan.classes)
    with seeded(0, CPU):
        images = draw(generator, *drawn)
    require(bool((images[0] != images[1]).any()), "all latents give the same image")
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(10)
    with seeded(0, CPU):
        far = draw(generator, *drawn)
    low, high = gan.image_range
    inside = all(bool(low <= x.min() and x.max() <= high) for x in (images, far))
    found = f"{min(images.min(), far.min()):.3g} … {max(images.max(), far.max()):.3g}"
    found = f"images reach {found} with weights ten times their size"
    hint = "; let the generator end with nn.Tanh(), or nn.Sigmoid() for 0 … 1"
    clamp = ", or return images.clamp(low, high) where it is not self.training"
    require(inside, f"{found}, and image_range is {low:g} … {high:g}{hint}{clamp}")
    middle = (low + high) / 2
    halves = [(x >= middle).all() or (x <= middle).all() for x in (images, far)]
    require(not all(halves), f"{found}: one half of image_range {low:g} … {high:g} only{hint}")
    return found


def images_alone(loaded: Loaded[Architecture]) -> str:
    """Check that an image depends only on its own latent in evaluation mode, not on the batch."""
    gan = loaded.value
    generator, _ = build(gan)
    drawn = latents.inputs(7, gan.latent_dim, gan.classes)
    together, again = draw(generator, *drawn), draw(generator, *drawn)
    require(
        _difference(gan, together, again) <= TOLERANCE,
        "an image is another each time that it is drawn in evaluation mode: its forward draws "
        "random numbers or changes what it computes with",
    )
    singly = zip(*(np.split(each, 7) for each in drawn), strict=True)
    alone = np.concatenate([draw(generator, *one) for one in singly])
    error = _difference(gan, together, alone)
    require(
        error <= TOLERANCE,
        f"an image changes by {error:.2g} with the batch it is drawn in: its forward computes "
        "something over the whole batch",
    )
    return f"the same in a batch of 7, to {error:.1g}"


def _difference(gan: Architecture, one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the largest difference of two batches of images, scaled to the range [-1, 1]."""
    low, high = gan.image_range
    return float(np.abs(one - other).max()) * 2 / (high - low)
