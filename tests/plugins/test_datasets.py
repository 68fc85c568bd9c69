"""The data sets that ganzoo registers: found, fetched, or drawn by code."""

import re
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import open_images, open_splits
from ganzoo.zoo.registry import load_dataset
from tests.conftest import Cli, Ganzoo, process, write_idx

GREY = (1, 28, 28)
RGB = (3, 32, 32)


def random_images(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def test_fashion_mnist_is_found_under_ganzoo_data(tmp_path: Path, ganzoo: Ganzoo) -> None:
    write_idx(tmp_path / "fashion_mnist" / "train-images-idx3-ubyte", random_images(5, 28, 28))
    tiny = ("--set", "hidden=8", "--max-steps", 1, "--batch-size", 4, "--runs", tmp_path / "runs")
    done = ganzoo("train", "mlp_gan", *tiny, env={"GANZOO_DATA": str(tmp_path)})
    assert re.search("fashion_mnist, .*5 images.*28x28", done.out), done.out + done.err


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").is_dir(),
    reason="needs the Debian package dataset-fashion-mnist",
)
def test_real_fashion_mnist() -> None:
    found = open_images("fashion_mnist", GREY)
    assert found.pixels.shape == (60_000, 28, 28, 1)
    assert 70 < found.pixels.mean() < 75  # the published mean is 0.286 of 255
    test = open_images("fashion_mnist", GREY, options={"split": "test"})
    assert len(test.pixels) == 10_000
    splits = open_splits("fashion_mnist", GREY)
    assert splits.test is not None
    assert splits.test.fingerprint == test.fingerprint
    for images, each in ((splits.train, 6000), (splits.test, 1000)):
        assert images.labels is not None
        assert np.bincount(images.labels).tolist() == [each] * 10
        assert [images.classes[label] for label in images.labels[:2]] == (
            ["Ankle boot", "T-shirt/top"] if each == 6000 else ["Ankle boot", "Pullover"]
        )


def test_no_data_set_and_no_network(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "mlp_gan", "--data", "mnist", "--set-data", "download=no",
               "--runs", tmp_path / "runs")  # fmt: skip
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert all(way in done.err for way in ("$GANZOO_DATA/mnist", "apt-get", "toy_garments"))
    assert not (tmp_path / "runs").exists()


# The drawn data sets.


@pytest.mark.parametrize(
    ("name", "shape"), [("toy_faces", (96, 96, 3)), ("toy_garments", (28, 28))]
)
def test_a_drawn_image_is_a_function_of_seed_and_index(name: str, shape: tuple[int, ...]) -> None:
    few = load_dataset(name, {"count": 3}).value.images
    many = load_dataset(name, {"count": 500}).value.images
    other = load_dataset(name, {"count": 3, "seed": 1}).value.images
    assert (len(few), len(many)) == (3, 500)
    assert few[2].shape == shape
    assert few[2].dtype == np.uint8
    np.testing.assert_array_equal(few[2], many[2])
    assert not np.array_equal(few[2], other[2])
    assert len({many[i].tobytes() for i in range(500)}) == 500
    with pytest.raises(IndexError):
        few[3]


def test_the_attributes_of_faces_are_independent_and_many() -> None:
    from ganzoo_plugins.face import Face

    faces = [Face.of(0, i) for i in range(4000)]
    fields = [f for f in Face.__dataclass_fields__ if f not in {"width", "chin", "eye_height"}]
    combinations = 1
    for name in fields:
        values = [getattr(face, name) for face in faces]
        combinations *= len(set(values))
        for value in set(values):  # the other attributes do not follow this one
            smiles = [f.mouth == "smile" for f in faces if getattr(f, name) == value]
            if name != "mouth":
                assert 0.08 < sum(smiles) / len(smiles) < 0.26, (name, value)
    assert len(fields) >= 10
    assert combinations > 1_000_000


def test_the_labels_of_faces_say_what_is_drawn() -> None:
    from ganzoo_plugins.face import Face

    found = load_dataset("toy_faces", {"count": 2000, "seed": 3}).value
    assert found.labels is not None
    backs = {"none": "short hair", "long": "long hair"}
    for index, label in enumerate(found.labels.tolist()):
        face = Face.of(3, index)
        hair, glasses, mouth = found.classes[label].split(", ")
        assert hair == backs.get(face.back, face.back)
        assert glasses == ("glasses" if face.glasses else "no glasses")
        assert mouth == ("mouth open" if face.mouth in {"grin", "open"} else "mouth closed")
    assert len(found.classes) == len(set(found.labels.tolist())) == 24
    assert min(np.bincount(found.labels)) > 2000 / 36 * 0.6


def test_the_labels_of_garments_say_what_is_drawn() -> None:
    from ganzoo_plugins.toy_garments import CLASSES

    found = load_dataset("toy_garments", {"count": 600, "seed": 3}).value
    assert found.labels is not None
    pixels = np.stack([found.images[i] for i in range(600)]).reshape(600, -1).astype(float)
    pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
    means = np.stack([pixels[:400][found.labels[:400] == c].mean(0) for c in range(10)])
    nearest = (pixels[400:] @ means.T / np.linalg.norm(means, axis=1)).argmax(1)
    assert (nearest == found.labels[400:]).mean() > 0.7
    for draw, name in zip(CLASSES, found.classes, strict=True):
        assert draw.__name__.strip("_").replace("_", "-") in name.lower()


def test_a_failed_download_leaves_nothing_behind(tmp_path: Path, ganzoo: Ganzoo) -> None:
    nowhere = "http://127.0.0.1:9"
    env = {"GANZOO_CACHE": str(tmp_path / "cache")}
    env |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere)
    done = ganzoo("train", "mlp_gan", "--data", "mnist", cwd=tmp_path, env=env)
    assert (done.code, done.err.count("\n")) == (4, 1), done.err
    assert "the download failed" in done.err
    assert not [p for p in tmp_path.rglob("*") if p.name != "cache"]


@pytest.mark.slow
def test_torchvisions_data_sets_can_be_imported() -> None:
    done = process("-c", "from ganzoo.data.download import datasets; print(datasets.MNIST)")
    assert "torchvision.datasets.mnist.MNIST" in done.out, done.err
