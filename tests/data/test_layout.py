"""What folders in a folder, and in a zip, say: classes, and what is held back."""

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data import Splits, open_images, open_splits
from tests.conftest import Cli

GREY = (1, 16, 16)


def folder(root: Path, names: Iterable[str]) -> Path:
    """Write images whose grey is their number in `names`."""
    for grey, name in enumerate(names):
        path = root / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), grey).save(path)
    return root / "pictures"


def packed(root: Path, names: Iterable[str]) -> Path:
    """Write them into a zip, below a folder as when a folder is packed."""
    source = folder(root, names)
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for path in source.rglob("*.png"):
            archive.write(path, path.relative_to(root))
    return root / "pictures.zip"


@pytest.fixture(params=[folder, packed])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Splits]:
    return lambda *names: open_splits(str(request.param(tmp_path, names)), GREY)


def greys(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[int]:
    return [int(grey) for grey in pixels[:, 0, 0, 0]]


def test_two_folders_are_two_classes(opened: Callable[..., Splits]) -> None:
    found = opened("dog/x", "cat/b", "cat/deep/a", "dog/y")
    assert found.train.labels is not None
    assert dict(zip(greys(found.train.pixels), found.train.labels.tolist(), strict=True)) == {
        0: 1, 1: 0, 2: 0, 3: 1,
    }  # fmt: skip
    assert found.train.classes == ("cat", "dog")
    assert found.test is None
    assert found.note == "it has no test split"


@pytest.mark.parametrize("names", [("a", "b"), ("a/x", "b"), ("a/x", "a/y"), ("a/b/x", "a/b/y")])
def test_other_folders_are_no_classes(
    opened: Callable[..., Splits], names: tuple[str, ...]
) -> None:
    found = opened(*names)
    assert found.train.labels is None
    assert found.train.classes == ()
    assert len(found.train.pixels) == 2


def test_images_beside_class_folders_are_said_to_be_in_the_way(
    opened: Callable[..., Splits],
) -> None:
    found = opened("cat/a", "dog/b", "c").train
    assert (found.labels, len(found.pixels)) == (None, 3)
    assert found.no_labels.startswith("1 of 3 images lie in no class folder, first ")
    assert found.no_labels.endswith("c.png: move them into one")


@pytest.mark.parametrize(
    ("train", "test"), [("train", "test"), ("Training", "Testing"), ("train", "val")]
)
def test_test_images_are_held_back(opened: Callable[..., Splits], train: str, test: str) -> None:
    found = opened(f"{train}/cat/x", f"{test}/dog/x", f"{train}/dog/y", f"{test}/bird/z", "other/w")
    assert found.test is not None
    assert found.train.labels is not None
    assert found.test.labels is not None
    assert greys(found.train.pixels) == [0, 2]
    assert sorted(greys(found.test.pixels)) == [1, 3]
    assert found.train.classes == found.test.classes == ("bird", "cat", "dog")
    assert found.train.labels.tolist() == [1, 2]
    assert found.test.labels.tolist() == [0, 2]
    assert found.note == found.train.held_back
    assert found.note == (
        f"the images below {test}/ (2); 1 lie neither there nor below {train}/, and are not used"
    )


def test_test_comes_before_val_and_needs_no_classes(opened: Callable[..., Splits]) -> None:
    found = opened("train/a", "val/b", "test/c")
    assert found.test is not None
    assert (greys(found.train.pixels), greys(found.test.pixels)) == ([0], [2])
    assert found.train.labels is None


@pytest.mark.parametrize(
    "names",
    [
        ("train/a/x", "train/a/y", "test/a/z"),  # a single class
        ("train/a/x", "train/b/y", "train/z", "test/a/w", "test/b/v"),  # one that is of no class
    ],
)
def test_training_images_without_classes_leave_test_images_without(
    opened: Callable[..., Splits], names: tuple[str, ...]
) -> None:
    found = opened(*names)
    assert found.test is not None
    assert found.train.labels is None
    assert found.test.labels is None


def test_labels_stay_with_their_images_where_some_are_left_out(tmp_path: Path) -> None:
    path = folder(tmp_path, ["a/0", "b/1", "a/2", "b/3"])
    (path / "a" / "0.png").write_bytes(b"no image")
    for _ in range(2):  # decoded, then from the cache
        found = open_images(str(path), GREY, skip_bad=True)
        assert found.labels is not None
        assert greys(found.pixels) == [2, 1, 3]
        assert found.labels.tolist() == [0, 1, 1]


def test_a_run_that_was_begun_on_both_parts_says_what_is_held_back_now(
    tmp_path: Path, cli: Cli
) -> None:
    path = folder(tmp_path, [f"{part}/{i}" for i in range(4) for part in ("test", "trained")])
    run = cli("train", "mlp_gan", "--set", "hidden=8", "--data", path, "--batch-size", 4,
              "--max-steps", 1, "--runs", tmp_path / "runs").last  # fmt: skip
    (path / "trained").rename(path / "train")
    done = cli("resume", run, "--epochs", "+1")
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert "Not among the 4 images are now the images below test/ (4)." in done.err
    done = cli("train", "mlp_gan", "--set", "hidden=8", "--data", path, "--batch-size", 4,
               "--max-steps", 1, "--runs", tmp_path / "runs")  # fmt: skip
    assert "the images below test/ (4): for tests, not trained on" in " ".join(done.out.split())
    assert cli("resume", done.last, "--epochs", "+1").code == 0
