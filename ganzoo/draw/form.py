"""How a file wants to be called: with any number of images or always with as many, in what type."""

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
"""Most images that a file may want at once."""


@dataclass(frozen=True)
class Form:
    """What a file takes: `batch` images in every call, or any number (None), and of which types.

    `dtypes` are those of its inputs, by name, in their order.
    """

    batch: int | None
    dtypes: dict[str, str]

    @property
    def usual(self) -> bool:
        """Whether the types are those that `ganzoo export` writes, float16 nowhere."""
        return "float16" not in self.dtypes.values()

    def calls(self, inputs: Sequence[NDArray[Any]]) -> Iterator[tuple[Given, int]]:
        """Yield what to give the file in each call, and how many of its images are wanted.

        `inputs` are what a `Generator` gives to `forward`. Where the batch is fixed, the last call
        is filled up with zeros.
        """
        n = len(inputs[0])
        size = self.batch or n
        for first in range(0, n, size):
            count = min(size, n - first)
            given = {
                name: _filled(each[first : first + count], size) if each.ndim else each
                for name, each in zip(self.dtypes, inputs, strict=True)
            }
            yield {k: v.astype(self.dtypes[k], copy=False) for k, v in given.items()}, count


def read(contents: Contents, info: ModelInfo, path: str | Path) -> Form:
    """Return how the file at `path` wants to be called, whose metadata are `info`.

    Raises ModelFileError unless its inputs and its output are as the metadata say. Numbers may be
    float16 where they are float32 in ganzoo's own files, and the batch may be fixed.
    """
    batch = next((port.shape[0] for port in contents.inputs if port.shape), None)
    wanted = [*(Port(name, *port) for name, port in info.inputs.items()), info.output]
    found = [*contents.inputs, *contents.outputs]
    right = len(found) == len(wanted) and all(
        _fits(port, like, batch) for port, like in zip(found, wanted, strict=True)
    )
    if not right or (batch is not None and not 1 <= batch <= MAX_BATCH):
        raise ModelFileError(
            f"{path} should map {info.takes()} to {info.output.in_words()}, and does not"
        )
    return Form(batch, {port.name: port.dtype for port in contents.inputs})


def _fits(port: Port, like: Port, batch: int | None) -> bool:
    """Return whether a port is what it should be, for this batch."""
    shape = tuple(batch if size is None else size for size in like.shape)
    dtypes = ("float32", "float16") if like.dtype == "float32" else (like.dtype,)
    return port.name == like.name and port.shape == shape and port.dtype in dtypes


def _filled(part: NDArray[Any], size: int) -> NDArray[Any]:
    """Return `part` with zeros behind it, `size` in all."""
    if len(part) == size:
        return part
    filled = np.zeros((size, *part.shape[1:]), part.dtype)
    filled[: len(part)] = part
    return filled
