"""The same labelled pictures from whatever the user has: the same labels, and the same networks."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ganzoo
from ganzoo.data import open_images
from tests.conftest import install, write_idx, write_idx_labels
from tests.lives import content


class Pictures(NamedTuple):
    """Grey pictures with labels, in the order of their classes."""

    images: NDArray[np.uint8]
    labels: list[int]


NAMES = ("bag", "coat", "dress")
RANDOM = np.random.default_rng(7)
PICTURES = Pictures(RANDOM.integers(0, 256, (9, 28, 28), np.uint8), [0, 0, 0, 0, 1, 1, 2, 2, 2])


def class_folders(root: Path) -> Path:
    for number, (image, label) in enumerate(zip(*PICTURES, strict=True)):
        path = root / "pictures" / NAMES[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root / "pictures"


def zip_of_folders(root: Path) -> Path:
    source = class_folders(root)
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for path in sorted(source.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(root))
    return root / "pictures.zip"


def style_gans_folder(root: Path) -> Path:
    listed = []
    for number, (image, label) in enumerate(zip(*PICTURES, strict=True)):
        path = root / "pictures" / f"{number // 5:05}" / f"img{number:08}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        listed.append([f"{path.parent.name}/{path.name}", label])
    (root / "pictures" / "dataset.json").write_text(json.dumps({"labels": listed}))
    return root / "pictures"


def style_gans_zip(root: Path) -> Path:
    source = style_gans_folder(root)
    with zipfile.ZipFile(root / "pictures.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.rglob("*.*")):
            archive.write(path, path.relative_to(source))
    return root / "pictures.zip"


def npz(root: Path) -> Path:
    np.savez(root / "pictures.npz", images=PICTURES.images, y=PICTURES.labels, classes=NAMES)
    return root / "pictures.npz"


def idx(root: Path) -> Path:
    write_idx(root / "pictures" / "train-images-idx3-ubyte", PICTURES.images)
    write_idx_labels(root / "pictures" / "train-labels-idx1-ubyte", PICTURES.labels)
    return root / "pictures"


def gzipped_idx(root: Path) -> Path:
    for path in idx(root).iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return root / "pictures" / "train-images-idx3-ubyte.gz"


def registered(root: Path) -> str:
    source = f"""
import numpy
from ganzoo import Dataset

def dresses():
    "Nine pictures."
    held = numpy.load({str(npz(root))!r})
    return Dataset(images=held["images"], labels=held["y"], classes={NAMES})
"""
    install(root / "site", "dresses", source, {"dresses": "dresses"}, group="ganzoo.datasets")
    return "dresses"


SOURCES: dict[Callable[[Path], Path | str], tuple[str, ...]] = {
    class_folders: NAMES,
    zip_of_folders: NAMES,
    style_gans_folder: ("0", "1", "2"),
    style_gans_zip: ("0", "1", "2"),
    npz: NAMES,
    idx: ("0", "1", "2"),
    gzipped_idx: ("0", "1", "2"),
    registered: NAMES,
}


def networks(root: Path, source: Path | str) -> dict[str, object]:
    """Train on a source, go on, and return what the two networks end in."""
    run = ganzoo.train(
        "cgan_fashion", data=source, options={"width": 2, "latent_dim": 4}, batch_size=4,
        max_steps=3, runs=root / "runs",
    )  # fmt: skip
    assert run.facts.architecture.options["classes"] == 3
    run = ganzoo.resume(run, epochs=3)
    return {k: v for k, v in content(run.path).items() if "safetensors" in k}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    root = tmp_path_factory.mktemp("expected")
    return networks(root, class_folders(root))


@pytest.mark.parametrize("write", SOURCES)
def test_the_same_labels_and_the_same_networks(
    write: Callable[[Path], Path | str],
    expected: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = write(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = open_images(str(source), (1, 28, 28))
    assert found.labels is not None
    np.testing.assert_array_equal(found.pixels[..., 0], PICTURES.images)
    assert found.labels.tolist() == PICTURES.labels
    assert found.classes == SOURCES[write]
    assert networks(tmp_path, source) == expected
    assert len(expected) > 20


def test_labels_matter(expected: dict[str, object], tmp_path: Path) -> None:
    """The networks above would not be the same with others."""
    images, labels = PICTURES
    np.savez(tmp_path / "others.npz", images=images, y=labels[::-1])
    assert networks(tmp_path, tmp_path / "others.npz") != expected
