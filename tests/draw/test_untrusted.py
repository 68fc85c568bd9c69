"""Model files from strangers: each is refused in one line, and nothing of it is run."""

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import ganzoo
from ganzoo.draw import untrusted
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.ports import Port
from ganzoo.errors import DeviceError, ModelFileError, UsageError
from tests.conftest import Cli
from tests.fuzz_onnx import varint

Change = Callable[[onnx.ModelProto], None]


def external(location: str) -> Change:
    """The first weights in another file."""

    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, "offset": "0", "length": "64"}.items():
            tensor.external_data.add(key=key, value=value)

    return change


def external_in_a_constant(model: onnx.ModelProto) -> None:
    """The same, hidden in a node's attribute."""
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))


def custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.evil"
    model.opset_import.add(domain="com.evil", version=1)


def contrib_operator(model: onnx.ModelProto) -> None:
    """An operator that onnxruntime does have, and that is not ONNX's."""
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.add(domain="com.microsoft", version=1)


def endless_loop(model: onnx.ModelProto) -> None:
    graph = model.graph
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["again"]),
            helper.make_node("Identity", ["x"], ["y"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("on", TensorProto.BOOL, []),
         value("x", TensorProto.FLOAT, None)],
        [value("again", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    graph.initializer.append(numpy_helper.from_array(np.array(2**62), "times"))
    graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    loop = helper.make_node("Loop", ["times", "yes", "latent"], ["looped"], body=body)
    graph.node.insert(0, loop)
    graph.node[1].input[0] = "looped"


def own_function(model: onnx.ModelProto) -> None:
    opset = [helper.make_opsetid("", 20)]
    node = helper.make_node("Relu", ["x"], ["y"])
    model.functions.append(helper.make_function("own", "F", ["x"], ["y"], [node], opset))


def sparse_weights(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    sparse = helper.make_sparse_tensor(values, indices, [2**38])
    model.graph.sparse_initializer.append(sparse)


def terabyte_weights(model: onnx.ModelProto) -> None:
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([2**20, 2**18])


def negative_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = -4


def terabyte_output(model: onnx.ModelProto) -> None:
    metadata(model, "ganzoo.image", '{"layout": "NCHW", "dtype": "float32", "range": [-1, 1], '
             '"size": [524288, 524288], "channels": 1}')  # fmt: skip


def another_output_size(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 2**19


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.add().CopyFrom(model.graph.output[0])
    model.graph.output[1].name = model.graph.node[0].output[0]


def another_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].name = "z"
    model.graph.node[0].input[0] = "z"


def sequence_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].CopyFrom(
        helper.make_tensor_sequence_value_info("latent", TensorProto.FLOAT, ["batch", 100])
    )


def newer_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 999


def newer_format(model: onnx.ModelProto) -> None:
    model.ir_version = 999


def training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def metadata(model: onnx.ModelProto, key: str, value: str) -> None:
    for pair in model.metadata_props:
        if pair.key == key:
            pair.value = value


def random_numbers(model: onnx.ModelProto) -> None:
    """Image i would no longer depend on the seed and i alone."""
    model.graph.node.append(helper.make_node("RandomNormalLike", ["latent"], ["noise"]))


def many_nodes(model: onnx.ModelProto) -> None:
    for i in range(untrusted.MAX_NODES):
        model.graph.node.append(helper.make_node("Tanh", ["latent"], [f"t{i}"]))


def text(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(["x" * 99], object), "t"))


def cast_to_text(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Cast", ["latent"], ["t"], to=TensorProto.STRING))


def constant_text(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["t"], value_string="x"))


def many_dims(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims.extend([2**62] * 300)


def no_opset(model: onnx.ModelProto) -> None:
    model.ClearField("opset_import")


CASES: list[tuple[Change, str]] = [
    (random_numbers, "wants the operator 'RandomNormalLike', which ganzoo does not run"),
    (many_nodes, "more than 2,000 nodes"),
    (text, "tensors of text"),
    (cast_to_text, "tensors of text"),
    (constant_text, "tensors of text"),
    (many_dims, "declares a tensor far larger"),
    (no_opset, "no graph, or no opset"),
    (external("../../secret.bin"), "in other files"),
    (external("link.bin"), "in other files"),
    (external_in_a_constant, "in other files"),
    (custom_operator, "custom operators, of 'com.evil'"),
    (contrib_operator, "custom operators, of 'com.microsoft'"),
    (endless_loop, "loops or branches"),
    (own_function, "functions of its own"),
    (sparse_weights, "sparse tensors"),
    (training, "training program"),
    (terabyte_weights, "declares a tensor far larger"),
    (negative_weights, "declares a tensor far larger"),
    (terabyte_output, "damaged ganzoo metadata: image is"),
    (another_output_size, "should map latent float32"),
    (second_output, "should map latent float32"),
    (another_input, "should map latent float32"),
    (sequence_input, "something else than a tensor"),
    (newer_opset, "opset 999 and IR version 9, and onnxruntime"),
    (newer_format, "IR version 999, and onnxruntime"),
]


@pytest.mark.parametrize(("change", "message"), CASES)
def test_what_is_refused(
    exported: Path, tmp_path: Path, cli: Cli, change: Change, message: str
) -> None:
    # What the external files would be: one above the model's folder, one a link to elsewhere.
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    model = onnx.load(exported)
    change(model)
    (folder / "x.onnx").write_bytes(model.SerializeToString())
    done = cli("sample", folder / "x.onnx", "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    assert message in done.err
    if "onnxruntime" in message:
        assert done.err.rstrip().endswith("upgrade onnxruntime")
    assert not (tmp_path / "x.png").exists()


def hidden(model: onnx.ModelProto, field: int, content: bytes) -> bytes:
    """The file with one more part, whose tag protobuf reads as `field`, and a naive reader not."""
    tag = (field << 3 | 2) | 1 << 32
    return bytes(model.SerializeToString()) + varint(tag) + varint(len(content)) + content


@pytest.mark.parametrize("field", [7, 20, 25])
def test_what_a_careless_reader_would_not_see(exported: Path, tmp_path: Path, field: int) -> None:
    """A second graph, a training program, functions: behind tags with bits that protobuf drops."""
    content = hidden(onnx.load(exported), field, b"")
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match="a field has no number"):
        ganzoo.load(tmp_path / "x.onnx")


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ((7,), b"\x38\x01"),  # the graph is an int
        ((7, 1), b"\x08\x01"),  # a node is
        ((7, 1, 5), b"\x28\x01"),
        ((7, 5), b"\x28\x01"),
        ((7, 11), b"\x58\x01"),
        ((7, 11, 2), b"\x10\x01"),
        ((7, 11, 2, 1, 1), b"\x0a\x00"),  # the type of an input is bytes
        ((7, 11, 2, 1, 2), b"\x10\x01"),
        ((8, 2), b"\x15\x00\x00\x00\x00"),  # the opset is a float
        ((14,), b"\x70\x01"),
        ((1,), b"\x0a\x00"),
    ],
)
def test_parts_of_the_wrong_kind(tmp_path: Path, path: tuple[int, ...], wrong: bytes) -> None:
    content = wrong
    for field in path[-2::-1]:
        content = varint(field << 3 | 2) + varint(len(content)) + content
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match="is not an ONNX file, or is damaged"):
        ganzoo.load(tmp_path / "x.onnx")


