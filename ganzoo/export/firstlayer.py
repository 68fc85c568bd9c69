"""The first layer of a generator that torch runs, found where that of an ONNX file is found."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ganzoo.draw.generator import Generator
from ganzoo.errors import FirstLayerError, ModelFileError


def with_first_layer(generator: Generator, network: nn.Module) -> Generator:
    """Return `generator`, which draws with `network`, with a `first_layer`.

    Both are what `weights.load_generator` returns, on the CPU. `first_layer` maps z (n, latent_dim)
    to float32 (n, features); where no layer follows a first one, these are the images. When it is
    first called, it writes the network as ONNX in memory, with the weights of that moment. It
    raises FirstLayerError where the network cannot be written.
    """

    @functools.cache
    def exported() -> Generator:
        from ganzoo.draw.session import from_bytes  # drawing need not wait for these imports
        from ganzoo.export.graph import to_onnx
        from ganzoo.export.parity import with_metadata

        info = generator.info
        try:
            content = with_metadata(to_onnx(network, info), info)
            return from_bytes(content, f"the ONNX graph of {info.architecture}", ours=True)
        except ModelFileError as error:
            raise FirstLayerError(
                f"the first layer is found in ONNX graphs, and {error}"
            ) from error

    def first_layer(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        layer = exported().first_layer or exported().forward
        return layer(*inputs).reshape(len(inputs[0]), -1)

    return replace(generator, first_layer=first_layer)
