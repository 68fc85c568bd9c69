"""ONNX graphs as other projects write them: generators in many forms, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

FLOAT, HALF, UINT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8
INT64, INT32 = TensorProto.INT64, TensorProto.INT32
node = helper.make_node
Port = tuple[str, int, Sequence[int | str]]


@dataclass
class Foreign:
    """A graph of somebody else: nodes, weights, what it takes, and what it gives."""

    nodes: list[NodeProto]
    weights: dict[str, Any]
    takes: list[Port]
    gives: list[Port]
    options: dict[str, Any] = field(default_factory=dict)
    ir_version: int = 10

    def write(self, path: Path) -> Path:
        tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in self.weights.items()]
        taken, given = (
            [helper.make_tensor_value_info(*port) for port in ports]
            for ports in (self.takes, self.gives)
        )
        if self.ir_version < 4:
            for each in tensors:
                taken.append(helper.make_tensor_value_info(each.name, each.data_type, each.dims))
        graph = helper.make_graph(self.nodes, "foreign", taken, given, tensors)
        opsets = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.ir_version)
        path.write_bytes(model.SerializeToString())
        return path


rng = np.random.default_rng(0)


def weight(*shape: int, dtype: Any = np.float32) -> NDArray[Any]:
    return (rng.normal(size=shape) / 3).astype(dtype)


def perceptron(**changes: Any) -> Foreign:
    """z (n, 6) to colour images (n, 3, 4, 5) from -1 to 1."""
    made = Foreign(
        [
            node("MatMul", ["z", "w"], ["flat"]),
            node("Reshape", ["flat", "shape"], ["rows"]),
            node("Tanh", ["rows"], ["out"]),
        ],
        {"w": weight(6, 60), "shape": np.array([-1, 3, 4, 5])},
        [("z", FLOAT, ["n", 6])],
        [("out", FLOAT, ["n", 3, 4, 5])],
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def transposed() -> Foreign:
    """Latents (n, 6, 1, 1), as in DCGAN's own code; the inputs of a file of 2017 list weights."""
    return Foreign(
        [
            node("ConvTranspose", ["input", "w"], ["x"], kernel_shape=[4, 4]),
            node("Relu", ["x"], ["y"]),
            node("ConvTranspose", ["y", "v"], ["x2"], kernel_shape=[4, 4], strides=[2, 2],
                 pads=[1, 1, 1, 1]),
            node("Tanh", ["x2"], ["out"]),
        ],
        {"w": weight(6, 8, 4, 4), "v": weight(8, 1, 4, 4)},
        [("input", FLOAT, ["n", 6, 1, 1])],
        [("out", FLOAT, ["n", 1, 8, 8])],
        ir_version=3,
    )  # fmt: skip


def last(of: Foreign, *nodes: NodeProto, gives: list[Port], **weights: Any) -> Foreign:
    """`of` with nodes behind it, the first of which takes "out"."""
    return Foreign([*of.nodes, *nodes], of.weights | weights, of.takes, gives, of.options)


def channels_last() -> Foreign:
    transposing = node("Transpose", ["out"], ["nhwc"], perm=[0, 2, 3, 1])
    return last(perceptron(), transposing, gives=[("nhwc", FLOAT, ["n", 4, 5, 3])])


def pixels(order: str) -> Foreign:
    """Images of uint8 (n, 3, 4, 5) or (n, 4, 5, 3)."""
    steps = [
        node("Add", ["out", "one"], ["positive"]),
        node("Mul", ["positive", "half"], ["scaled"]),
        node("Cast", ["scaled"], ["nchw"], to=UINT8),
        node("Transpose", ["nchw"], ["nhwc"], perm=[0, 2, 3, 1]),
    ]
    shape: list[int | str] = ["n", 4, 5, 3] if order == "nhwc" else ["n", 3, 4, 5]
    made = last(perceptron(), *steps, gives=[(order, UINT8, shape)], one=np.float32(1),
                half=np.float32(127.4))  # fmt: skip
    return made


def half() -> Foreign:
    """All of it in float16."""
    weights = {"w": weight(6, 60, dtype=np.float16), "shape": np.array([-1, 3, 4, 5])}
    return perceptron(
        weights=weights, takes=[("z", HALF, ["n", 6])], gives=[("out", HALF, ["n", 3, 4, 5])]
    )


def labelled(dtype: int, shape: list[int | str]) -> Foreign:
    """Labels of three classes, which look up what is added to z; it comes first in the file."""
    of = perceptron()
    first = [
        node("Reshape", ["y", "line"], ["one_each"]),
        node("Gather", ["table", "one_each"], ["of_class"]),
        node("Add", ["noise", "of_class"], ["z"]),
    ]
    return Foreign(
        [*first, *of.nodes], of.weights | {"table": 5 * weight(3, 6), "line": np.array([-1])},
        [("y", dtype, shape), ("noise", FLOAT, ["n", 6])], of.gives, {"classes": 3},
    )  # fmt: skip


def one_hot() -> Foreign:
    """Labels of three classes, each of which becomes a one among zeros."""
    of = perceptron()
    first = [
        node("OneHot", ["y", "depth", "off_on"], ["hot"]),
        node("MatMul", ["hot", "table"], ["of_class"]),
        node("Add", ["noise", "of_class"], ["z"]),
    ]
    more = {"table": 5 * weight(3, 6), "depth": np.array(3), "off_on": np.array([0, 1], np.float32)}
    return Foreign(
        [*first, *of.nodes], of.weights | more, [("y", INT64, ["n"]), ("noise", FLOAT, ["n", 6])],
        of.gives, {"classes": 3},
    )  # fmt: skip


