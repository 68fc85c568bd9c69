"""Both parts of registered data sets, and what the cache knows of labels."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ganzoo import Dataset
from ganzoo.data import count_images, native_shape, open_images, open_splits
from ganzoo.data.prepare import prepare
from ganzoo.errors import DataError
from tests.conftest import install, process, write_idx, write_idx_labels

GREY = (1, 28, 28)
STRANGER = """
from typing import Literal
import numpy
from ganzoo import Dataset

def birds(*, split: Literal["train", "test"] = "train", count: int = 3):
    "Birds."
    images = numpy.full((count, 16, 16), 7 if split == "train" else 9, numpy.uint8)
    return Dataset(images=images, labels=[0, 1, 1], classes=("tit", "jay"))

def words(*, split: str = "train"):
    "A split that says not what it can be."
    return birds(count=3)

def torn(*, split: Literal["train", "test"] = "train"):
    "Other classes in the other part."
    classes = ("tit", "jay") if split == "train" else ("jay", "tit")
    return Dataset(images=birds().images, labels=[0, 1, 1], classes=classes)
"""
SCRIPT = """
import json
from ganzoo.data import open_splits
from ganzoo.errors import DataError

def told(images):
    grey, options = int(images.pixels[0, 0, 0, 0]), images.source["options"]
    return [grey, options, images.labels.tolist(), images.classes]

for spec, split in [("birds", ""), ("birds", "train"), ("birds", "test"), ("words", "")]:
    found = open_splits(spec, (1, 16, 16), options={"split": split} if split else {})
    print(json.dumps([told(found.train)[0], found.test and told(found.test), found.note]))
try:
    open_splits("torn", (1, 16, 16))
except DataError as error:
    print(json.dumps(str(error)))
"""


def test_a_strangers_option_split_is_asked_through_its_signature(tmp_path: Path) -> None:
    names = {name: name for name in ("birds", "words", "torn")}
    install(tmp_path / "site", "birds", STRANGER, names, group="ganzoo.datasets")
    done = process("-c", SCRIPT, env={"PYTHONPATH": str(tmp_path / "site")})
    held_back = [9, {"split": "test", "count": 3}, [0, 1, 1], ["tit", "jay"]]
    assert [json.loads(line) for line in done.out.splitlines()] == [
        [7, held_back, "its option split=test"],
        [7, held_back, "its option split=test"],
        [9, None, "it has no test split"],
        [7, None, "it has no test split"],
        "torn: the classes of its test split are others (jay; tit) than those of the training "
        "images (tit; jay): give both the same names, in the same order",
    ], done.err


def test_a_test_split_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data set is known, so nothing is wrong with the training images."""
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    images = np.random.default_rng(1).integers(0, 256, (4, 28, 28), np.uint8)
    write_idx(tmp_path / "mnist" / "train-images-idx3-ubyte", images)
    splits = open_splits("mnist", GREY, options={"download": False})
    assert splits.test is None
    assert splits.note.startswith("its option split=test cannot be had: mnist is not on this machi")
    write_idx(tmp_path / "mnist" / "t10k-images-idx3-ubyte", images[:2])
    write_idx_labels(tmp_path / "mnist" / "t10k-labels-idx1-ubyte", [8, 9])
    test = open_splits("mnist", GREY, options={"download": False}).test
    assert test is not None
    assert test.labels is not None
    assert test.labels.tolist() == [8, 9]


def test_the_size_that_images_have_before_they_are_resized(tmp_path: Path, faces: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 20, 30), np.uint8))
    assert native_shape(str(tmp_path / "x.npz")) == (1, 20, 30, True)
    np.savez(tmp_path / "none.npz", images=np.zeros((5, 0, 28), np.uint8))
    with pytest.raises(DataError, match="images of 28x0 are too small"):
        native_shape(str(tmp_path / "none.npz"))
    assert native_shape(str(faces)) == (3, 24, 20, False)
    assert native_shape("toy_faces", {"count": 2}) == (3, 96, 96, False)
    os.truncate(faces / "part0" / "00.png", 100)
    with pytest.raises(DataError, match=r"00\.png"):
        native_shape(str(faces))


def test_images_are_counted_without_being_decoded(tmp_path: Path, faces: Path) -> None:
    os.truncate(faces / "part0" / "00.png", 100)
    name, count, held_back = count_images(str(faces))
    assert (name, count, held_back) == (faces.name, len([*faces.rglob("*.png")]), None)
    images = np.zeros((5, 20, 30), np.uint8)
    np.savez(tmp_path / "x.npz", x_train=images, x_test=images[:3])
    assert count_images(str(tmp_path / "x.npz")) == ("x", 5, 3)


class Torn:
    """Three images, of which the first cannot be read."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        if index == 0:
            raise DataError("image 0 is torn")
        return np.full((16, 16), index, np.uint8)


def test_the_cache_knows_which_images_were_left_out(tmp_path: Path) -> None:
    dataset = Dataset(images=Torn(), cache_key="torn", labels=np.array([5, 6, 7]))
    calls: list[int] = []
    for _ in range(2):
        found = prepare(
            dataset, (1, 16, 16), cache=tmp_path, skip_bad=True,
            progress=lambda done, total: calls.append(done),
        )  # fmt: skip
        assert found.pixels[:, 0, 0, 0].tolist() == [1, 2]
        assert found.labels is not None
        assert found.labels.tolist() == [6, 7]
    assert calls == [3]


TWINS = """
import numpy
from ganzoo import Dataset

def of(grey):
    return Dataset(images=[numpy.full((20, 20), grey, numpy.uint8)] * 3, cache_key="1")

def seven():
    "Dark images."
    return of(7)

def nine(*, more: int = 0):
    "Images that are a little brighter, under a key that says nothing."
    return of(9 + more)
"""


def test_data_sets_with_equal_keys_do_not_share_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "twins", TWINS, {"seven": "seven", "nine": "nine"},
            group="ganzoo.datasets")  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path / "site")
    given: list[tuple[str, dict[str, int]]] = [
        ("seven", {}), ("nine", {}), ("nine", {"more": 2}), ("seven", {}), ("nine", {}),
    ]  # fmt: skip
    greys = [
        open_images(name, (1, 16, 16), options=options).pixels[0, 0, 0, 0]
        for name, options in given
    ]
    assert greys == [7, 9, 11, 7, 9]


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 1], (), "2 labels for 3 images"),
        ([0.0, 1.0, 2.0], (), "float64"),
        ([True, True, False], (), "bool"),
        ([[0], [1], [2]], (), "not integers"),
        ([0, 1, 2], ("a", "b"), "label 2 is of no class: labels are from 0 to 1"),
        (None, ("a", "b"), "but no labels"),
    ],
)
def test_labels_of_a_data_set_are_checked_when_it_is_made(
    labels: object, classes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Dataset(images=Torn(), cache_key="torn", labels=labels, classes=classes)  # type: ignore[arg-type]
