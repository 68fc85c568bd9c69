"""The latent whose picture is nearest to a given one, searched for by gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError

COARSEST = 4
"""Smallest side in pixels: pictures are compared as they are, and halved down to this."""
PRIOR = 2e-4
"""Weight of how unusual |z|² is: its distance from the mean d in deviations, squared."""


@dataclass(frozen=True)
class Projection:
    """What was found: z float32 (latent_dim,), and its picture uint8 (H, W, C).

    `rms` tells how much each restart's picture differs from the target, float64 (restarts,): the
    root mean square over pixels and channels, in grey levels of 255. `z` is that of the smallest.
    """

    z: NDArray[np.float32]
    picture: Pixels
    rms: NDArray[np.float64]

    def sheet(self, target: Pixels, model: str = "") -> Sheet:
        """Return a sheet of target, picture, and their difference, brightened by a whole factor.

        `model` is what the title calls it.
        """
        difference = np.abs(target.astype(int) - self.picture)
        factor = max(1, 255 // max(1, int(difference.max())))
        shown = np.stack([target, self.picture, (factor * difference).astype(np.uint8)])
        return Sheet(
            shown[None, None],
            columns=["target", "nearest", f"difference x{factor}"],
            title=f"{model}: RMS {self.rms.min():.1f} of 255".removeprefix(": "),
            size=256,
        )


def project(
    generator: Generator,
    network: nn.Module,
    target: Pixels,
    *,
    restarts: int = 4,
    steps: int = 300,
    seed: int = 0,
) -> Projection:
    """Search the z whose picture is nearest to `target`, uint8 (H, W, C).

    `generator` and `network` are what `weights.load_generator` returns. L-BFGS searches from each
    of images 0 … restarts - 1 of `seed` by itself, with at most `steps` gradients. It minimises the
    squared difference at several sizes: the coarse ones lead to where the fine ones are not yet
    felt. A weak pull draws |z| to the length that normal latents have. A search that meets a number
    that is not finite ends where it began. Raises UsageError if `target` has another shape than the
    model's images, or if it has classes and none of them is chosen (`generator.of`).
    """
    info = generator.info
    shape = (*info.image["size"], info.image["channels"])
    if target.shape != shape:
        raise UsageError(f"this model draws {shape}, and the picture is {target.shape}")
    if generator.classes and generator.label is None:
        first = f"label=0 ({generator.classes[0]})"
        raise UsageError(f"say of which class the picture is, as in {first}", "label")
    low, high = info.image_range
    like = next(network.parameters(), torch.zeros(0))
    wanted = torch.from_numpy(target.transpose(2, 0, 1) / 255).to(like)
    label = generator.labels(1)
    more = [] if label is None else [torch.from_numpy(label).to(like.device)]

    def loss(z: Tensor) -> Tensor:
        difference = (network(z, *more) - low) / (high - low) - wanted
        unusual = (z.square().sum(dim=1) - info.latent_dim).square() / (2 * info.latent_dim)
        return (_at_all_sizes(difference) + PRIOR * unusual).sum()

    begin = torch.from_numpy(latents.normal(restarts, info.latent_dim, seed)).to(like)
    ends = torch.cat([_descend(loss, z, steps) for z in torch.split(begin, 1)])
    found = ends.cpu().numpy().astype(np.float32)
    pictures = generator.draw(found)
    rms = np.sqrt(np.square(pictures.astype(float) - target).mean(axis=(1, 2, 3)))
    best = int(rms.argmin())
    return Projection(found[best], pictures[best], rms)


def _descend(loss: Callable[[Tensor], Tensor], begin: Tensor, steps: int) -> Tensor:
    """Return where L-BFGS ends from `begin`, after at most `steps` gradients; both are (1, d)."""
    z = begin.clone().requires_grad_()
    search = torch.optim.LBFGS(
        [z], max_iter=steps, max_eval=steps, history_size=20, line_search_fn="strong_wolfe"
    )

    def gradient() -> Tensor:
        search.zero_grad()
        value = loss(z)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(gradient)  # type: ignore[no-untyped-call]
    return z.detach() if z.isfinite().all() else begin


def _at_all_sizes(difference: Tensor) -> Tensor:
    """Return the mean square of (n, C, H, W) at each size, summed: (n,)."""
    total = difference.square().mean(dim=(1, 2, 3))
    while min(difference.shape[2:]) >= 2 * COARSEST:
        difference = avg_pool2d(difference, 2)
        total = total + difference.square().mean(dim=(1, 2, 3))
    return total
