"""ONNX files: equal to torch, self-contained, the same every time, or not written at all."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.session import from_bytes
from ganzoo.errors import ModelFileError, OutputError
from ganzoo.export.exporting import export_onnx
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import Reference, with_metadata
from ganzoo.runs.weights import load_generator, model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests.conftest import Cli, Ganzoo, install
from tests.whole.test_architectures import NAMES, tiny_options

pytestmark = pytest.mark.usefixtures("quick_exports")


@pytest.mark.parametrize("name", ["mlp_gan", "dcgan_fashion", "dcgan_anime96"])
def test_a_graph_with_batch_norms_has_parity(name: str) -> None:
    loaded = registry.load_architecture(name, tiny_options(name))
    network = loaded.value.generator()
    for module in network.modules():  # statistics as after training, not zeros and ones
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    info = model_info(loaded, "none", 0)
    reference = Generator(info, lambda z: draw(network, z))
    model = to_onnx(network, info)
    error = Reference(reference).check(model, info).max_error
    assert error is not None
    assert error <= 1e-5
    (opset,) = model.opset_import
    assert (opset.domain, opset.version) == ("", 20)
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("latent", "image")
    shape = [d.dim_param or d.dim_value for d in given.type.tensor_type.shape.dim]
    assert shape == ["batch", *loaded.value.image_shape]


def test_parity_sees_a_wrong_weight(trained: Path) -> None:
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)
    bias = next(t for t in model.graph.initializer if len(t.dims) == 1)
    values = onnx.numpy_helper.to_array(bias).copy()
    values[0] += 0.5
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    with pytest.raises(ModelFileError, match=r"differ from torch by .*; nothing was written"):
        Reference(generator).check(model, generator.info)


def test_a_generator_that_depends_on_the_batch_is_refused(trained: Path) -> None:
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)

    def run(z):  # type: ignore[no-untyped-def]
        return generator.run(z) + (0.1 if len(z) == 7 else 0)

    with pytest.raises(ModelFileError, match=r"differ from torch by 0\.1"):
        Reference(Generator(generator.info, run)).check(model, generator.info)


@pytest.mark.slow
def test_what_cannot_be_exported_leaves_nothing_behind(tmp_path: Path, ganzoo: Ganzoo) -> None:
    """A real plugin whose generator is random in evaluation mode too."""

    install(tmp_path / "site", "noisy-gan", NOISY, {"noisy": "noisy"})
    env = {"PYTHONPATH": str(tmp_path / "site")}
    train = ["train", "noisy", "--data", "toy_garments", "--set-data", "count=8", "--max-steps", 1]
    assert ganzoo(*train, cwd=tmp_path, env=env).code == 0
    done = ganzoo("export", "--onnx", cwd=tmp_path, env=env)
    latest, why = done.err.splitlines()
    assert (done.code, "the latest is taken: runs/noisy-toy_garments-001" in latest) == (5, True)
    assert "keep them with register_buffer (the operator is RandomUniformLike)" in why
    assert not (tmp_path / "exports").exists()


NOISY = '''
import torch
from dataclasses import replace
from ganzoo_plugins.mlp_gan import mlp_gan

class Noisy(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, z):
        return self.inner(z) + torch.rand_like(z[:, :1])[:, :, None, None]

def noisy():
    """A generator that adds noise to its images."""
    inner = mlp_gan(hidden=(8,))
    return replace(inner, generator=lambda: Noisy(inner.generator()))
'''


def test_the_file_says_what_it_is(exported: Path, trained: Path) -> None:
    metadata = {p.key: json.loads(p.value) for p in onnx.load(exported).metadata_props}
    assert metadata["ganzoo.schema"] == 1
    assert metadata["ganzoo.version"] == ganzoo.__version__
    assert metadata["ganzoo.architecture"] == "mlp_gan"
    assert metadata["ganzoo.options"] == {
        "latent_dim": 100,
        "hidden": [16, 32],
        "slope": 0.2,
    }
    assert metadata["ganzoo.latent"] == {"shape": [100], "dist": "normal", "rng": "gz-normal-v1"}
    assert metadata["ganzoo.image"] == {
        "layout": "NCHW", "dtype": "float32", "range": [-1.0, 1.0], "size": [28, 28], "channels": 1,
    }  # fmt: skip
    assert metadata["ganzoo.dataset"] == "toy_garments"
    assert metadata["ganzoo.samples_seen"] == 128
    assert metadata["ganzoo.precision"] == "float32"
    assert metadata["ganzoo.parity"]["max_error"] <= 1e-5
    assert metadata["ganzoo.weights_sha256"] == load_generator(trained)[0].info.weights_sha256


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("ganzoo:")])
def test_every_architecture_of_ours_at_full_size(name: str) -> None:
    """Equal to torch, and bit for bit the same in any batch."""
    loaded = registry.load_architecture(name)
    network, _ = build(loaded.value, seed=1)
    info = model_info(loaded, "none", 0)
    model = to_onnx(network, info)
    Reference(Generator(info, partial(draw, network))).check(model, info)
    generator = from_bytes(with_metadata(model, info), name)
    drawn = latents.inputs(64, info.latent_dim, len(info.classes), seed=5)
    singly = zip(*(np.split(each, 64) for each in drawn), strict=True)
    alone = np.concatenate([generator.run(*one) for one in singly])
    assert generator.run(*drawn).tobytes() == alone.tobytes()


def test_the_report(trained: Path, tmp_path: Path, cli: Cli) -> None:
    target = tmp_path / "x.onnx"
    told = json.loads(cli("export", trained, "-o", target, "--opset", 21, "--json").out)
    content = target.read_bytes()
    assert told["path"] == str(target)
    assert told["bytes"] == len(content)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["opset"], told["ir_version"]) == (21, 10)
    assert told["operators"] == {"Gemm": 3, "LeakyRelu": 2, "Tanh": 1, "Reshape": 1}
    assert 0 <= told["parity"]["max_error"] <= 1e-5
    assert told["seconds"] > 0
    assert set(told["images_per_second"]) == {"onnxruntime", "torch", "torch channels_last"}
    for speeds in told["images_per_second"].values():
        assert set(speeds) == {"1", "64"}
        assert all(speed > 0 for speed in speeds.values())
    shown = cli("export", trained, "-o", target, "--opset", 21, "--ir-version", 11, "--force").out
    assert "opset 21, IR version 11: 3 Gemm" in shown
    assert f"SHA-256 {hashlib.sha256(target.read_bytes()).hexdigest()}" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--latent-in-graph"], "cannot be seeded image by image"),
        (["--fp16", "--int8"], "give one of them"),
        (["--opset", "13"], "--opset must be from 18 to 22, not 13"),
        (["--ir-version", "3"], "--ir-version must be from 9 (for opset 20)"),
    ],
)
def test_what_export_does_not_do(
    trained: Path, tmp_path: Path, cli: Cli, options: list[str], message: str
) -> None:
    done = cli("export", trained, "-o", tmp_path / "x.onnx", *options)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert not (tmp_path / "x.onnx").exists()


def test_a_file_with_another_model_is_kept(trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.onnx"
    target.write_text("precious")
    with pytest.raises(OutputError, match="is not this model"):
        export_onnx(trained, target)
    assert target.read_text() == "precious"
    export_onnx(trained, target, force=True)
    export_onnx(trained, target)  # the same model again is no loss
    assert [p.name for p in tmp_path.iterdir()] == ["x.onnx"]


def in_the_way(target: Path, what: str, exported: Path) -> None:
    """Put something at `target`, or above it."""
    if what == "a folder":
        target.mkdir()
    elif what == "a file above it":
        target.parent.parent.mkdir(exist_ok=True)
        shutil.rmtree(target.parent)
        target.parent.write_text("mine")
    elif what == "another program's model":
        graph = onnx.helper.make_graph([], "g", [], [])
        target.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    elif what == "other weights":
        model = onnx.load(exported)
        for pair in model.metadata_props:
            if pair.key == "ganzoo.weights_sha256":
                pair.value = json.dumps("0" * 64)
        target.write_bytes(model.SerializeToString())
    elif what == "another precision":
        shutil.copy(exported, target)
    else:
        target.write_bytes(what.encode())


@pytest.mark.parametrize(
    "what",
    ["precious", "", "\x08\x09", "a folder", "a file above it", "another program's model",
     "other weights", "another precision", "another opset"],
)  # fmt: skip
def test_what_is_in_the_way_is_said_before_the_work(
    trained: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from ganzoo.export import exporting

    (tmp_path / "d").mkdir()
    target = tmp_path / "d" / "x.onnx"
    if what == "another opset":
        shutil.copy(exported, target)
    else:
        in_the_way(target, what, exported)
    for work in ("to_onnx", "Reference"):
        monkeypatch.setattr(exporting, work, pytest.fail)
    precision = "float16" if what == "another precision" else "float32"
    opset = 19 if what == "another opset" else 20
    with pytest.raises((OutputError, OSError)) as raised:
        export_onnx(trained, target, precision=precision, opset=opset)
    assert str(tmp_path / "d") in str(raised.value)


@pytest.mark.parametrize("kind", ["--web", "--single-file"])
@pytest.mark.parametrize("what", ["mine", "of another model"])
def test_a_page_in_the_way_is_said_before_the_work(
    trained: Path, exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch,
    kind: str, what: str,
) -> None:  # fmt: skip
    from ganzoo.explore import runtime, web

    target = tmp_path / ("page" if kind == "--web" else "x.html")
    if what == "mine":
        file = target / "index.html" if kind == "--web" else target
        file.parent.mkdir(exist_ok=True)
        file.write_text("<html>mine")
    else:
        in_the_way(tmp_path / "other.onnx", "other weights", exported)
        content = web.files(
            (tmp_path / "other.onnx").read_bytes(), "x", {"ort.js": b"", "ort.wasm": b""}
        )
        write = web.write_folder if kind == "--web" else web.write_single_file
        write(content, target)
    monkeypatch.setattr(runtime, "_fetch", pytest.fail)
    for source in (trained, exported):
        done = cli("export", source, kind, target)
        assert (done.code, done.err.count("\n")) == (6, 1), done.err
        assert "is there and is not of this page" in done.err


def test_export_takes_the_latest_run_and_names_the_file_after_it(
    trained: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("export", "--onnx", "--runs", trained.parent)
    assert done.code == 0, done.err
    assert done.last == "exports/mlp_gan-toy_garments-001.onnx"
    assert (tmp_path / done.last).is_file()
    assert "max error" in done.out
    assert done.err == f"ganzoo: no run was named, so the latest is taken: {trained}\n"


def test_onnxruntime_draws_what_torch_draws(exported: Path, trained: Path) -> None:
    onnx_pixels = ganzoo.load(exported).sample(16, seed=3)
    torch_pixels = load_generator(trained)[0].sample(16, seed=3)
    assert onnx_pixels.shape == (16, 28, 28, 1)
    assert np.abs(onnx_pixels.astype(int) - torch_pixels).max() <= 1


def test_an_image_does_not_depend_on_its_batch(exported: Path) -> None:
    generator = ganzoo.load(exported)
    z = latents.normal(70, 100, seed=1)
    together = generator.draw(z)
    alone = np.concatenate([generator.draw(row[None]) for row in z])
    assert np.abs(together.astype(int) - alone).max() <= 1
