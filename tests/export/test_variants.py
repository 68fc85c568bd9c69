"""Exports of other numbers: float16, int8, and pixels from the graph."""

import functools
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError
from ganzoo.export import variants
from ganzoo.export.exporting import Exported, export_onnx
from ganzoo.export.graph import clean, to_onnx
from ganzoo.export.parity import Reference
from ganzoo.export.quantize import Quantizer, rounded
from ganzoo.runs.weights import load_generator, model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests.conftest import ROOT, Ganzoo, process

pytestmark = pytest.mark.usefixtures("quick_exports")


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory: pytest.TempPathFactory, ganzoo: Ganzoo) -> Path:
    """The folder of a run with convolutions and batch norms: a narrow dcgan_fashion, two steps."""
    runs = tmp_path_factory.mktemp("runs")
    done = ganzoo(
        "train", "dcgan_fashion", "--set", "width=8", "--data", "toy_garments",
        "--set-data", "count=64", "--batch-size", 32, "--max-steps", 2, "--runs", runs,
    )  # fmt: skip
    assert done.code == 0, done.err
    return Path(done.last)


Exports = Callable[[str, bool], Exported]


@pytest.fixture(scope="module")
def exports(convolutional: Path, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Exports of `convolutional`, by precision and whether the graph makes pixels, made once."""

    @functools.cache
    def exported(precision: str, uint8: bool) -> Exported:
        target = tmp_path_factory.mktemp("exports") / "x.onnx"
        return export_onnx(convolutional, target, precision=precision, uint8=uint8)

    return exported


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_two_exports_are_identical_and_name_no_path(
    convolutional: Path, tmp_path: Path, precision: str
) -> None:
    """In other processes, other folders, and of a copy of the run that lies elsewhere."""
    shutil.copytree(convolutional, tmp_path / "elsewhere")
    contents: list[bytes] = []
    for folder, run in (("a", convolutional), ("b", tmp_path / "elsewhere")):
        (tmp_path / folder).mkdir()
        code = (
            "from pathlib import Path; from ganzoo.export.exporting import export_onnx\n"
            f"export_onnx({str(run)!r}, Path('x.onnx'), precision={precision!r}, "
            f"uint8={precision == 'int8'})"
        )
        env = {"PYTHONHASHSEED": str(len(contents))}
        done = process("-c", code, cwd=tmp_path / folder, env=env)
        assert done.code == 0, done.err
        contents.append((tmp_path / folder / "x.onnx").read_bytes())
    assert contents[0] == contents[1]
    for word in (str(ROOT), str(tmp_path), "/tmp", "site-packages", ".py", "stack_trace"):
        assert word.encode() not in contents[0]


@pytest.mark.parametrize("uint8", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_every_variant_draws_what_torch_draws(
    convolutional: Path, exports: Exports, precision: str, uint8: bool
) -> None:
    whole = exports("float32", False)
    done = exports(precision, uint8)
    generator = ganzoo.load(done.path)
    expected = load_generator(convolutional)[0].sample(100, seed=9)
    difference = np.abs(generator.sample(100, seed=9).astype(int) - expected)
    allowed = {"float32": 1, "float16": 1, "int8": 8}[precision]
    assert difference.max() <= allowed
    assert difference.mean() <= 1
    share = {"float32": 1.0, "float16": 0.5, "int8": 0.25}[precision]
    assert done.nbytes < share * whole.nbytes + 35_000  # and the nodes, their names and shapes
    assert generator.info.precision == precision
    raw = generator.run(np.zeros((3, 100), np.float32))
    if uint8:
        assert (raw.shape, raw.dtype) == ((3, 28, 28, 1), np.dtype(np.uint8))
        assert generator.info.image["layout"] == "NHWC"
        assert done.parity.max_error is None
    else:
        assert (raw.shape, raw.dtype) == ((3, 1, 28, 28), np.dtype(np.float32))
    assert done.parity.uint8_max <= allowed
    held = {t.data_type for t in onnx.load(done.path).graph.initializer if len(t.dims) > 1}
    kind = {"float32": "FLOAT", "float16": "FLOAT16", "int8": "INT8"}[precision]
    assert onnx.TensorProto.DataType.Value(kind) in held
    if precision == "float16":
        assert onnx.TensorProto.FLOAT not in held
    if precision == "int8":
        assert done.operators["QuantizeLinear"] > 0


def test_images_of_another_range(tmp_path: Path) -> None:
    loaded = registry.load_architecture("dcgan_fashion_maxpool", {"width": 8, "hidden": 16})
    network, _ = build(loaded.value, seed=1)
    info = model_info(loaded, "none", 0)
    assert info.image_range == (0, 1)
    reference = Reference(Generator(info, lambda z: draw(network, z)))
    floats = to_onnx(network, info)
    reference.check(floats, info)
    image = {**info.image, "layout": "NHWC", "dtype": "uint8", "range": [0, 255]}
    parity = reference.check(clean(variants.uint8(floats, info)), replace(info, image=image))
    assert parity.uint8_max <= 1


def test_int8_holds_for_images_that_it_was_not_judged_by(
    convolutional: Path, exports: Exports
) -> None:
    drawn = ganzoo.load(exports("int8", False).path).sample(2000, seed=77).astype(int)
    worst = np.abs(drawn - load_generator(convolutional)[0].sample(2000, seed=77)).max(
        axis=(1, 2, 3)
    )
    assert np.mean(worst > 8) < 0.001


def test_pixels_of_the_graph_are_those_of_numpy(exports: Exports) -> None:
    floats = ganzoo.load(exports("float32", False).path)
    pixels = ganzoo.load(exports("float32", True).path)
    np.testing.assert_array_equal(floats.sample(64), pixels.sample(64))


def test_an_image_is_the_same_bit_for_bit_in_any_batch(exports: Exports) -> None:
    for precision in ("float32", "int8"):
        generator = ganzoo.load(exports(precision, False).path)
        z = latents.normal(64, 100, seed=5)
        together = generator.run(z)
        alone = np.concatenate([generator.run(row[None]) for row in z])
        assert together.tobytes() == alone.tobytes()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has it")
@pytest.mark.parametrize(("precision", "uint8"), [("float32", False), ("int8", True)])
def test_the_same_weights_give_the_same_bytes_with_any_number_of_threads(
    convolutional: Path, tmp_path: Path, precision: str, uint8: bool
) -> None:
    """Threads share out sums, which rounds them differently: also of what is only measured."""
    made, before, cpus = set[bytes](), torch.get_num_threads(), os.sched_getaffinity(0)
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            os.sched_setaffinity(0, sorted(cpus)[:threads])  # onnxruntime takes as many
            path = tmp_path / f"{threads}.onnx"
            export_onnx(convolutional, path, precision=precision, uint8=uint8)
            made.add(path.read_bytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
        os.sched_setaffinity(0, cpus)
    assert len(made) == 1


def coarse(*layers: torch.nn.Linear) -> torch.nn.Module:
    """A generator whose last layer has a huge weight in each channel, which sets the scale.

    Those of input 0 do nothing, and those of output 0 make one pixel black or white.
    """
    *_, before, last = (None, *layers)
    with torch.no_grad():
        last.weight[:, 0] = last.weight[0] = 1000
        if before is not None:
            before.weight[0] = before.bias[0] = 0
    return torch.nn.Sequential(*layers, torch.nn.Tanh(), torch.nn.Unflatten(1, (1, 28, 28)))


class FirstIsZero(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.cat([z[:, :1] * 0, z[:, 1:]], 1)


def int8_of(network: torch.nn.Module, info: ModelInfo) -> onnx.ModelProto:
    reference = Reference(Generator(info, lambda z: draw(network, z)))
    model = to_onnx(network, info)
    reference.check(model, info)
    return rounded(Quantizer(model, info), lambda m: reference.compare(m, info).passes("int8"))


def test_a_layer_that_does_not_bear_8_bits_keeps_16(trained: Path) -> None:
    info = load_generator(trained)[0].info
    network = coarse(torch.nn.Linear(100, 400), torch.nn.Linear(400, 784))
    stored = [t.data_type for t in int8_of(network, info).graph.initializer if len(t.dims) > 1]
    assert sorted(stored) == [onnx.TensorProto.INT8, onnx.TensorProto.FLOAT16]


def test_half_adds_one_cast_for_each_weight(trained: Path) -> None:
    """And a weight is put together of two parts only where part of it is in 8 bits."""
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)
    (layer, *_) = [node for node in model.graph.node if node.op_type == "Gemm"]

    def added(variant: onnx.ModelProto) -> dict[str, int]:
        counts = [Counter(node.op_type for node in m.graph.node) for m in (variant, model)]
        return dict(counts[0] - counts[1])

    assert added(variants.half(model)) == {"Cast": 3}
    stored = variants.stored_in_bits
    assert added(stored(model, {layer.name: 1.0})) == {"Cast": 3, "Mul": 1}
    assert added(stored(model, {layer.name: 0.5})) == {"Cast": 4, "Mul": 1, "Concat": 1}


def test_the_scales_are_those_of_the_channels_that_differ_most(trained: Path) -> None:
    """Of inputs where these do, and else of outputs: whichever the weights are nearer to."""
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)
    (layer, *_) = [node for node in model.graph.node if node.op_type == "Gemm"]
    (weight,) = [t for t in model.graph.initializer if t.name == layer.input[1]]
    plain = np.random.default_rng(0).uniform(-1, 1, tuple(weight.dims)).astype(np.float32)
    for axis in (0, 1):
        sizes = np.geomspace(1, 1000, plain.shape[axis], dtype=np.float32)
        weight.CopyFrom(
            numpy_helper.from_array(plain * np.expand_dims(sizes, 1 - axis), weight.name)
        )
        stored = variants.stored_in_bits(model, {layer.name: 1.0})
        (scale,) = [t for t in stored.graph.initializer if t.name == f"{weight.name}_scale"]
        assert [size > 1 for size in scale.dims] == [axis == 0, axis == 1]


def test_int8_of_which_nothing_is_left_is_refused(trained: Path) -> None:
    info = load_generator(trained)[0].info
    network = torch.nn.Sequential(FirstIsZero(), coarse(torch.nn.Linear(100, 784)))
    with pytest.raises(ModelFileError, match=r"too coarse .* precision='float16' halves"):
        int8_of(network, info)