def misnamed() -> Foreign:
    """Its latents are called image, its image label, and a value inside latent."""
    return Foreign(
        [
            node("MatMul", ["image", "w"], ["latent"]),
            node("Reshape", ["latent", "truncation"], ["rows"]),
            node("Tanh", ["rows"], ["label"]),
        ],
        {"w": weight(6, 60), "truncation": np.array([-1, 3, 4, 5])},
        [("image", FLOAT, ["n", 6])],
        [("label", FLOAT, ["n", 3, 4, 5])],
    )


def one_image() -> Foreign:
    """What is declared for any batch, and has a Reshape to one image."""
    of = perceptron()
    of.weights["shape"] = np.array([1, 3, 4, 5])
    return of


def several() -> Foreign:
    """Two inputs that could be z, and two outputs that could be the image."""
    of = perceptron()
    more = [node("Mul", ["out", "other"], ["product"]), node("Neg", ["out"], ["negative"])]
    made = last(of, *more, gives=[*of.gives, ("negative", FLOAT, ["n", 3, 4, 5])])
    made.weights["other"] = np.float32(1)
    made.options = {"image_output": "negative"}
    return made


def of_batch(n: int | str) -> Foreign:
    return perceptron(takes=[("z", FLOAT, [n, 6])], gives=[("out", FLOAT, [n, 3, 4, 5])])


FORMS: dict[str, Callable[[], Foreign]] = {
    "a perceptron": perceptron,
    "latents (n, d, 1, 1), weights among the inputs": transposed,
    "NHWC": channels_last,
    "uint8 NHWC": lambda: pixels("nhwc"),
    "uint8 NCHW": lambda: pixels("nchw"),
    "float16": half,
    "labels": lambda: labelled(INT64, ["n"]),
    "labels int32 (n, 1)": lambda: labelled(INT32, ["n", 1]),
    "labels as a one among zeros": one_hot,
    "names of ganzoo's for other things": misnamed,
    "a batch of four": lambda: of_batch(4),
    "a batch of -1, which is any": lambda: of_batch(-1),
    "one image at a time": one_image,
    "two outputs": several,
}


def mixed() -> Foreign:
    """Each image has the mean of the batch in it, as of a batch norm in training mode."""
    of = perceptron()
    of.nodes[:0] = [node("ReduceMean", ["noise"], ["mean"], axes=[0]),
                    node("Sub", ["noise", "mean"], ["z"])]  # fmt: skip
    of.takes = [("noise", FLOAT, ["n", 6])]
    return of


def alike() -> Foreign:
    of = perceptron()
    of.nodes[:0] = [node("Mul", ["noise", "zero"], ["still"]), node("Add", ["still", "b"], ["z"])]
    of.weights |= {"zero": np.float32(0), "b": np.ones(6, np.float32)}
    of.takes = [("noise", FLOAT, ["n", 6])]
    return of


def not_finite() -> Foreign:
    return last(perceptron(), node("Log", ["out"], ["log"]), gives=[("log", FLOAT, ["n", 3, 4, 5])])


def with_psi() -> Foreign:
    of = last(
        perceptron(), node("Mul", ["out", "psi"], ["p"]), gives=[("p", FLOAT, ["n", 3, 4, 5])]
    )
    of.takes = [*of.takes, ("psi", FLOAT, [])]
    return of


def two_latents() -> Foreign:
    of = last(perceptron(), node("Add", ["z", "z2"], ["sum"]), gives=perceptron().gives)
    of.takes = [*of.takes, ("z2", FLOAT, ["n", 6])]
    return of


def classifier() -> Foreign:
    return perceptron(
        nodes=[node("MatMul", ["z", "w"], ["out"])], gives=[("out", FLOAT, ["n", 60])]
    )


def two_channels() -> Foreign:
    of = perceptron(gives=[("out", FLOAT, ["n", 2, 6, 5])])
    of.weights["shape"] = np.array([-1, 2, 6, 5])
    return of


def custom(domain: str) -> Foreign:
    of = perceptron()
    of.nodes[-1] = node("FusedTanh", ["rows"], ["out"], domain=domain)
    return of


def many_inputs(count: int) -> Foreign:
    return perceptron(takes=[(f"z{i}", FLOAT, ["n", 6]) for i in range(count)])


def constant() -> Foreign:
    """Its images are a weight."""
    return perceptron(
        nodes=[], weights={"out": weight(1, 3, 4, 5)}, gives=[("out", FLOAT, [1, 3, 4, 5])]
    )


def typed(dtype: int) -> Foreign:
    """Images of another type."""
    cast = node("Cast", ["out"], ["cast"], to=dtype)
    return last(perceptron(), cast, gives=[("cast", dtype, ["n", 3, 4, 5])])


def large(times: list[int]) -> Foreign:
    """Images so many times as high and as wide, one in each call."""
    tile = node("Tile", ["out", "times"], ["tiled"])
    return last(
        of_batch(1), tile, gives=[("tiled", FLOAT, [1, 3, "h", "w"])], times=np.array(times)
    )


def crashing() -> Foreign:
    """It ends the process that runs it, with a mean of nothing."""
    nodes = [node("Mean", ["out", ""], ["mean"]), node("Add", ["out", "mean"], ["sum"])]
    return last(perceptron(), *nodes, gives=[("sum", FLOAT, ["n", 3, 4, 5])])
