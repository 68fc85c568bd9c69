"""How a model file is called: how many images each call draws, and which types it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.info import ModelInfo
from ganzoo.draw.ports import Port
from ganzoo.draw.untrusted import Contents
from ganzoo.errors import ModelFileError

Given = Mapping[str, NDArray[Any]]
"""What a file is given in one call, by the names of its inputs."""

MAX_BATCH = 2**16
"""Most images that each call of a file may draw."""
MAX_LATENTS_OF_CALL = 2**28
"""Most numbers of z in one call of a fixed batch, where zeros fill it up: they take 1 GiB."""


@dataclass(frozen=True)
class Form:
    """How to call a file: each call draws `batch` images, or any number where it is None.

    `dtypes` are the types of its inputs, by name, in their order.
    """

    batch: int | None
    dtypes: dict[str, str]

    @property
    def takes_float16(self) -> bool:
        """Whether an input is float16, as in no file that `ganzoo export` writes."""
        return "float16" in self.dtypes.values()

    def calls(self, inputs: Sequence[NDArray[Any]]) -> Iterator[tuple[Given, int]]:
        """Yield what to give the file in each call, and how many images of that call to keep.

        `inputs` are those of `Generator.forward`. Where the batch is fixed, the last call is filled
        up with zeros.
        """
        n = len(inputs[0])
        size = self.batch or n
        for first in range(0, n, size):
            given = {
                name: _rows(each, first, size).astype(dtype, copy=False)
                for (name, dtype), each in zip(self.dtypes.items(), inputs, strict=True)
            }
            yield given, min(size, n - first)


def is_possible(batch: int | None, latent_dim: int) -> bool:
    """Return whether each call of a file may draw so many images; None is any number."""
    return batch is None or (1 <= batch <= MAX_BATCH and batch * latent_dim <= MAX_LATENTS_OF_CALL)


def read(contents: Contents, info: ModelInfo, path: str | Path) -> Form:
    """Return how to call the file at `path`, whose metadata are `info`.

    Raises ModelFileError unless its inputs and its output are as the metadata say. They may be
    float16 where they are float32 in ganzoo's own files, and the batch may be fixed.
    """
    batch = next((port.shape[0] for port in contents.inputs if port.shape), None)
    wanted = [*(Port(name, *port) for name, port in info.inputs.items()), info.output]
    found = [*contents.inputs, *contents.outputs]
    right = len(found) == len(wanted) and all(
        _fits(port, like, batch) for port, like in zip(found, wanted, strict=True)
    )
    if not right or not is_possible(batch, info.latent_dim):
        raise ModelFileError(
            f"{path} should map {info.takes()} to {info.output.in_words()}, and does not"
        )
    return Form(batch, {port.name: port.dtype for port in contents.inputs})


def _fits(port: Port, like: Port, batch: int | None) -> bool:
    """Return whether a port is as `like`, whose free sizes are `batch` here."""
    shape = tuple(batch if size is None else size for size in like.shape)
    dtypes = ("float32", "float16") if like.dtype == "float32" else (like.dtype,)
    return port.name == like.name and port.shape == shape and port.dtype in dtypes


def _rows(values: NDArray[Any], first: int, size: int) -> NDArray[Any]:
    """Return `size` rows from `first` on, with zeros behind the last; a number stays as it is."""
    if not values.ndim:
        return values
    rows = values[first : first + size]
    if len(rows) == size:  # as in all calls but the last one, which alone needs a copy
        return rows
    return np.pad(rows, [(0, size - len(rows)), *[(0, 0)] * (rows.ndim - 1)])
