"""Features that an ONNX file computes. A plugin of features may use it, whoever wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import untrusted
from ganzoo.draw.ports import Port
from ganzoo.errors import ModelFileError
from ganzoo.evaluate.features import Described

FEATURES, PROBABILITIES = "features", "probabilities"


class OnnxModel:
    """An ONNX file that maps images to features, run by onnxruntime.

    It has one input of any name, uint8 or float32, whose first axis is the batch. Its outputs are
    "features", float32 (n, d), and perhaps "probabilities", float32 (n, classes). Others are not
    computed.

    It runs on the CPU, also where there is a GPU, so that numbers differ by no more than what one
    processor's float32 sums differ from another's. `threads` is by default the number of CPUs that
    this process may use.
    """

    def __init__(self, content: bytes, path: str | Path, threads: int | None = None) -> None:
        """Open the content of a file; `path` is only for messages.

        Raises ModelFileError if it is damaged, asks for what ganzoo does not run, or has other
        inputs or outputs.
        """
        from ganzoo.draw.session import open_session

        contents = untrusted.inspect(content, path)
        self.path = path
        self.sha256: str = hashlib.sha256(content).hexdigest()
        self.metadata: Mapping[str, str] = contents.metadata
        self._input = _the_input(contents.inputs, path)
        self._outputs = _the_outputs(contents.outputs, path)
        self._session = open_session(content, contents, path, "CPU", threads)

    def describe(self, images: NDArray[Any]) -> Described:
        """Return the features of `images`, an array of the type and shape that the file takes.

        Raises ModelFileError if it takes others, or cannot be run.
        """
        from ganzoo.draw.session import why_not_run

        dtype, shape = self._input.dtype, self._input.shape
        sizes = zip(shape[1:], images.shape[1:], strict=False)
        fits = images.ndim == len(shape) and all(a in (None, b) for a, b in sizes)
        if not fits or images.dtype != dtype:
            wanted = ", ".join("n" if size is None else str(size) for size in shape)
            raise ModelFileError(
                f"{self.path} takes images {dtype} ({wanted}), not {images.dtype} {images.shape}"
            )
        try:
            found = self._session.run(self._outputs, {self._input.name: images})
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise ModelFileError(why_not_run(error, self.path, len(images))) from error
        return Described(*(np.asarray(output) for output in found))


def _the_input(inputs: list[Port], path: str | Path) -> Port:
    """Return the one input; ModelFileError if it cannot take images."""
    if len(inputs) != 1:
        raise ModelFileError(f"{path} has {len(inputs)} inputs, and features have one: images")
    (port,) = inputs
    if port.dtype not in ("uint8", "float32") or len(port.shape) < 2 or port.shape[0] is not None:
        raise ModelFileError(
            f"{path} takes {port.dtype} {port.shape}; features take uint8 or float32 images, and "
            "the first axis, the batch, has no fixed size"
        )
    return port


def _the_outputs(outputs: list[Port], path: str | Path) -> list[str]:
    """Return the names of the outputs to compute; ModelFileError if there are no features."""
    ports = {port.name: port for port in outputs}
    names = [name for name in (FEATURES, PROBABILITIES) if name in ports]
    for name in names:
        if ports[name].dtype != "float32" or len(ports[name].shape) != 2:
            raise ModelFileError(f"{path} has an output '{name}' that is not float32 of two axes")
    if FEATURES not in names:
        had = ", ".join(ports) or "nothing"
        raise ModelFileError(f"{path} computes {had}; it needs an output named '{FEATURES}'")
    return names
