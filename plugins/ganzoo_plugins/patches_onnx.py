"""The trained network of `patches` with its read-out, written as an ONNX file.

The read-out is the mean over each quarter of the picture, so that it knows roughly where things
are. Its principal components on the data are scaled to variance 1, but for the smallest ones: then
no attribute outweighs all others, as the colour of the hair does in faces.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganzoo_plugins.onnx_graph import Graph
from ganzoo_plugins.patches_training import WIDTHS, Network

FEATURES = 64
FLOOR = 0.003
"""Variance added to that of each component, as a share of the largest: the rest is noise."""
MEASURED = 5_000
"""Images that the components are measured on, at most."""


def to_onnx(network: Network, pixels: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the graph: uint8 images (n, H, W, C) to "features", float32 (n, 64).

    `pixels` (N, H, W, C) are the images whose components are scaled.
    """
    matrix, shift = whitening(_read_out(network, pixels))
    graph = Graph()
    x = graph.add("Cast", "images", to=onnx.TensorProto.FLOAT)
    x = graph.add("Transpose", x, perm=[0, 3, 1, 2])
    if network.reduce > 1:
        window = [network.reduce] * 2
        x = graph.add("AveragePool", x, kernel_shape=window, strides=window)
    x = graph.add("Mul", x, graph.constant(np.array(1 / 127.5, np.float32)))
    x = graph.add("Sub", x, graph.constant(np.array(1, np.float32)))
    for convolution, norm in zip(network.convolutions, network.norms, strict=True):
        scale = norm.get_parameter("weight") / (norm.get_buffer("running_var") + 1e-5).sqrt()
        bias = norm.get_parameter("bias") - norm.get_buffer("running_mean") * scale
        kernel = convolution.get_parameter("weight") * scale[:, None, None, None]
        stride = 2 if kernel.shape[-1] == 4 else 1
        constants = (graph.constant(part.detach().numpy()) for part in (kernel, bias))
        x = graph.add("Conv", x, *constants, strides=[stride] * 2, pads=[1] * 4)
        x = graph.add("Relu", x)
    window, strides = _quarters(network)
    x = graph.add("AveragePool", x, kernel_shape=window, strides=strides)
    x = graph.add("Flatten", x)
    graph.add("Gemm", x, graph.constant(matrix), graph.constant(shift), name="features")
    return graph.model(
        "patches",
        {"images": (np.uint8, ["n", *network.shape])},
        {"features": (np.float32, ["n", matrix.shape[1]])},
    )


def whitening(read_out: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the matrix (d, 64) and the shift (64,) that make components of rows (n, d)."""
    values, vectors = np.linalg.eigh(np.cov(read_out.T.astype(np.float64)))
    values, vectors = values[::-1][:FEATURES], vectors[:, ::-1][:, :FEATURES]
    matrix = vectors / np.sqrt(values + FLOOR * values[0])
    return matrix.astype(np.float32), (-read_out.mean(0) @ matrix).astype(np.float32)


def _quarters(network: Network) -> tuple[list[int], list[int]]:
    """Return the window and the strides that make two means along each side of the last maps."""
    sides = [side // network.reduce // 2 ** (len(WIDTHS) - 1) for side in network.shape[:2]]
    return [-(-side // 2) for side in sides], [max(1, side // 2) for side in sides]


@torch.no_grad()
def _read_out(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the means over quarters, (n, d), of evenly chosen images."""
    chosen = np.linspace(0, len(pixels) - 1, min(MEASURED, len(pixels))).astype(int)
    window, strides = _quarters(network)
    parts = list[Tensor]()
    for some in np.array_split(chosen, -(-len(chosen) // 250)):
        maps = network(network.small(pixels[some]))
        parts.append(F.avg_pool2d(maps, window, strides).flatten(1))
    return np.asarray(torch.cat(parts).numpy())
