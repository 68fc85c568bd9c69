"""A trained generator that can be drawn from, whatever library runs it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import checking, latents
from ganzoo.draw.checking import Own, positive
from ganzoo.draw.classes import number_of
from ganzoo.draw.coordinates import movement, strongest, swept
from ganzoo.draw.grids import picture
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.pictures import Picture
from ganzoo.draw.pixels import Pixels, to_pixels
from ganzoo.draw.timing import seconds_per_call
from ganzoo.errors import ModelFileError, UsageError

BATCH_SIZE = 64
"""Images that are drawn at a time, unless you say otherwise; no image depends on it."""


@dataclass(frozen=True)
class Generator:
    """A function from latents to images, and what is known about it.

    `forward` takes what `info.inputs` says, in that order: float32 z (n, latent_dim), perhaps int64
    labels (n,), perhaps a float32 truncation (). It returns images as `info.image` says: float32
    (n, C, H, W) in its range, or uint8 (n, H, W, C). `sha256` is the hash of the ONNX file, or of
    the weights: it identifies the model. `runs_on` is the onnxruntime provider, or "torch".
    `first_layer` takes the same and returns (n, features), the activations of the first layer in
    float32; None if there is no other layer. What is opened with torch has it from
    `export.firstlayer`. `label` is the class of all images, and None where each has its own;
    `truncation` is how far z may lead from the mean image: see `of` and `truncated`. `most` is how
    many images are drawn at once, whatever is asked for; 0 is any number.
    """

    info: ModelInfo
    forward: Callable[..., NDArray[Any]]
    sha256: str = ""
    runs_on: str = "torch"
    first_layer: Callable[..., NDArray[np.float32]] | None = None
    label: int | None = None
    truncation: float = 1.0
    most: int = 0

    def __repr__(self) -> str:
        """Return what it draws and how: `<mlp_gan 28x28x1, float32, 128 images seen, torch>`."""
        height, width = self.info.image["size"]
        size = f"{height}x{width}x{self.info.image['channels']}"
        seen = f" {self.info.samples_seen:,} images seen," if self.info.seen else ""
        return f"<{self.info.architecture} {size}, {self.info.precision},{seen} {self.runs_on}>"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it draws; none where it takes no labels."""
        return self.info.classes

    def of(self, label: str | int) -> Generator:
        """Return the generator of one class, by its name or number: `of("sneaker").sample(8)`.

        A name may be written in any case, and a number as a text; a text that is both is the name.
        Raises UsageError where there is no such class, or where several differ by case alone.
        """
        checking.check_classes(self.info)
        return replace(self, label=number_of(label, self.classes))

    def truncated(self, truncation: float) -> Generator:
        """Return the generator with images nearer to its mean: 0 is the mean, 1 is as trained.

        So they are cleaner and more alike (Karras, Laine & Aila, "A Style-Based Generator
        Architecture for GANs", CVPR 2019). Raises UsageError where the generator takes none.
        """
        return replace(self, truncation=checking.check_truncation(truncation, self.info))

    def labels(self, n: int, seed: int = 0, start: int = 0) -> NDArray[np.int64] | None:
        """Return the classes of images start … start + n - 1 of `seed`: int64 (n,), or None."""
        if not self.classes:
            return None
        if self.label is not None:
            return np.full(n, self.label, np.int64)
        return latents.labels(n, len(self.classes), seed, start)

    def run(self, z: NDArray[Any], labels: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return what the model itself returns for z (n, latent_dim), in one batch.

        `labels` (n,) are as in `draw`.
        """
        return self.forward(*self.inputs(z, labels))

    def draw(
        self,
        z: NDArray[Any],
        batch_size: int = BATCH_SIZE,
        *,
        labels: NDArray[Any] | None = None,
    ) -> Pixels:
        """Draw the uint8 images (n, H, W, C) of your own latents z (n, latent_dim).

        `labels` are their classes, integers (n,). By default they are those of images 0 … n - 1 of
        seed 0, or all of the class that `of` chose.
        """
        inputs = self.inputs(z, labels)
        batch_size = self._batch(batch_size)
        made = list[Pixels]()
        for first in range(0, len(inputs[0]), batch_size):
            part = slice(first, first + batch_size)
            batch = (each[part] if each.ndim else each for each in inputs)  # a truncation has none
            made.append(self.pixels(self.forward(*batch)))
        return np.concatenate(made)

    def draw_rows(self, z: NDArray[Any], seed: int = 0) -> Pixels:
        """Draw latents z (rows, n, latent_dim): uint8 (rows, n, H, W, C).

        All images of row i are of one class: that of image i of `seed`, or the one that `of` chose.
        """
        rows, n, dim = z.shape
        labels = self.labels(rows, seed)
        images = self.draw(z.reshape(-1, dim), labels=None if labels is None else labels.repeat(n))
        return images.reshape(rows, n, *images.shape[1:])

    def sample(
        self,
        n: int = 64,
        seed: int = 0,
        batch_size: int = BATCH_SIZE,
        *,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> Pixels:
        """Draw images 0 … n - 1 of `seed`, uint8 (n, H, W, C); image i depends on (seed, i) alone.

        With a `label` all are of one class, as `of` has it; `truncation` is that of `truncated`.
        All images are in memory at once; for very many, use `stream`.
        """
        chosen = self.with_settings(label, truncation)
        return np.concatenate(list(chosen.stream(n, seed, batch_size)))

    def with_settings(
        self, label: str | int | None = None, truncation: float | None = None
    ) -> Generator:
        """Return the generator with what is not None, as `of` and `truncated` have it."""
        chosen = self if label is None else self.of(label)
        return chosen if truncation is None else chosen.truncated(truncation)

    def stream(
        self, n: int, seed: int = 0, batch_size: int = BATCH_SIZE, start: int = 0
    ) -> Iterator[Pixels]:
        """Draw images start … n - 1 of `seed` batch by batch, in memory that does not grow."""
        batch_size = self._batch(batch_size)
        if n < 1:
            raise UsageError(f"cannot draw {n} images: ask for at least 1")

        def batches() -> Iterator[Pixels]:
            for first in range(start, n, batch_size):
                count = min(batch_size, n - first)
                z = latents.normal(count, self.info.latent_dim, seed, first)
                yield self.pixels(self.run(z, self.labels(count, seed, first)))

        return batches()

    def each(self, n: int = 8, seed: int = 0) -> Pixels:
        """Draw n images of each class, from the same z in every class: (classes, n, H, W, C).

        Raises UsageError where there are no classes.
        """
        checking.check_classes(self.info)
        z = latents.normal(positive(n, "n"), self.info.latent_dim, seed)
        return np.stack([self.of(number).draw(z) for number in range(len(self.classes))])

    def grid(
        self,
        n: int | None = None,
        seed: int | None = None,
        columns: int | None = None,
        *,
        z: Own = None,
        scale: int | None = None,
        numbered: bool = False,
    ) -> Picture:
        """Draw one sheet, which a notebook shows and `.save(path)` writes.

        It is of n images of `seed`, by default 64 of seed 0, or of your own latents `z`. For
        `scale` and `numbered` see `ganzoo.draw.grids.picture`.
        """
        checking.check_alone(z, n=n, seed=seed)
        images = self.sample(64 if n is None else n, seed or 0) if z is None else self.draw(z)
        return picture(images, columns, scale=scale, numbered=numbered)

    def way(self, z: NDArray[Any], steps: int = 8) -> Pixels:
        """Draw the way through latents of your own, (n, latent_dim): (n - 1, steps, H, W, C).

        Part i leads from latent i to the next one, as in `interpolate`. All of it is of the class
        that `draw` gives to latent i.
        """
        stops = checking.check_latents(z, self.info.latent_dim)
        if len(stops) < 2:
            raise UsageError("a way needs two latents or more", "z")
        return self.draw_rows(np.stack([latents.slerp(a, b, steps) for a, b in pairwise(stops)]))

    def interpolate(self, seed_a: int, seed_b: int, steps: int = 8) -> Pixels:
        """Draw the way from image 0 of one seed to that of another: uint8 (steps, H, W, C).

        The interpolation is spherical, which keeps the length that normal latents have (White,
        "Sampling Generative Networks", 2016). Both ends are included. All are of one class, where
        there are classes: that of the first end, unless `of` chose another.
        """
        a, b = (latents.normal(1, self.info.latent_dim, seed)[0] for seed in (seed_a, seed_b))
        return self.draw_rows(latents.slerp(a, b, steps)[None], seed_a).squeeze(axis=0)

    def sweep(
        self,
        index: int,
        values: Sequence[float],
        rows: int | None = None,
        seed: int | None = None,
        *,
        z: Own = None,
    ) -> Pixels:
        """Draw images with coordinate `index` of z set to each value, the others kept.

        They are the first `rows` images of `seed`, by default eight of seed 0, or those of your own
        latents `z`, (rows, latent_dim). Returns uint8 (rows, len(values), H, W, C).
        """
        begin = checking.rows_of(self.info.latent_dim, rows, seed, z)
        return self.draw_rows(swept(begin, index, values), seed or 0)

    def movement(
        self, reach: float = 3.0, rows: int | None = None, seed: int | None = None, *, z: Own = None
    ) -> NDArray[np.float64]:
        """Return how far each coordinate moves the picture: (latent_dim,) mean grey levels of 255.

        Coordinate i is set to -reach and to reach in the images that `sweep` has; all others stay
        as they are. The number is the mean difference between the two. Of more than 2,048
        coordinates only the first so many are tried.
        """
        begin = checking.rows_of(self.info.latent_dim, rows, seed, z)
        return movement(partial(self.draw_rows, seed=seed or 0), begin, reach, BATCH_SIZE)

    def most_moving(
        self, count: int, reach: float = 3.0, seed: int | None = None, *, z: Own = None
    ) -> list[tuple[int, float]]:
        """Return the coordinates that move the picture most, each with its `movement`.

        There are `count` at most. The one that moves it most is the first; of equal ones, the lower
        comes first.
        """
        return strongest(self.movement(reach, seed=seed, z=z), positive(count, "count"))

    def benchmark(self, batch_sizes: Sequence[int] = (1, 64)) -> dict[int, float]:
        """Return images per second at each batch size: median of five 0.1 s, after a first run."""
        sizes = [positive(size, "a batch size") for size in batch_sizes]
        inputs = [self.inputs(latents.normal(size, self.info.latent_dim)) for size in sizes]
        seconds = [seconds_per_call(partial(self.forward, *given)) for given in inputs]
        return {size: size / each for size, each in zip(sizes, seconds, strict=True)}

    def _batch(self, wanted: int) -> int:
        """Return `wanted` images at a time, but of huge ones fewer: no image depends on it."""
        most = 2**27 // math.prod(self.info.output_shape)
        return min(positive(wanted, "batch_size"), self.most or most, most)

    def pixels(self, images: NDArray[Any]) -> Pixels:
        """Return what `run` returned as uint8 (n, H, W, C); ModelFileError if it is not finite."""
        if images.dtype == np.uint8:
            return images
        if not np.isfinite(images).all():
            raise ModelFileError("this model draws numbers that are not finite: it is of no use")
        return to_pixels(images, self.info.image_range)

    def inputs(
        self, z: NDArray[Any], labels: NDArray[Any] | None = None
    ) -> tuple[NDArray[Any], ...]:
        """Return what `forward` takes for z (n, latent_dim) and labels (n,), as in `draw`.

        Raises UsageError where they have another shape, or are not what they should be.
        """
        z = checking.check_latents(z, self.info.latent_dim)
        more = list[NDArray[Any]]()
        if self.classes:
            chosen = self.labels(len(z)) if labels is None else labels
            more.append(checking.check_labels(chosen, len(z), len(self.classes)))
        elif labels is not None:
            raise UsageError(f"{self.info.architecture} takes no labels")
        if self.info.truncation:
            more.append(np.array(self.truncation, np.float32))
        return (z, *more)
