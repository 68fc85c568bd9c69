"""Labels in IDX files beside the images, and test images beside the training images."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import open_images, open_splits
from ganzoo.errors import DataError
from tests.conftest import write_idx, write_idx_labels

GREY = (1, 28, 28)
LABELS = [3, 0, 1, 1, 2]


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder of five training images and four test images, with labels."""
    images = np.random.default_rng(1).integers(0, 256, (9, 28, 28), np.uint8)
    folder = tmp_path / "mnist"
    write_idx(folder / "train-images-idx3-ubyte", images[:5])
    write_idx_labels(folder / "train-labels-idx1-ubyte", LABELS)
    write_idx(folder / "t10k-images-idx3-ubyte", images[5:])
    write_idx_labels(folder / "t10k-labels-idx1-ubyte", [0, 1, 1, 0])
    return folder


def test_both_parts_have_labels_and_the_same_classes(mnist: Path) -> None:
    splits = open_splits(str(mnist), GREY)
    assert splits.test is not None
    assert splits.train.labels is not None
    assert splits.test.labels is not None
    assert splits.train.labels.tolist() == LABELS
    assert splits.train.labels.dtype == np.int64
    assert splits.test.labels.tolist() == [0, 1, 1, 0]
    assert splits.train.classes == splits.test.classes == ("0", "1", "2", "3")
    assert splits.note == "t10k-images-idx3-ubyte"
    assert (splits.train.source["split"], splits.test.source["split"]) == ("train", "test")
    np.testing.assert_array_equal(splits.train.pixels, open_images(str(mnist), GREY).pixels)


@pytest.mark.parametrize("name", ["train-labels.idx1-ubyte", "train-labels-idx1-ubyte.gz"])
def test_labels_are_found_under_each_usual_name(mnist: Path, name: str) -> None:
    path = (mnist / "train-labels-idx1-ubyte").rename(mnist / name)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    for spec in (mnist, mnist / "train-images-idx3-ubyte"):
        labels = open_images(str(spec), GREY).labels
        assert labels is not None
        assert labels.tolist() == LABELS


def test_without_labels_and_without_training_images(mnist: Path) -> None:
    (mnist / "train-labels-idx1-ubyte").unlink()
    assert open_images(str(mnist), GREY).labels is None
    (mnist / "train-images-idx3-ubyte").unlink()
    splits = open_splits(str(mnist), GREY)
    assert splits.test is None
    assert len(splits.train.pixels) == 4
    assert splits.train.labels is not None


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "another kind": (
        lambda content: b"\0\0\x08\x03" + content[4:],
        "not an IDX file of uint8 labels",
    ),
    "no content": (lambda content: b"", "not an IDX file of uint8 labels"),
    "cut off": (lambda content: content[:-1], "is damaged: it should hold 5 labels"),
    "one more": (lambda content: b"\0\0\x08\x01\0\0\0\x06" + b"\1" * 6, "6 labels for 5 images"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(mnist: Path, damage: str) -> None:
    break_it, message = DAMAGES[damage]
    path = mnist / "train-labels-idx1-ubyte"
    path.write_bytes(break_it(path.read_bytes()))
    with pytest.raises(DataError, match=f"train-labels-idx1-ubyte.*{message}"):
        open_images(str(mnist), GREY)


def test_a_registered_data_set_refuses_labels_of_no_class(
    mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(mnist.parent))
    assert open_images("mnist", GREY).classes == tuple("0123456789")
    write_idx_labels(mnist / "train-labels-idx1-ubyte", [3, 0, 1, 10, 2])
    with pytest.raises(DataError, match=r"train-labels.* label 10 is of no class: .* 0 to 9"):
        open_images("mnist", GREY)
