"""A trained generator that can be drawn from, whatever library runs it."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.pixels import Pixels, grid, to_pil, to_pixels
from ganzoo.errors import ModelFileError, UsageError

if TYPE_CHECKING:
    from PIL import Image

BATCH_SIZE = 64
"""Images that are drawn at a time, unless you say otherwise; no image depends on it."""
MAX_COORDINATES = 2**11
"""Most coordinates of z to try one by one, or to find directions in: four times StyleGAN's."""


@dataclass(frozen=True)
class Generator:
    """A function from latents to images, and what is known about it.

    `forward` maps float32 z (n, latent_dim) to images as `info.image` says: float32 (n, C, H, W)
    in its range, or uint8 (n, H, W, C). `sha256` is the hash of the ONNX file, or of the weights:
    it identifies the model. `runs_on` is the onnxruntime provider, or "torch". `first_layer` maps
    z to (n, features), the activations of the first layer in float32; None if there is no other
    layer. What is opened with torch has it from `export.firstlayer`.
    """

    info: ModelInfo
    forward: Callable[[NDArray[np.float32]], NDArray[Any]]
    sha256: str = ""
    runs_on: str = "torch"
    first_layer: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None

    def __repr__(self) -> str:
        """Return what it draws and how: `<mlp_gan 28x28x1, float32, 128 images seen, torch>`."""
        height, width = self.info.image["size"]
        size = f"{height}x{width}x{self.info.image['channels']}"
        seen = f"{self.info.samples_seen:,} images seen"
        return f"<{self.info.architecture} {size}, {self.info.precision}, {seen}, {self.runs_on}>"

    def run(self, z: NDArray[Any]) -> NDArray[Any]:
        """Return what the model itself returns for z (n, latent_dim), in one batch."""
        return self.forward(self._checked(z))

    def draw(self, z: NDArray[Any], batch_size: int = BATCH_SIZE) -> Pixels:
        """Draw the uint8 images (n, H, W, C) of your own latents z (n, latent_dim)."""
        z = self._checked(z)
        batch_size = self._batch(batch_size)
        starts = range(0, len(z), batch_size)
        return np.concatenate([self._pixels(z[start : start + batch_size]) for start in starts])

    def sample(self, n: int = 64, seed: int = 0, batch_size: int = BATCH_SIZE) -> Pixels:
        """Draw images 0 … n - 1 of `seed`, uint8 (n, H, W, C); image i depends on (seed, i) alone.

        All of them are in memory at once; for very many, use `stream`.
        """
        return np.concatenate(list(self.stream(n, seed, batch_size)))

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
                yield self._pixels(latents.normal(count, self.info.latent_dim, seed, first))

        return batches()

    def grid(self, n: int = 64, seed: int = 0, columns: int | None = None) -> Image.Image:
        """Draw n images of `seed` as one sheet, which a notebook shows and `.save(path)` writes."""
        return to_pil(grid(self.sample(n, seed), columns))

    def interpolate(self, seed_a: int, seed_b: int, steps: int = 8) -> Pixels:
        """Draw the way from image 0 of one seed to that of another: uint8 (steps, H, W, C).

        The interpolation is spherical, which keeps the length that normal latents have (White,
        "Sampling Generative Networks", 2016). Both ends are included.
        """
        if steps < 2:
            raise UsageError(f"a way has two ends: steps must be at least 2, not {steps}")
        a, b = (latents.normal(1, self.info.latent_dim, seed)[0] for seed in (seed_a, seed_b))
        return self.draw(latents.slerp(a, b, steps))

    def sweep(self, index: int, values: Sequence[float], rows: int = 8, seed: int = 0) -> Pixels:
        """Draw images of `seed` with coordinate `index` of z set to each value, the others kept.

        Returns uint8 (rows, len(values), H, W, C): what this one coordinate does to `rows` images.
        """
        dim = self.info.latent_dim
        if not 0 <= index < dim:
            raise UsageError(f"there is no coordinate {index}: this model has 0 … {dim - 1}")
        if len(values) == 0:
            raise UsageError("a sweep needs at least one value")
        z = latents.normal(_positive(rows, "rows"), dim, seed).astype(np.float64)
        z = z[:, None].repeat(len(values), axis=1)
        z[:, :, index] = values
        images = self.draw(z.reshape(-1, dim))
        return images.reshape(rows, len(values), *images.shape[1:])

    def movement(self, reach: float = 3.0, rows: int = 8, seed: int = 0) -> NDArray[np.float64]:
        """Return how far each coordinate moves the picture: (latent_dim,) mean grey levels of 255.

        Coordinate i is set to -reach and to reach in `rows` images of `seed`; all others stay as
        they are. The number is the mean difference between the two. Of more than `MAX_COORDINATES`
        only the first so many are tried: (MAX_COORDINATES,).
        """
        dim = min(self.info.latent_dim, MAX_COORDINATES)
        z = latents.normal(_positive(rows, "rows"), self.info.latent_dim, seed)
        at_once = max(1, BATCH_SIZE // (2 * rows))
        moved = list[float]()
        for first in range(0, dim, at_once):
            indices = np.arange(first, min(first + at_once, dim))
            ends = np.tile(z, (len(indices), 2, 1, 1))
            ends[indices - first, :, :, indices] = [[-reach], [reach]]
            images = self.draw(ends.reshape(-1, z.shape[1])).astype(int)
            low, high = images.reshape(len(indices), 2, -1).swapaxes(0, 1)
            moved += np.abs(low - high).mean(axis=1).tolist()
        return np.array(moved)

    def most_moving(self, count: int, reach: float = 3.0, seed: int = 0) -> list[tuple[int, float]]:
        """Return the coordinates that move the picture most, each with its `movement`.

        There are `count` at most. The one that moves it most is the first; of equal ones, the lower
        comes first. Of more than `MAX_COORDINATES` only the first so many are tried.
        """
        movement = self.movement(reach, seed=seed)
        first = (-movement).argsort(kind="stable")[: _positive(count, "count")]
        return [(int(index), float(movement[index])) for index in first]

    def benchmark(self, batch_sizes: Sequence[int] = (1, 64)) -> dict[int, float]:
        """Return images per second at each batch size: median of five 0.1 s, after a first run."""
        dim = self.info.latent_dim
        return {
            size: size / seconds_per_call(self.forward, latents.normal(size, dim))
            for size in (_positive(size, "a batch size") for size in batch_sizes)
        }

    def _batch(self, wanted: int) -> int:
        """Return `wanted` images at a time, but of huge ones fewer: no image depends on it."""
        return min(_positive(wanted, "batch_size"), 2**27 // math.prod(self.info.output_shape))

    def _pixels(self, z: NDArray[np.float32]) -> Pixels:
        images = self.forward(z)
        if images.dtype == np.uint8:
            return images
        if not np.isfinite(images).all():
            raise ModelFileError("this model draws numbers that are not finite: it is of no use")
        return to_pixels(images, self.info.image_range)

    def _checked(self, z: NDArray[Any]) -> NDArray[np.float32]:
        given = np.asarray(z)
        if given.ndim != 2 or given.shape[1] != self.info.latent_dim or len(given) == 0:
            raise UsageError(
                f"latents must have the shape (n, {self.info.latent_dim}), not {given.shape}"
            )
        if given.dtype.kind not in "iuf":
            raise UsageError(f"latents must be real numbers, not {given.dtype}")
        with np.errstate(over="ignore"):
            z = np.ascontiguousarray(given, np.float32)
        if not np.isfinite(z).all():
            raise UsageError("latents must be finite numbers, as float32")
        return z


def seconds_per_call(
    forward: Callable[[NDArray[np.float32]], object], z: NDArray[np.float32], seconds: float = 0.1
) -> float:
    """Return the median time of `forward(z)` in seconds, after one call to warm up.

    It is the median of five rounds of `seconds` each.
    """
    forward(z)
    return statistics.median(one_round(forward, z, seconds) for _ in range(5))


def one_round(
    forward: Callable[[NDArray[np.float32]], object], z: NDArray[np.float32], seconds: float
) -> float:
    """Return the mean time of `forward(z)` in seconds; call it for `seconds`, at least once."""
    calls, start = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - start < seconds:
        forward(z)
        calls += 1
    return (time.perf_counter() - start) / calls


def _positive(value: int, name: str) -> int:
    if value < 1:
        raise UsageError(f"{name} must be at least 1, not {value}")
    return value
