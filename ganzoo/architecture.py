"""The contract with plugins: data to fill in, no class to inherit from.

Nothing here imports torch. A plugin is a function with keyword-only, annotated options that
returns an `Architecture` (or a `Dataset`). An entry point in the group `ganzoo.architectures` (or
`ganzoo.datasets`) names it. The first line of the function's docstring is the summary that
`ganzoo list` prints: listing reads the source and runs no plugin's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ganzoo.config import TrainConfig
from ganzoo.labels import MOST_CLASSES, checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn
    from torch.optim import Optimizer

__version__ = "0.1.0"
"""The version of ganzoo, which is also that of its contract with plugins."""


class Discriminator(Protocol):
    """The discriminator as a loss sees it: call it with images (n, C, H, W) for their scores (n,).

    Whatever else the network's forward takes follows the images: `D(images, codes)`. With classes
    its labels come first, and `D(images)` fills them in: they are `labels`, for images that are as
    many as the real ones (an interpolation, say) or a whole number of times as many (both batches
    in one). `D(images, labels)` gives others. The first scores of the real batch and of the
    generated one are measured as D(x) and D(G(z)).
    """

    @property
    def network(self) -> Any:
        """The network itself, an nn.Module, for its other methods: `D.network.classify(images)`.

        They compute in float32, and in the run's precision within `D.autocast()`.
        """

    @property
    def generator(self) -> Any:
        """The generator itself, an nn.Module, for its other methods and its weights."""

    @property
    def latents(self) -> Tensor:
        """What the generated images were made of, float32 (n, latent_dim)."""

    @property
    def labels(self) -> Tensor:
        """Classes of the images of this step, int64 (n,).

        Generated image i is of the class of real image i. Raises PluginError where the architecture
        has no classes.
        """

    @property
    def step(self) -> int:
        """Batches of the whole run before this one."""

    @property
    def images_seen(self) -> int:
        """Real images of the whole run before this batch."""

    @property
    def update(self) -> int:
        """Updates, before this one, of the network that the loss trains."""

    @property
    def scheduled(self) -> Mapping[str, float]:
        """The present value of each of the architecture's `schedules`, by name."""

    def augment(self, images: Tensor, /) -> Tensor:
        """Return images as the network is shown them; without an augmentation, as they are.

        Random numbers are drawn anew each time. For what a loss asks of `network` itself.
        """
        raise NotImplementedError

    def autocast(self) -> AbstractContextManager[object]:
        """Return a context in which methods of the networks compute in the run's precision.

        What they return there may be bfloat16: take `.float()` of it before a loss is computed.
        """
        raise NotImplementedError

    def __call__(self, images: Tensor, *more: Tensor) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        raise NotImplementedError


Schedule = Callable[[int, int], float]
"""Function from (real images seen, those of the whole run) to a value; `ganzoo.schedules` has some.

It depends on nothing else, so a resumed run has the same values as one without a break."""

