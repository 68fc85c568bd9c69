"""The Inception network of the FID, written as an ONNX graph from a file of its weights.

It is Szegedy et al. 2015 (arXiv:1512.00567) up to the mean of the last feature maps, 2048 numbers.
The weights that the FID is defined by were trained for 1008 classes. With them two kinds of pooling
differ from torchvision's network: means leave out the border, and the last block takes a maximum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ganzoo.errors import ModelFileError
from ganzoo_plugins.onnx_graph import Graph

SIDE, FEATURES = 299, 2048
FID_CLASSES, TORCHVISION_CLASSES = 1008, 1000

Weights = Mapping[str, NDArray[np.float32]]


def to_onnx(weights: Weights) -> onnx.ModelProto:
    """Return the graph: float32 (n, 299, 299, 3) in [-1, 1] to "features", float32 (n, 2048).

    Raises ModelFileError if the weights are of another network.
    """
    network = _Network(weights)
    graph = network.graph
    x = graph.add("Transpose", "images", perm=[0, 3, 1, 2])
    x = network.conv(x, "Conv2d_1a_3x3", stride=2)
    x = network.conv(x, "Conv2d_2a_3x3", same=False)
    x = network.conv(x, "Conv2d_2b_3x3")
    x = network.halved(x)
    x = network.conv(x, "Conv2d_3b_1x1")
    x = network.conv(x, "Conv2d_4a_3x3", same=False)
    x = network.halved(x)
    for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        x = network.block_a(x, name)
    x = network.block_b(x, "Mixed_6a")
    for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        x = network.block_c(x, name)
    x = network.block_d(x, "Mixed_7a")
    x = network.block_e(x, "Mixed_7b")
    x = network.block_e(x, "Mixed_7c", maximum=network.of_fid)
    x = graph.add("GlobalAveragePool", x)
    graph.add("Flatten", x, name="features")
    return graph.model(
        "inception",
        {"images": (np.float32, ["n", SIDE, SIDE, 3])},
        {"features": (np.float32, ["n", FEATURES])},
    )


class _Network:
    """The blocks of the network. Each takes and returns the name of a tensor (n, C, H, W)."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.graph = weights, Graph()
        classes = len(self._get("fc.weight"))
        if classes not in (FID_CLASSES, TORCHVISION_CLASSES):
            raise ModelFileError(
                f"the weights are of {classes} classes: the FID's have {FID_CLASSES}, "
                f"torchvision's {TORCHVISION_CLASSES}"
            )
        self.of_fid = classes == FID_CLASSES

    def _get(self, name: str) -> NDArray[np.float64]:
        if name not in self.weights:
            raise ModelFileError(f"the weights are not of Inception v3: there is no '{name}'")
        return np.asarray(self.weights[name], np.float64)

    def conv(self, x: str, name: str, stride: int = 1, same: bool = True) -> str:
        """Convolve, normalise and cut at zero; `same` keeps the size where the stride is 1."""
        weight = self._get(f"{name}.conv.weight")
        mean, variance = self._get(f"{name}.bn.running_mean"), self._get(f"{name}.bn.running_var")
        scale = self._get(f"{name}.bn.weight") / np.sqrt(variance + 0.001)
        shift = self._get(f"{name}.bn.bias") - mean * scale
        height, width = weight.shape[2:]
        around = [height // 2, width // 2] * 2 if same and stride == 1 else [0] * 4
        kernel = self.graph.constant((weight * scale[:, None, None, None]).astype(np.float32))
        bias = self.graph.constant(shift.astype(np.float32))
        x = self.graph.add("Conv", x, kernel, bias, strides=[stride] * 2, pads=around)
        return self.graph.add("Relu", x)

    def convs(self, x: str, block: str, *names: str) -> str:
        """Convolve by several layers of a block, one after the other."""
        for name in names:
            x = self.conv(x, f"{block}.{name}")
        return x

    def halved(self, x: str) -> str:
        """Take the maximum of 3x3 pixels, every second one."""
        return self.graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])

    def pooled(self, x: str, block: str, maximum: bool = False) -> str:
        """Take the mean or the maximum around each pixel, and convolve."""
        window: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1] * 4}
        if maximum:
            x = self.graph.add("MaxPool", x, **window)
        else:
            border = int(not self.of_fid)
            x = self.graph.add("AveragePool", x, count_include_pad=border, **window)
        return self.conv(x, f"{block}.branch_pool")

    def joined(self, *branches: str) -> str:
        """Put the channels of several tensors one behind the other."""
        return self.graph.add("Concat", *branches, axis=1)

    def block_a(self, x: str, block: str) -> str:
        """Look at 35x35 places with kernels up to 5x5."""
        return self.joined(
            self.convs(x, block, "branch1x1"),
            self.convs(x, block, "branch5x5_1", "branch5x5_2"),
            self.convs(x, block, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            self.pooled(x, block),
        )

    def block_b(self, x: str, block: str) -> str:
        """Go from 35x35 to 17x17 places."""
        double = self.convs(x, block, "branch3x3dbl_1", "branch3x3dbl_2")
        return self.joined(
            self.conv(x, f"{block}.branch3x3", stride=2),
            self.conv(double, f"{block}.branch3x3dbl_3", stride=2),
            self.halved(x),
        )

    def block_c(self, x: str, block: str) -> str:
        """Look at 17x17 places with kernels of 1x7 and 7x1."""
        return self.joined(
            self.convs(x, block, "branch1x1"),
            self.convs(x, block, *(f"branch7x7_{i}" for i in range(1, 4))),
            self.convs(x, block, *(f"branch7x7dbl_{i}" for i in range(1, 6))),
            self.pooled(x, block),
        )

    def block_d(self, x: str, block: str) -> str:
        """Go from 17x17 to 8x8 places."""
        three = self.convs(x, block, "branch3x3_1")
        seven = self.convs(x, block, *(f"branch7x7x3_{i}" for i in range(1, 4)))
        return self.joined(
            self.conv(three, f"{block}.branch3x3_2", stride=2),
            self.conv(seven, f"{block}.branch7x7x3_4", stride=2),
            self.halved(x),
        )

    def block_e(self, x: str, block: str, maximum: bool = False) -> str:
        """Look at 8x8 places with kernels of 1x3 beside 3x1."""
        three = self.convs(x, block, "branch3x3_1")
        double = self.convs(x, block, "branch3x3dbl_1", "branch3x3dbl_2")
        return self.joined(
            self.convs(x, block, "branch1x1"),
            self.convs(three, block, "branch3x3_2a"),
            self.convs(three, block, "branch3x3_2b"),
            self.convs(double, block, "branch3x3dbl_3a"),
            self.convs(double, block, "branch3x3dbl_3b"),
            self.pooled(x, block, maximum),
        )
