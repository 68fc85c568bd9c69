"""An ONNX file as steps: read by the guard, and never run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from ganzoo.draw.network import of_file
from ganzoo.draw.network.steps import Flow
from ganzoo.errors import ModelFileError


def written(tmp_path: Path, nodes: list[onnx.NodeProto], **weights: np.ndarray) -> Path:
    """A file with the input z (n, 4) and the output y."""
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("z", floats, [None, 4])],
        [helper.make_tensor_value_info("y", floats, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    path = tmp_path / "x.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def edges(found: Flow) -> list[tuple[str, list[str]]]:
    return [(step.words, [found.steps[t].words for t in step.takes]) for step in found.steps]


def test_an_exported_file_has_the_layers_of_its_network(exported: Path) -> None:
    found = of_file.read(exported)
    said = [step.words for step in found.steps]
    assert [w for w in said if w.startswith("Gemm")] == ["Gemm 100→16", "Gemm 16→32", "Gemm 32→784"]
    assert (said[0], said[-1]) == ("latent", "image")
    assert (found.steps[0].shape, found.steps[-1].shape) == ((100,), (1, 28, 28))
    assert sum(step.parameters for step in found.steps) == found.parameters == 28_032


def test_constants_are_computed_and_residuals_seen(tmp_path: Path) -> None:
    """Weights that are scaled in the file are weights, and no box of their own."""
    nodes = [
        helper.make_node("Mul", ["net.0.weight", "scale"], ["w"]),
        helper.make_node("MatMul", ["z", "w"], ["a"]),
        helper.make_node("Mul", ["a", "half"], ["b"]),
        helper.make_node("Unsqueeze", ["b", "axes"], ["c"]),
        helper.make_node("Squeeze", ["c", "axes"], ["d"]),
        helper.make_node("Add", ["z", "d"], ["y"]),
        helper.make_node("Relu", ["a"], ["unused"]),
    ]
    path = written(
        tmp_path, nodes, **{"net.0.weight": np.ones((4, 4), np.float32)},
        scale=np.ones((1, 4), np.float32), half=np.array(0.5, np.float32),
        axes=np.array([1], np.int64),
    )  # fmt: skip
    found = of_file.read(path)
    assert edges(found) == [
        ("z", []),
        ("MatMul 4→4", ["z"]),
        ("× 0.5", ["MatMul 4→4"]),
        ("+", ["z", "× 0.5"]),
        ("y", ["+"]),
    ]
    assert [step.parameters for step in found.steps] == [0, 20, 1, 0, 0]
    assert found.steps[1].within[-1].name == "net.0"


def test_shapes_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, [helper.make_node("Einsum", ["z"], ["y"], equation="ab->ba")])
    found = of_file.read(path)
    assert [step.shape for step in found.steps] == [(4,), None, None]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m: m.graph.node[0].__setattr__("op_type", "Loop"), "the operator 'Loop'"),
        (lambda m: m.graph.node[0].__setattr__("domain", "evil"), "custom operators"),
        (
            lambda m: m.graph.initializer[0].external_data.add(key="location", value="/etc/x"),
            "other",
        ),
    ],
)
def test_hostile_files_are_refused(exported: Path, tmp_path: Path, change, why: str) -> None:  # type: ignore[no-untyped-def]
    model = onnx.load(exported)
    change(model)
    path = tmp_path / "x.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match=why):
        of_file.read(path)


def test_a_name_of_any_length_is_cut(tmp_path: Path) -> None:
    name = "w\x1b" * 5000
    path = written(
        tmp_path, [helper.make_node("Add", ["z", name], ["y"])],
        **{name: np.ones((1, 4), np.float32)},
    )  # fmt: skip
    said = of_file.read(path).steps[1].words
    assert len(said) < 50
    assert "\x1b" not in said


def test_what_is_there_twice_is_named_in_one_line(exported: Path, tmp_path: Path) -> None:
    path, name = tmp_path / "x.onnx", "a\nb\x1b[2J" * 100
    for field in ("value_info", "initializer"):
        model = onnx.load(exported)
        for _ in range(2):
            if field == "initializer":
                model.graph.initializer.append(numpy_helper.from_array(np.ones(1, "f4"), name))
            else:
                floats = onnx.TensorProto.FLOAT
                info = helper.make_tensor_value_info(name, floats, [1])
                model.graph.value_info.append(info)
        path.write_bytes(model.SerializeToString())
        with pytest.raises(ModelFileError, match=r"twice|two constants") as refused:
            of_file.read(path)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < len(str(path)) + 150


def test_a_convolution_is_called_as_torch_calls_it(tmp_path: Path) -> None:
    floats = onnx.TensorProto.FLOAT
    weights = {"a": (8, 1, 4, 4), "b": (8, 3, 4, 4)}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "a"], ["m"], group=4, dilations=[2, 2]),
            helper.make_node("ConvTranspose", ["m", "b"], ["y"], strides=[2, 1]),
        ],
        "g",
        [helper.make_tensor_value_info("x", floats, [None, 4, 16, 16])],
        [helper.make_tensor_value_info("y", floats, None)],
        [numpy_helper.from_array(np.ones(s, np.float32), name) for name, s in weights.items()],
    )
    path = tmp_path / "x.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    assert [step.words for step in of_file.read(path).steps] == [
        "x",
        "Conv 4→8, 4×4, 4 groups, dilation 2",
        "ConvTranspose 8→3, 4×4, stride 2×1",
        "y",
    ]
