"""The discriminator as a loss sees it: it answers, and remembers what it said of each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError

Context = Callable[[], AbstractContextManager[object]]


@dataclass(kw_only=True)
class Listener:
    """A `ganzoo.architecture.Discriminator`; the public attributes are described there.

    It knows the two batches of a step when it sees them, also where they were detached. Where each
    score depends on one image alone (`together`), it calls the network once for both.
    """

    network: nn.Module
    generator: nn.Module
    latents: Tensor
    own_labels: Tensor | None
    """`labels`, or None where the architecture has no classes."""
    step: int
    images_seen: int
    update: int
    scheduled: Mapping[str, float]
    real: Tensor
    fake: Tensor
    forward: Callable[..., Tensor]
    """The network, perhaps compiled."""
    together: bool
    autocast: Context
    augment: Callable[[Tensor], Tensor]
    both: tuple[Tensor, ...] = ()
    said: list[Tensor | None] = field(default_factory=lambda: [None, None])
    """The first scores of the real batch and of the generated one, without a graph."""

    @property
    def labels(self) -> Tensor:
        """Classes of the images of this step, int64 (n,)."""
        if self.own_labels is None:
            raise PluginError("D.labels: the architecture has no classes; give it classes=N")
        return self.own_labels

    def __getattr__(self, name: str) -> object:
        """Raise AttributeError: it is no attribute of D, but may be one of the network."""
        raise AttributeError(f"D has no {name}; what the network has is D.network.{name}")

    def __call__(self, images: Tensor, *more: Tensor) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        which = self._which(images)
        joined = self.together and torch.is_grad_enabled() and not images.requires_grad
        if which is None or more or not joined:
            scores = self._ask(images, *more)
        else:
            self.both = self.both or self._ask(torch.cat([self.real, self.fake])).chunk(2)
            scores = self.both[which]
        if which is not None and self.said[which] is None:
            self.said[which] = scores.detach()
        return scores

    def scores(self, evaluating: Context) -> Iterator[tuple[str, Tensor]]:
        """Yield "d_real" and "d_fake" with what was said of each batch, without a graph.

        A loss that changed the images before it asked has not heard of the batch itself. That is
        asked now, within `evaluating`, where asking changes nothing in the network.
        """
        for which, batch in enumerate((self.real, self.fake)):
            if self.said[which] is None:
                with torch.no_grad(), evaluating():
                    self(batch.detach())
            scores = self.said[which]
            assert scores is not None
            yield ("d_real", "d_fake")[which], scores

    def _which(self, images: Tensor) -> int | None:
        """Return 0 for the real batch, 1 for the generated one, None for other images."""
        for which, batch in enumerate((self.real, self.fake)):
            if images is batch or images.is_set_to(batch):
                return which
        return None

    def _ask(self, images: Tensor, *more: Tensor) -> Tensor:
        if self.own_labels is not None and not more:
            more = (self._labels_of(images),)
        with self.autocast():  # the loss itself is computed in float32
            seen = self.augment(images)
            if getattr(seen, "shape", None) != images.shape:
                made = tuple(getattr(seen, "shape", ())) or type(seen).__name__
                raise PluginError(f"its augment makes {made} of images {tuple(images.shape)}")
            # A gradient penalty differentiates twice, which torch cannot where it has compiled.
            plain = images.is_leaf and images.requires_grad
            return full((self.network if plain else self.forward)(seen, *more))

    def _labels_of(self, images: Tensor) -> Tensor:
        """Return the labels of the step, as often as images (k * n, C, H, W) take them."""
        times, left = divmod(len(images), len(self.labels))
        if left or not times:
            raise PluginError(
                f"D is asked about {len(images)} images, and a step has {len(self.labels)} labels: "
                "say which are theirs, D(images, labels)"
            )
        return self.labels if times == 1 else self.labels.repeat(times)


def full(tensor: Tensor) -> Tensor:
    """Return `tensor` in float32 where autocast made it bfloat16: a loss is a sum of many.

    Raises PluginError where a network returned something else than a tensor.
    """
    if not isinstance(tensor, Tensor):
        raise PluginError(
            f"a network returns a {type(tensor).__name__}, not one tensor: let a loss ask for the "
            "rest by another method, D.generator.more(D.latents) or D.network.more(images)"
        )
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor
