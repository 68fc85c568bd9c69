"""Images, labels and test images in an .npz, under the names that people use."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.data import open_images, open_splits
from ganzoo.errors import DataError
from tests.conftest import Cli

GREY = (1, 28, 28)
IMAGES = np.random.default_rng(1).integers(0, 256, (7, 28, 28), np.uint8)


def saved(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "x.npz", **arrays)
    return str(folder / "x.npz")


def test_kerass_mnist_has_both_parts(tmp_path: Path) -> None:
    path = saved(
        tmp_path, x_test=IMAGES[4:], x_train=IMAGES[:4], y_train=np.array([1, 0, 2, 0], np.uint8),
        y_test=np.array([0, 0, 1], np.uint8),
    )  # fmt: skip
    splits = open_splits(path, GREY)
    assert splits.test is not None
    assert splits.train.labels is not None
    assert splits.test.labels is not None
    np.testing.assert_array_equal(splits.train.pixels[..., 0], IMAGES[:4])
    np.testing.assert_array_equal(splits.test.pixels[..., 0], IMAGES[4:])
    assert splits.train.labels.tolist() == [1, 0, 2, 0]
    assert splits.test.labels.tolist() == [0, 0, 1]
    assert splits.train.classes == splits.test.classes == ("0", "1", "2")
    assert splits.note == "its array x_test"
    np.testing.assert_array_equal(open_images(path, GREY).pixels, splits.train.pixels)


@pytest.mark.parametrize("key", ["labels", "y", "train_labels"])
@pytest.mark.parametrize("shape", [(7,), (7, 1)])  # the second is MedMNIST's
def test_labels_and_the_names_of_classes(tmp_path: Path, key: str, shape: tuple[int, ...]) -> None:
    labels = np.array([0, 1, 1, 0, 1, 0, 0], np.int16)
    path = saved(tmp_path, images=IMAGES, classes=["cat", "dog"], **{key: labels.reshape(shape)})
    found = open_images(path, GREY)
    assert found.labels is not None
    assert (found.labels.tolist(), found.labels.dtype) == (labels.tolist(), np.dtype("int64"))
    assert found.classes == ("cat", "dog")
    assert open_splits(path, GREY).test is None


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("train_images", "train_labels"), ("X_train", "y_train"), ("x", "y"),
     ("image", "label"), ("data", "targets"), ("pictures", "label")],
)  # fmt: skip
def test_the_labels_that_belong_to_the_images(tmp_path: Path, images: str, labels: str) -> None:
    path = saved(tmp_path, **{images: IMAGES, labels: [0, 1, 1, 0, 1, 0, 0]})
    assert open_images(path, GREY).labels.tolist() == [0, 1, 1, 0, 1, 0, 0]  # type: ignore[union-attr]


def test_two_arrays_of_labels_are_not_chosen_from(tmp_path: Path) -> None:
    first, second = [0, 1, 1, 0, 1, 0, 0], [2, 1, 1, 0, 1, 0, 0]
    found = open_images(saved(tmp_path, images=IMAGES, y=first, targets=second), GREY)
    assert found.labels is None
    assert found.no_labels == (
        "its arrays y and targets are both integers (N,), and not the same: remove one of them"
    )
    for others in ({"y": first, "targets": first}, {"labels": first, "y": second}):
        found = open_images(saved(tmp_path, images=IMAGES, **others), GREY)
        assert found.labels is not None
        assert found.labels.tolist() == first


def test_numbers_that_are_no_classes_are_left_alone(tmp_path: Path) -> None:
    assert open_images(saved(tmp_path, images=IMAGES, y=np.ones(7)), GREY).labels is None
    assert open_images(saved(tmp_path, images=IMAGES, y=np.ones((7, 2), int)), GREY).labels is None


def test_a_file_that_is_no_npz_gets_our_own_words(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_text("1, 2, 3")
    with pytest.raises(
        DataError, match=r"x\.npz cannot be read as \.npz, as it is none: np\.savez"
    ):
        open_images(str(path), GREY)
    with path.open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(DataError, match=r"as it is an \.npy: np\.savez\(.*np\.load\('x\.npy'\)"):
        open_images(str(path), GREY)
    with pytest.raises(DataError, match="it holds Python objects, and ganzoo reads") as caught:
        open_images(saved(tmp_path, first=np.array([{}], object)), GREY)
    assert "pickle" not in str(caught.value)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images", "no array")
    with pytest.raises(DataError, match="holds no uint8 images"):
        open_images(str(path), GREY)


def header(shape: str) -> bytes:
    """The start of an array's file, which says that the array has this shape."""
    words = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words


