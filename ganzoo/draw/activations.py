"""Compute the activations of a model's first layer, image by image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.form import Form, Given
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError


class Activations:
    """A function from what a model takes to the values of its first layer: float32 (n, features).

    `run` returns these values, each with all images of one call, for what the file is given in that
    call and its number of images.
    """

    def __init__(
        self,
        run: Callable[[Given, int], list[NDArray[Any]]],
        info: ModelInfo,
        how: Form,
        path: str | Path,
    ) -> None:
        """Find out along which axis of each value the images lie; `path` is for messages."""
        self.run, self.how, self.path = run, how, path
        self.features = 0
        if how.batch is None:
            pairs = zip(*(self._values(*info.zeros(n)) for n in (2, 3)), strict=True)
            self.axes = [_grown(few, more) for few, more in pairs]
        else:
            z, *others = info.zeros(how.batch)
            first = z.copy()
            first[0] = 1
            pairs = zip(*(self._values(each, *others) for each in (z, first)), strict=True)
            try:
                self.axes = [_changed(before, after, how.batch) for before, after in pairs]
            except ValueError as error:  # a shape depends on z
                raise self._mixed() from error

    def __call__(self, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the values for z (n, latent_dim), and what else the model takes."""
        made = list[NDArray[np.float32]]()
        for given, n in self.how.calls(inputs):
            count = self.how.batch or n
            values = zip(self.run(given, count), self.axes, strict=True)
            try:
                parts = [np.moveaxis(value, axis, 0).reshape(count, -1) for value, axis in values]
            except ValueError as error:
                raise self._mixed() from error
            made.append(np.concatenate(parts, axis=1, dtype=np.float32)[:n])
            self.features = self.features or made[-1].shape[1]
            if made[-1].shape[1] != self.features:  # it depends on z, or on the batch
                raise self._mixed()
        return np.concatenate(made)

    def _mixed(self) -> ModelFileError:
        return ModelFileError(f"{self.path} does not keep the images of a batch apart")

    def _values(self, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the values for inputs that are those of one call."""
        ((given, n),) = self.how.calls(inputs)
        return self.run(given, n)


def _grown(few: NDArray[Any], more: NDArray[Any]) -> int:
    """Return the axis of the batch; it is the last where weights stand on the left of z."""
    sizes = zip(few.shape, more.shape, strict=False)
    return next((axis for axis, (a, b) in enumerate(sizes) if a != b), 0)


def _changed(before: NDArray[Any], after: NDArray[Any], batch: int) -> int:
    """Return the axis of a fixed batch, whose first image alone has changed."""
    axes = [axis for axis, size in enumerate(before.shape) if size == batch]
    differs = before != after
    return next((axis for axis in axes if not differs.swapaxes(0, axis)[1:].any()), 0)