Loss = Callable[[Discriminator, "Tensor", "Tensor"], "Tensor"]
"""Function from (discriminator, real images, fake images) to a scalar."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The two losses that the networks minimise.

    Each loss gets the discriminator itself, as a function from images (n, C, H, W) to scores (n,),
    a batch of real images and a batch of generated ones. It returns a scalar. Because it gets the
    discriminator and not the scores, a gradient penalty or a relativistic loss is just another
    function.
    """

    discriminator_loss: Loss
    """Discriminator's loss, differentiable in its weights; the fake images carry no graph."""

    generator_loss: Loss
    """Generator's loss, differentiable in the fake images; the discriminator is frozen."""

    scores: Literal["logits", "critic", "wasserstein"] = "logits"
    """Kind of number that the discriminator returns. Logits are shown as probabilities D(x) and
    D(G(z)), a critic's scores as they are; of "wasserstein" their gap estimates that distance."""

    words: str = ""
    """What the losses are called, for plans and reports: "least squares"."""

    formulas: tuple[str, str] = ("", "")
    """Both losses as formulas, the discriminator's first: E is a mean, G(z) a
    generated image; of D(x) and D(G(z)) as the discriminator returns them."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One GAN: what to build, what to minimise, what to feed it.

    Raises ValueError or TypeError if a field is not what it should be.
    """

    image_shape: tuple[int, int, int]
    """(channels, height, width); channels are 1 or 3."""

    latent_dim: int
    """Numbers z ~ N(0, 1) that make one image."""

    generator: Callable[[], nn.Module]
    """Builder of a network (n, latent_dim) -> (n, *image_shape), float32, in `image_range`. With
    classes it takes labels as well, int64 (n,), after the latents."""

    discriminator: Callable[[], nn.Module]
    """Builder of a network (n, *image_shape) -> (n,), float32: logits or a critic's scores. With
    classes it takes labels as well, int64 (n,), after the images."""

    objective: Objective
    """The two losses; `ganzoo.objectives` has the usual ones."""

    optimizers: Callable[[nn.Module, nn.Module], tuple[Optimizer, Optimizer]]
    """Function from (generator, discriminator) to their optimizers; see `ganzoo.optimizers`."""

    dataset: str
    """Registered name of the default data set; the plugin's own package is searched first."""

    image_range: tuple[float, float] = (-1.0, 1.0)
    """Values of black and of white, in real images and in generated ones."""

    classes: int = 0
    """Number of classes whose labels, from 0 to classes - 1, both networks get; 0 for none. If the
    plugin has an option of this name that is a number, the data fill it in."""

    truncation: bool = False
    """Whether the generator also takes a truncation, last: a float32 number (), from 0 for the mean
    image to 1 for images as it was trained. Without it, as in training, it is to act as for 1."""

    after_discriminator_step: Callable[[nn.Module], None] | None = None
    """Function of the discriminator, called after each of its updates: weight clipping, say."""

    augment: Callable[[], nn.Module] | None = None
    """Builder of what changes images before the discriminator sees them, real and generated ones
    alike: a network (n, *image_shape) -> (n, *image_shape); `ganzoo.augment` has some."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """Values that change in the course of a run, by name. "learning_rate" is a factor of what the
    optimizers begin with, "beta2" that of Adam, "ema" stands in place of the setting of that name.
    A loss finds all in `D.scheduled`; `r1("gamma")` takes the one called gamma. A network, or the
    augmentation, finds one in a buffer of its own that has the name and no dimension."""

    defaults: TrainConfig = TrainConfig()
    """Settings of the training, where the user gives no others."""

    def __post_init__(self) -> None:
        self._check_numbers()
        low, high = self.image_range
        if not low < high:
            raise ValueError(f"image_range {self.image_range}: the first must be less")
        functions = ["generator", "discriminator", "optimizers"]
        for name in functions + ["augment"] * (self.augment is not None):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} is not a function")
        of_types = {"objective": Objective, "defaults": TrainConfig, "dataset": str}
        for name, kind in {**of_types, "truncation": bool}.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is not of type {kind.__name__}")
        for name, schedule in self.schedules.items():
            if not (isinstance(name, str) and name.isidentifier() and callable(schedule)):
                raise TypeError(f"schedules must name functions: {name!r} does not")
        if "ema" in self.schedules and self.defaults.ema is None:
            raise ValueError(
                "schedules has ema, but nothing is averaged: defaults=TrainConfig(ema=...) must "
                "say so"
            )

    def _check_numbers(self) -> None:
        if len(self.image_shape) != 3:
            raise ValueError(f"image_shape {self.image_shape} is not (channels, height, width)")
        for name, size in zip(
            ("channels", "height", "width", "latent_dim"),
            (*self.image_shape, self.latent_dim),
            strict=True,
        ):
            if type(size) is not int or size < 1:
                raise ValueError(f"{name} must be a positive int, not {size!r}")
        if self.image_shape[0] not in (1, 3):
            raise ValueError(f"image_shape {self.image_shape}: images have 1 channel or 3, first")
        if type(self.classes) is not int or not 0 <= self.classes <= MOST_CLASSES:
            raise ValueError(f"classes must be an int from 0 to {MOST_CLASSES:,}: {self.classes!r}")


class ImageSequence(Protocol):
    """Images by number: a numpy array of them, a list, or a class that decodes or draws them."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> NDArray[np.uint8]: ...


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A source of images of any size; ganzoo crops, resizes and caches them for the architecture.

    `images[i]` is a uint8 array, (H, W) grey or (H, W, 3) RGB. If the image cannot be read, it
    raises `ganzoo.errors.DataError`, which names the file. A numpy array of shape (N, H, W) or
    (N, H, W, C) is such a sequence. `cache_key` is a text that differs wherever the pixels may
    differ: a version and the options, or the files' names, sizes and times. An array needs none.
    Labels take no part in it. Raises ValueError if labels or classes are not what they should be.
    """

    images: ImageSequence
    """Images by number."""

    cache_key: str | None = None
    """Text that differs wherever the pixels may; None for an array, which is its own key."""

    labels: NDArray[np.int64] | None = None
    """Class of each image, an index into `classes`: integers (N,), kept as int64; None where the
    images are of no known classes."""

    classes: tuple[str, ...] = ()
    """Names of the classes. Labels without names get "0", "1", ... up to the highest label. What is
    no character in a name, such as a folder's bytes that are not UTF-8, becomes an escape."""

    def __post_init__(self) -> None:
        if self.labels is not None:
            labels, classes = checked(self.labels, self.classes, len(self.images))
            object.__setattr__(self, "labels", labels)
            object.__setattr__(self, "classes", classes)
        elif self.classes:
            raise ValueError("classes are given, but no labels")


Plugin = Callable[..., Any]
"""Function of keyword-only options that an entry point names."""
