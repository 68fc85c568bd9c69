"""StyleGAN's dataset.json beside images, in a folder and in a zip."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.data import Images, dataset_json, open_images, open_splits

GREY = (1, 16, 16)
FILES = ("00000/img0.png", "00000/img1.png", "00001/img2.png", "00001/img3.png")
LABELS = [1, 0, 0, 2]


def folder(root: Path, content: bytes, files: tuple[str, ...], at: str = "") -> Path:
    """Write images, and below `at` a dataset.json with this content."""
    for grey, name in enumerate(files):
        path = root / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), grey).save(path)
    (root / "pictures" / at / "dataset.json").write_bytes(content)
    return root / "pictures"


def packed(root: Path, content: bytes, files: tuple[str, ...], at: str = "") -> Path:
    """Write them into a zip, as StyleGAN's dataset_tool.py does."""
    source = folder(root, content, files, at)
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for path in source.rglob("*.*"):
            archive.write(path, path.relative_to(source))
    return root / "pictures.zip"


Opened = Callable[..., Images]


@pytest.fixture(params=[folder, packed])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    def opened(content: Any, files: tuple[str, ...] = FILES, at: str = "") -> Images:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return open_images(str(request.param(tmp_path, raw, files, at)), GREY)

    return opened


def pairs(*files: str) -> list[list[Any]]:
    return [[file, label] for file, label in zip(files, LABELS, strict=True)]


@pytest.mark.parametrize(
    "labels",
    [
        pairs(*FILES),
        pairs(*FILES)[::-1],
        dict(pairs(*FILES)),
        pairs(*(file.replace("/", "\\") for file in FILES)),
        pairs(*(f"./{file}" for file in FILES)),
        [*pairs(*FILES), ["00002/not_here.png", 7], ["00002/camera.png", [0.5, 1]]],
        [*pairs(*FILES), pairs(*FILES)[0]],
    ],
    ids=["pairs", "another order", "object", "backslashes", "dots", "more files", "twice the same"],
)
def test_each_image_gets_its_label(opened: Opened, labels: Any) -> None:
    found = opened({"labels": labels})
    assert found.labels is not None
    assert found.pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert found.labels.tolist() == LABELS
    assert found.labels.dtype == np.int64
    assert (found.classes, found.no_labels) == (("0", "1", "2"), "")


def test_classes_may_have_names(opened: Opened) -> None:
    names = ["cat", "dog", "emu", "fox"]
    assert opened({"labels": pairs(*FILES), "classes": names}).classes == tuple(names)
    assert opened({"labels": pairs(*FILES), "classes": 3}).classes == ("0", "1", "2")


@pytest.mark.parametrize("at", ["", "shared", "shared/00000"])
def test_it_may_lie_in_any_folder_that_all_images_share(opened: Opened, at: str) -> None:
    files = tuple(f"shared/00000/{i}.png" for i in range(4))
    names = (file.removeprefix(at).removeprefix("/") for file in files)
    labels = opened({"labels": pairs(*names)}, files, at).labels
    assert labels is not None
    assert labels.tolist() == LABELS


