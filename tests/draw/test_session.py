"""`ganzoo sample`: sheets, single files, one's own latents, and files that are not models."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import ganzoo
from ganzoo.draw import latents
from ganzoo.errors import ModelFileError, UsageError
from tests.conftest import Cli, process


def test_a_sheet(exported: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("sample", exported, "-n", 9, "--seed", 4, "-o", tmp_path / "new" / "x.png")
    assert (done.code, done.last) == (0, str(tmp_path / "new" / "x.png"))
    with Image.open(done.last) as sheet:
        assert sheet.size == (3 * 58 + 2, 3 * 58 + 2)


def test_the_sheet_is_named_after_the_model(exported: Path, tmp_path: Path) -> None:
    done = process("-m", "ganzoo", "sample", exported, "--seed", 7, cwd=tmp_path)
    assert done.last == "mlp-seed7.png"
    assert (tmp_path / done.last).is_file()


def test_each_image_in_its_own_file(exported: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("sample", exported, "-n", 3, "--each", tmp_path / "d").code == 0
    files = sorted((tmp_path / "d").iterdir())
    assert [f.name for f in files] == ["00000.png", "00001.png", "00002.png"]
    pixels = ganzoo.load(exported).sample(3)
    for file, image in zip(files, pixels, strict=True):
        with Image.open(file) as read:
            np.testing.assert_array_equal(np.asarray(read), image[:, :, 0])
    again = cli("sample", exported, "-n", 3, "--each", tmp_path / "d")
    assert (again.code, again.err.count("\n")) == (0, 1)  # it is finished, and the same
    other = cli("sample", exported, "-n", 3, "--seed", 1, "--each", tmp_path / "d")
    assert (other.code, other.err.count("\n")) == (6, 1)  # nothing is overwritten


def test_ones_own_latents(exported: Path, tmp_path: Path, cli: Cli) -> None:
    z = latents.normal(8, 100, seed=3)
    np.save(tmp_path / "z.npy", z)
    by_z = cli("sample", exported, "--z", tmp_path / "z.npy", "-o", tmp_path / "z.png")
    by_seed = cli("sample", exported, "-n", 8, "--seed", 3, "-o", tmp_path / "seed.png")
    assert (by_z.code, by_seed.code) == (0, 0)
    assert (tmp_path / "z.png").read_bytes() == (tmp_path / "seed.png").read_bytes()


@pytest.mark.parametrize(
    "z",
    [np.zeros((3, 99)), np.zeros(100), np.zeros((0, 100)), np.full((1, 100), np.nan),
     np.full((1, 100), 1e300), np.zeros((1, 100), complex), np.array([["a"] * 100])],
)  # fmt: skip
def test_wrong_latents_are_refused(exported: Path, z: np.ndarray) -> None:
    with pytest.raises(UsageError, match="latents must"):
        ganzoo.load(exported).draw(z)


def test_run_returns_floats_for_any_float_latents(exported: Path) -> None:
    z = np.random.default_rng(0).standard_normal((2, 100))
    images = ganzoo.load(exported).run(z)
    assert (images.shape, images.dtype) == ((2, 1, 28, 28), np.dtype(np.float32))


def test_python_sampling_is_seeded_and_independent_of_n(exported: Path) -> None:
    generator = ganzoo.load(exported)
    np.testing.assert_array_equal(generator.sample(3, seed=1), generator.sample(80, seed=1)[:3])
    assert not np.array_equal(generator.sample(3, seed=1), generator.sample(3, seed=2))
    with pytest.raises(UsageError, match="cannot draw 0 images"):
        generator.sample(0)


def test_a_run_and_its_model_file_draw_what_the_onnx_file_draws(
    exported: Path, trained: Path, tmp_path: Path, cli: Cli
) -> None:
    sources = {
        "onnx": exported,
        "run": trained,
        "file": trained / "checkpoints" / "step-00000002" / "model.safetensors",
    }
    sheets = {}
    for name, source in sources.items():
        done = cli("sample", source, "-o", tmp_path / f"{name}.png")
        assert done.code == 0, done.err
        sheets[name] = np.asarray(Image.open(done.last)).astype(int)
    assert np.abs(sheets["onnx"] - sheets["run"]).max() <= 1
    assert np.array_equal(sheets["run"], sheets["file"])


def test_a_text_file_is_no_model(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "x.onnx").write_text("hello")
    done = cli("sample", tmp_path / "x.onnx", "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "x.onnx is not an ONNX file" in done.err
    assert not (tmp_path / "x.png").exists()


def foreign_model(**metadata: str) -> onnx.ModelProto:
    """A valid ONNX model that ganzoo did not write."""
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["latent"], ["image"])], "g",
        [value("latent", 1, [1, 4])], [value("image", 1, [1, 4])],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.helper.set_model_props(model, metadata)
    return model


def test_somebody_elses_onnx_is_refused(tmp_path: Path, cli: Cli) -> None:
    onnx.save(foreign_model(author="x"), tmp_path / "x.onnx")
    done = cli("sample", tmp_path / "x.onnx")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "was not written by ganzoo" in done.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ganzoo.schema": "2"}, "upgrade ganzoo"),
        ({"ganzoo.latent": "{}"}, "damaged"),
        ({"ganzoo.latent": "[not json"}, "damaged"),
        ({"ganzoo.latent": '{"shape": [100], "dist": "normal", "rng": "v9"}'}, "unknown latents"),
        ({"ganzoo.image": '{"range": [1, -1], "size": [4, 4], "channels": 1}'}, "damaged"),
        ({"ganzoo.image": '{"range": [0, 1], "size": [4, -4], "channels": 1}'}, "damaged"),
        ({"ganzoo.image": "7"}, "damaged"),
    ],
)
def test_damaged_metadata_is_refused(
    exported: Path, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    model = onnx.load(exported)
    metadata = {p.key: p.value for p in model.metadata_props} | changes
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(ModelFileError, match=message):
        ganzoo.load(tmp_path / "x.onnx")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="does not exist"):
        ganzoo.load(tmp_path / "x.onnx")
    (tmp_path / "d.onnx").mkdir()
    with pytest.raises(ModelFileError, match="is a folder"):
        ganzoo.load(tmp_path / "d.onnx")