def test_parts_that_protobuf_would_merge(exported: Path, tmp_path: Path) -> None:
    """Two graphs, each harmless: protobuf makes one of them."""
    content = exported.read_bytes()
    graph = onnx.load(exported).graph.SerializeToString()
    (tmp_path / "x.onnx").write_bytes(content + b"\x3a" + varint(len(graph)) + graph)
    with pytest.raises(ModelFileError, match="two graphs"):
        ganzoo.load(tmp_path / "x.onnx")


def test_only_one_kind_of_error_leaves_the_reader(exported: Path) -> None:
    """Many more damaged files than processes could open: reading alone."""
    content, refused = exported.read_bytes(), 0
    start, end = content.index(b"latent") - 100, len(content)
    for number in range(10_000):
        rng = random.Random(number)
        data = bytearray(content[:60] + content[end - 3000 :] if number % 2 else content)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(max(0, start) if rng.random() < 0.2 else 0, len(data))
            data[at] = rng.randrange(256)
        try:
            ModelInfo.from_metadata(untrusted.inspect(bytes(data), "x").metadata, "x")
        except ModelFileError:
            refused += 1
    assert refused > 2500


@pytest.mark.parametrize("when", ["as it is opened", "as it draws"])
def test_a_terabyte_in_between(exported: Path, tmp_path: Path, cli: Cli, when: str) -> None:
    """Declared by no shape in the file: only onnxruntime finds out, and its memory is limited."""
    model = onnx.load(exported)
    graph = model.graph
    size = numpy_helper.from_array(np.array([2**20, 2**18]), "size")
    graph.initializer.extend([size, numpy_helper.from_array(np.array([0, 1]), "axes")])
    if when == "as it is opened":
        graph.node.append(helper.make_node("ConstantOfShape", ["size"], ["huge"]))
    else:
        one = numpy_helper.from_array(np.array([0, 1]), "both")
        graph.initializer.append(one)
        scalar = helper.make_node("ReduceMax", ["latent", "both"], ["scalar"], keepdims=0)
        graph.node.extend([scalar, helper.make_node("Expand", ["scalar", "size"], ["huge"])])
    graph.node.append(helper.make_node("ReduceMax", ["huge", "axes"], ["most"], keepdims=0))
    graph.node.append(helper.make_node("Add", ["image", "most"], ["sum"]))
    graph.output[0].name = "sum"
    for node in graph.node:  # `image` is the sum now
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                names[i] = {"image": "before", "sum": "image"}.get(name, name)
    graph.output[0].name = "image"
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    done = cli("sample", tmp_path / "x.onnx", "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    assert "needs more than 4 GiB" in done.err


def test_images_that_are_no_numbers(exported: Path, tmp_path: Path, cli: Cli) -> None:
    model = onnx.load(exported)
    bias = next(t for t in model.graph.initializer if len(t.dims) == 1)
    values = np.full(list(bias.dims), np.nan, np.float32)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    done = cli("sample", tmp_path / "x.onnx", "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "not finite" in done.err


def test_a_model_that_lies_about_its_output(exported: Path, tmp_path: Path) -> None:
    model = onnx.load(exported)
    model.graph.node[-1].output[0] = "before"
    first = numpy_helper.from_array(np.array([0]), "first")
    one = numpy_helper.from_array(np.array([1]), "one")
    model.graph.initializer.extend([first, one])
    model.graph.node.append(helper.make_node("Slice", ["before", "first", "one"], ["image"]))
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    generator = ganzoo.load(tmp_path / "x.onnx")
    with pytest.raises(ModelFileError, match="not what it declares"):
        generator.sample(2)


def test_files_that_are_far_too_large_or_no_files(tmp_path: Path, cli: Cli) -> None:
    huge = tmp_path / "huge.onnx"
    with huge.open("wb") as file:
        file.truncate(2**40)  # a hole: a terabyte that takes no room
    done = cli("sample", huge)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "1,099,511,627,776 bytes, and ganzoo opens at most" in done.err
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.onnx")
        done = cli("sample", tmp_path / "pipe.onnx")  # and does not wait for a writer
        assert (done.code, done.err.count("\n")) == (5, 1)
        assert "is a device or a pipe" in done.err


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"hello", b"\xff" * 100, b"\x3a\xff\xff\xff\xff\x0f", b"\x0b" * 50,
     struct.pack("<I4s", 8, b"ORTM") + bytes(64)],
)  # fmt: skip
def test_what_is_no_onnx_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match="is not an ONNX file"):
        ganzoo.load(tmp_path / "x.onnx")


