"""ONNX files: equal to torch, self-contained, the same every time, or not written at all."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import ganzoo
from ganzoo import latents, registry
from ganzoo.checkpoint import load_generator, model_info
from ganzoo.errors import ModelFileError, OutputError
from ganzoo.export import check_parity, export_onnx, to_onnx
from ganzoo.generator import Generator
from ganzoo.networks import draw
from tests.conftest import ROOT, Cli, install, process
from tests.test_architectures import tiny_options


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
    info = model_info(loaded, network, "none", 0)
    reference = Generator(info, lambda z: draw(network, z))
    model = to_onnx(network, info)
    assert check_parity(model, reference) <= 1e-5
    (opset,) = model.opset_import
    assert (opset.domain, opset.version) == ("", 20)
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("latent", "image")
    shape = [d.dim_param or d.dim_value for d in given.type.tensor_type.shape.dim]
    assert shape == ["batch", *loaded.value.image_shape]


def test_parity_sees_a_wrong_weight(trained: Path) -> None:
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)
    bias = next(t for t in model.graph.initializer if t.name.endswith("bias"))
    values = onnx.numpy_helper.to_array(bias).copy()
    values[0] += 0.5
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    with pytest.raises(ModelFileError, match=r"differs from torch by .*; nothing was written"):
        check_parity(model, generator)


def test_a_generator_that_depends_on_the_batch_is_refused(trained: Path) -> None:
    generator, network = load_generator(trained)
    model = to_onnx(network, generator.info)

    def run(z):  # type: ignore[no-untyped-def]
        return generator.run(z) + (0.1 if len(z) == 7 else 0)

    with pytest.raises(ModelFileError, match="at batch 7"):
        check_parity(model, Generator(generator.info, run))


def test_failed_parity_leaves_nothing_behind(trained: Path, tmp_path: Path, cli: Cli) -> None:
    """A real plugin whose generator ignores evaluation mode cannot be exported."""

    install(tmp_path / "site", "noisy-gan", NOISY, {"noisy": "noisy"})
    env = {"PYTHONPATH": str(tmp_path / "site")}
    train = ["-m", "ganzoo", "train", "noisy", "--data", "toy_garments", "--set-data", "count=8",
             "--max-steps", 1]  # fmt: skip
    assert process(*train, cwd=tmp_path, env=env).code == 0
    done = process("-m", "ganzoo", "export", "--onnx", cwd=tmp_path, env=env)
    assert (done.code, done.err.count("\n")) == (5, 1), done.err
    assert "differs from torch" in done.err
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


def test_two_exports_are_identical_and_name_no_path(trained: Path, tmp_path: Path) -> None:
    contents: list[bytes] = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        target = f"{folder}.onnx"
        env = {"PYTHONHASHSEED": str(len(contents))}
        where = tmp_path / folder
        done = process("-m", "ganzoo", "export", trained, "-o", target, cwd=where, env=env)
        assert done.code == 0, done.err
        contents.append((tmp_path / folder / f"{folder}.onnx").read_bytes())
    assert contents[0] == contents[1]
    for word in (str(ROOT), str(tmp_path), "site-packages", ".py", "stack_trace"):
        assert word.encode() not in contents[0]


def test_a_file_with_another_model_is_kept(trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.onnx"
    target.write_text("precious")
    with pytest.raises(OutputError, match="add --force"):
        export_onnx(trained, target)
    assert target.read_text() == "precious"
    export_onnx(trained, target, force=True)
    export_onnx(trained, target)  # the same model again is no loss
    assert [p.name for p in tmp_path.iterdir()] == ["x.onnx"]


def test_export_takes_the_latest_run_and_names_the_file_after_it(
    trained: Path, tmp_path: Path
) -> None:
    runs = trained.parent
    done = process("-m", "ganzoo", "export", "--onnx", "--runs", runs, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.last == "exports/mlp_gan-toy_garments-001.onnx"
    assert (tmp_path / done.last).is_file()
    assert "max error" in done.out
    assert done.err == ""


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