def zipped(content: bytes, change: Callable[[bytearray], None] = lambda zipped: None) -> bytes:
    """An .npz with `images`, whose bytes are changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images.npy", content)
    found = bytearray(file.getvalue())
    change(found)
    return bytes(found)


def central(offset: int, value: int) -> Callable[[bytearray], None]:
    """Set a number of 16 bits in the table of contents and before the file itself."""

    def change(zipped: bytearray) -> None:
        entry = zipped.index(b"PK\x01\x02")
        zipped[entry + offset : entry + offset + 2] = struct.pack("<H", value)
        zipped[offset - 2 : offset] = struct.pack("<H", value)

    return change


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(header("(7, 28, 28)"), central(8, 1)), "array images is encrypted: save it with"),
        (zipped(header("(7, 28, 28)"), central(10, 97)), "compression method"),
        (
            zipped(header(f"({10**9}, 28, 28)")),
            r"images should be uint8 \(1000000000, 28, 28\), and",
        ),
        (zipped(header(f"({10**30}, 28, 28)")), "damaged: its array images should be uint8 "),
        (zipped(header("(7, 28, 28)" + " " * 20_000)), "the header of an array is too long"),
        (zipped(header("(-7, 28, 28)")), ""),
        (zipped(header("(7, 28")), ""),
    ],
    ids=["encrypted", "unknown compression", "large", "huge", "long header", "negative", "torn"],
)
def test_a_file_that_numpy_cannot_read_is_one_clear_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=rf"x\.npz cannot be read as \.npz: .*{words}"):
        open_images(str(tmp_path / "x.npz"), GREY)


def test_labels_of_unsigned_integers_are_labels(tmp_path: Path) -> None:
    path = saved(tmp_path, images=IMAGES, labels=np.arange(7, dtype=np.uint64))
    assert open_images(path, GREY).labels.tolist() == list(range(7))  # type: ignore[union-attr]


def test_test_images_alone_are_trained_on(tmp_path: Path) -> None:
    splits = open_splits(saved(tmp_path, x_test=IMAGES, y_test=np.arange(7)), GREY)
    assert splits.test is None
    assert splits.train.labels is not None
    assert splits.train.labels.tolist() == list(range(7))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": np.zeros(6, int)}, "6 labels for 7 images"),
        ({"labels": np.full(7, 2**64 - 1, np.uint64)}, f"label {2**64 - 1} is of no class"),
        ({"labels": np.full(7, -1)}, "label -1 is of no class"),
        ({"labels": np.full(7, 10**9)}, "label 1000000000 is of no class"),
        ({"labels": np.full(7, 2), "classes": ["a", "b"]}, "label 2 is of no class: .* 0 to 1"),
        ({"labels": np.zeros(7, int), "classes": ["a", "a"]}, "two classes have the same name"),
        ({"labels": np.zeros(7, int), "classes": ["a", ""]}, "a class has a name that is no text"),
        (
            {"labels": np.zeros(7, int), "classes": np.arange(2)},
            "a class has a name that is no text",
        ),
    ],
)
def test_wrong_labels_are_one_clear_line(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=f"x.npz: {message}"):
        open_images(saved(tmp_path, images=IMAGES, **arrays), GREY)


def test_wrong_labels_of_the_test_split_do_not_hinder_training(tmp_path: Path) -> None:
    path = saved(tmp_path, x_train=IMAGES, x_test=IMAGES, y_train=np.arange(7), y_test=np.arange(6))
    assert len(open_images(path, GREY).classes) == 7
    with pytest.raises(DataError, match=r"x\.npz: 6 labels for 7 images"):
        open_splits(path, GREY)


SMALL = IMAGES[:, :8, :8]


@pytest.mark.parametrize(
    ("arrays", "taken", "left_out"),
    [
        (("images", "masks"), "images", "1 array: masks"),
        (("masks", "images", "thumbs"), "images", "2 arrays: masks, thumbs"),
        (("masks", "x_train", "x_test"), "x_train", "1 array: masks"),
        (("train_images", "val_images", "test_images"), "train_images", "1 array: val_images"),
        (("pictures",), "pictures", ""),
        (("x_test",), "x_test", ""),
        (("small", "x_test"), "x_test", "1 array: small"),
        (("small", "pictures"), "pictures", "1 array: small"),
        (("images", *"abcdefgh"), "images", "8 arrays: a, b, c, d, e, f, 2 more"),
    ],
)
def test_one_array_that_fits_is_taken_and_named(
    arrays: tuple[str, ...], taken: str, left_out: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, **{name: SMALL if name == "small" else IMAGES for name in arrays})
    found = open_images(path, GREY)
    assert (found.source["array"], found.left_out) == (taken, left_out)


@pytest.mark.parametrize(
    "arrays",
    [
        ("x_test", "masks"), ("masks", "thumbs"), ("x", "X"), ("images", "data"), ("a", "b", "c"),
        ("x_test", "test_images"), ("x_train", "X_train"), ("masks", "x_test", "thumbs"),
        ("image", "images", "small"), ("pictures", "small", "x_test"),
    ],
)  # fmt: skip
def test_where_two_fit_the_name_is_asked_for(arrays: tuple[str, ...], tmp_path: Path) -> None:
    given = {
        name: SMALL if name == "small" else IMAGES + np.uint8(number)
        for number, name in enumerate(arrays)
    }
    path = saved(tmp_path, **given)
    with pytest.raises(DataError, match=r"arrays that can be images, .*data='\S*x\.npz:\S+' for"):
        open_images(path, GREY)
    for name in arrays:
        if name != "small":
            found = open_images(f"{path}:{name}", GREY)
            np.testing.assert_array_equal(found.pixels[..., 0], given[name])
            assert found.source == {
                "path": path, "array": name, **({"split": "train"} if found.held_back else {})
            }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("y", "no uint8 images with the name 'y': it has pictures"),
        ("missing", "no uint8 images with the name 'missing'"),
        ("small", "images of 8x8 are too small"),
        ("floats", "no uint8 images with the name 'floats'"),
    ],
)
def test_a_name_that_is_of_no_images_is_refused(name: str, said: str, tmp_path: Path) -> None:
    path = saved(tmp_path, pictures=IMAGES, y=np.arange(7), small=SMALL, floats=IMAGES / 2)
    with pytest.raises(DataError, match=said):
        open_images(f"{path}:{name}", GREY)


def test_the_array_is_in_the_plan_and_in_the_run(tmp_path: Path, cli: Cli) -> None:
    path = saved(tmp_path, x_test=IMAGES, masks=IMAGES // 2, floats=np.ones(3))
    train = ("train", "mlp_gan", "--set", "hidden=8", "--batch-size", 2, "--max-steps", 1,
             "--runs", tmp_path / "runs", "--data")  # fmt: skip
    done = cli(*train, path)
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert f"say which one to take, --data {path}:masks for example" in done.err
    done = cli(*train, f"{path}:masks")
    assert done.code == 0
    assert "data          x, 7 images, 28x28, grey, its array masks\n" in done.out
    assert "left out      1 array: floats\n" in done.out
    assert "held back     its array x_test: for tests" in done.out
    run = Path(done.last)
    facts = json.loads((run / "run.json").read_text())
    assert facts["data"]["source"] == {"path": path, "array": "masks", "split": "train"}
    assert cli("resume", run, "--epochs", "+1").code == 0
    del facts["data"]["source"]["array"]  # as an earlier ganzoo, which took the same
    (run / "run.json").write_text(json.dumps(facts))
    assert cli("resume", run, "--epochs", "+1").code == 0


def test_a_file_whose_own_name_ends_like_an_array(tmp_path: Path) -> None:
    path = Path(saved(tmp_path, images=IMAGES, masks=IMAGES // 2))
    odd = path.rename(tmp_path / "a.npz:b.NPZ")
    assert open_images(str(odd), GREY).source == {"path": str(odd), "array": "images"}
    assert open_images(f"{odd}:masks", GREY).source == {"path": str(odd), "array": "masks"}


def test_a_zip_of_images_with_the_wrong_name_is_told_by_its_content(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        for name in ("a.png", "b.png"):
            archive.writestr(name, b"\x89PNG" + bytes(10**6))
    with pytest.raises(
        DataError, match=r"it holds 2 files: 2 \.png; a file of images is named \.zip"
    ):
        open_images(str(tmp_path / "x.npz"), GREY)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("images", "|u1", r"the array images of .* would take 784,000.0 GB of memory, and "),
        ("labels", "<i8", r"the array labels of .* would take 8,000.0 GB of memory, and "),
        ("classes", "<U5", ""),  # without labels they are not read
        ("other", "|u1", ""),
        ("images", "<f8", "holds no uint8 images"),
    ],
)
def test_no_room_is_made_for_more_than_the_memory(
    name: str, kind: str, said: str, tmp_path: Path
) -> None:
    """The table of contents lies as well, so only the memory of the machine is a limit."""
    shape = (10**12, 28, 28) if name in ("images", "other") else (10**12,)
    words = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        claim = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words
        with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
            member.write(claim)
        archive.infolist()[0].file_size = 10**18
        if name != "images":
            with archive.open("images.npy", "w") as member:
                np.lib.format.write_array(member, IMAGES)
    (tmp_path / "x.npz").write_bytes(file.getvalue())
    if not said:
        assert len(open_images(str(tmp_path / "x.npz"), GREY).pixels) == 7
        return
    with pytest.raises(DataError, match=said):
        open_images(str(tmp_path / "x.npz"), GREY)