def test_a_file_of_very_many_parts(exported: Path, tmp_path: Path) -> None:
    """What takes onnxruntime long to read is not given to it."""
    content = exported.read_bytes() + b"\x12\x00" * (untrusted.MAX_PARTS + 1)
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ModelFileError, match="too many parts"):
        ganzoo.load(tmp_path / "x.onnx")


def test_inspection_reads_what_onnx_reads(exported: Path) -> None:
    """The reader of our own against the library, on a file with everything in it."""
    model = onnx.load(exported)
    found = untrusted.inspect(exported.read_bytes(), exported)
    assert found.metadata == {p.key: p.value for p in model.metadata_props}
    assert (found.opset, found.ir_version) == (model.opset_import[0].version, model.ir_version)
    assert sum(found.operators.values()) == len(model.graph.node)
    assert found.inputs == [Port("latent", "float32", (None, 100))]
    assert found.outputs == [Port("image", "float32", (None, 1, 28, 28))]


def test_a_link_to_a_model_is_the_model(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").symlink_to(exported)
    np.testing.assert_array_equal(
        ganzoo.load(tmp_path / "x.onnx").sample(1), ganzoo.load(exported).sample(1)
    )


def test_providers_and_threads(exported: Path) -> None:
    assert ganzoo.load(exported).runs_on == "CPUExecutionProvider"
    assert ganzoo.load(exported, providers="CPU", threads=1).runs_on == "CPUExecutionProvider"
    with pytest.raises(DeviceError, match="this onnxruntime has no XyzExecutionProvider; it has"):
        ganzoo.load(exported, providers=["Xyz", "CPU"])
    with pytest.raises(DeviceError, match="has no provider"):
        ganzoo.load(exported, providers=[])
    with pytest.raises(UsageError, match="threads must be at least 1"):
        ganzoo.load(exported, threads=0)
