"""Models with classes, made by hand: an image is that of its class, and what z adds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ganzoo.draw.info import ModelInfo

NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
         "Ankle boot")  # fmt: skip
DIM, SIDE = 100, 28


def write(path: Path, names: Sequence[str] = NAMES, *, truncation: bool = False) -> Path:
    """Write an ONNX file of 100 latents and images 28x28 in [-1, 1]; `truncation` multiplies z."""
    rng = np.random.default_rng(0)
    constants = {
        "weights": rng.normal(0, 0.05, (DIM, SIDE * SIDE)).astype(np.float32),
        "classes": rng.normal(0, 0.5, (len(names) or 1, SIDE * SIDE)).astype(np.float32),
        "shape": np.array([-1, 1, SIDE, SIDE]),
        **({} if truncation else {"one": np.ones((), np.float32)}),
        **({} if names else {"first": np.zeros(1, np.int64)}),
    }
    nodes = [
        helper.make_node("Mul", ["latent", "truncation" if truncation else "one"], ["z"]),
        helper.make_node("MatMul", ["z", "weights"], ["moved"]),
        helper.make_node("Gather", ["classes", "label" if names else "first"], ["mean"]),
        helper.make_node("Add", ["moved", "mean"], ["flat"]),
        helper.make_node("Tanh", ["flat"], ["bounded"]),
        helper.make_node("Reshape", ["bounded", "shape"], ["image"]),
    ]
    ports: dict[str, tuple[int, list[str | int | None]]] = {
        "latent": (TensorProto.FLOAT, ["batch", DIM]),
        "label": (TensorProto.INT64, ["batch"]),
        "truncation": (TensorProto.FLOAT, []),
    }
    info = ModelInfo(
        version="0", architecture="drawn", plugin={"package": "x", "version": "0"}, options={},
        latent={"shape": [DIM], "dist": "normal", "rng": "gz-normal-v1"},
        image={"layout": "NCHW", "dtype": "float32", "range": [-1, 1], "size": [SIDE, SIDE],
               "channels": 1},
        dataset="x", samples_seen=0, truncation=truncation,
        label={"classes": list(names), "rng": "gz-label-v1"} if names else {},
    )  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "drawn",
        [helper.make_tensor_value_info(name, *ports[name]) for name in info.inputs],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, info.to_metadata())
    onnx.save(model, path)
    return path