def test_a_file_of_another_kind_leaves_folders_as_classes(opened: Opened) -> None:
    for content in ({"name": "pets", "license": "CC0"}, [1, 2], "labels", None):
        assert opened(content).classes == ("00000", "00001")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"labels": None}, '"labels": null: list a label for each image there, or remove it'),
        ({"labels": pairs(*FILES)[:3]}, "no label for 1 of 4 images, first 00001/img3.png: list"),
        ({"labels": {}}, "no label for 4 of 4 images, first 00000/img0.png"),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], [0, 1]]]}, "has [0, 1] for 00001/img3.png, "),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], 2.0]]}, "has 2.0 for 00001/img3.png, and a l"),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], True]]}, "has true for 00001/img3.png"),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], "cat"]]}, 'has "cat" for 00001/img3.png'),
        ({"labels": [*pairs(*FILES), [FILES[0], 2]]}, "has 1 and 2 for 00000/img0.png: remove one"),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], -1]]}, "label -1 is of no class"),
        ({"labels": [*pairs(*FILES)[:3], [FILES[3], 10**30]]}, "cannot be used"),
        ({"labels": pairs(*FILES), "classes": ["a", "b"]}, "label 2 is of no class"),
        ({"labels": pairs(*FILES), "classes": ["a", "a", "b"]}, "two classes have the same name"),
        ({"labels": 5}, '"labels" of its dataset.json must be a list of pairs'),
        ({"labels": [1, 2, 3, 4]}, "has the entry 1, which is no pair [file, label]"),
        ({"labels": [["a", 1, 2]]}, 'has the entry ["a", 1, 2], which is no pair'),
        (b'{"labels": [["a.png", 1]', "its dataset.json is damaged (Expecting"),
        (b"", "its dataset.json is damaged (Expecting value"),
        (b"\xff\xfe\xff", "its dataset.json is damaged"),
        (b'{"labels":' + b"[" * 200_000, "its dataset.json is damaged (maximum recursion"),
        (b'{"labels": [["a.png", ' + b"9" * 9999 + b"]]}", "its dataset.json is damaged (Exceeds"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_said_to_be_so(opened: Opened, content: Any, why: str) -> None:
    """The images are as before, and folders are no classes where a list says something else."""
    found = opened(content)
    assert (found.labels, found.classes, len(found.pixels)) == (None, (), 4)
    assert why in found.no_labels
    assert "\n" not in found.no_labels
    assert len(found.no_labels) < 250


def test_two_files_are_not_chosen_from(opened: Opened, tmp_path: Path) -> None:
    files = tuple(f"00000/{i}.png" for i in range(4))
    content = json.dumps({"labels": pairs(*(f"{i}.png" for i in range(4)))}).encode()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "dataset.json").write_text(json.dumps({"labels": pairs(*files)}))
    found = opened(content, files, "00000")
    assert found.labels is None
    assert found.no_labels == "it has both dataset.json and 00000/dataset.json: remove one of them"


def test_both_parts_are_labelled_by_one_file_or_by_one_each(tmp_path: Path) -> None:
    files = ("train/0.png", "train/1.png", "test/2.png", "test/3.png")
    one = folder(tmp_path / "one", json.dumps({"labels": pairs(*files)}).encode(), files)
    each = json.dumps({"labels": [["0.png", 1], ["1.png", 0]]}).encode()
    two = folder(tmp_path / "two", each, files, "train")
    (two / "test" / "dataset.json").write_text('{"labels": {"2.png": 0, "3.png": 2}}')
    for path in (one, two):
        splits = open_splits(str(path), GREY)
        assert splits.test is not None
        assert splits.train.labels is not None
        assert splits.test.labels is not None
        assert splits.train.labels.tolist() == [1, 0]
        assert splits.test.labels.tolist() == [0, 2]
        assert splits.train.classes == splits.test.classes == ("0", "1", "2")
    (two / "test" / "dataset.json").unlink()
    splits = open_splits(str(two), GREY)
    assert splits.test is not None
    assert (splits.train.classes, splits.test.labels) == (("0", "1"), None)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = folder(tmp_path, b"", FILES)
    os.truncate(path / "dataset.json", dataset_json.MOST_BYTES + 4 * dataset_json.MORE_BYTES + 1)
    said = "its dataset.json is larger than {} bytes: let it list these images alone"
    assert open_images(str(path), GREY).no_labels == said.format("10,002,000")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path / FILES[0], FILES[0])
        archive.write(path / "dataset.json", "dataset.json")
    assert (tmp_path / "bomb.zip").stat().st_size < 200_000
    assert open_images(str(tmp_path / "bomb.zip"), GREY).no_labels == said.format("10,000,500")


def test_a_file_that_cannot_be_unpacked_hinders_no_training_without_labels(tmp_path: Path) -> None:
    path = packed(tmp_path, json.dumps({"labels": pairs(*FILES)}).encode(), FILES)
    content = bytearray(path.read_bytes())
    content[content.index(b'{"labels"') + 20] ^= 1
    path.write_bytes(content)
    found = open_images(str(path), GREY)
    assert (len(found.pixels), found.labels) == (4, None)
    assert found.no_labels.startswith("its dataset.json is damaged (Bad CRC-32")


def test_a_device_or_a_folder_of_that_name_is_no_list(tmp_path: Path) -> None:
    path = folder(tmp_path, b"", FILES)
    (path / "dataset.json").unlink()
    os.mkfifo(path / "dataset.json")
    assert open_images(str(path), GREY).classes == ("00000", "00001")
    (path / "dataset.json").unlink()
    (path / "dataset.json").mkdir()
    assert open_images(str(path), GREY).classes == ("00000", "00001")
