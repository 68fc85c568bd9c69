"""Images from whatever the user has: decoded once, in the right shape, or refused by name."""

import gzip
import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import Dataset
from ganzoo.data import open_images
from ganzoo.data.decoding import decode
from ganzoo.data.prepare import fit, prepare
from ganzoo.errors import DataError, PluginError
from ganzoo.storage import cache_folder
from ganzoo.zoo.registry import load_dataset
from tests.conftest import write_idx

RGB = (3, 32, 32)
GREY = (1, 28, 28)


def random_images(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_a_folder_is_read_in_the_order_of_paths(faces: Path) -> None:
    found = open_images(str(faces), RGB)
    assert (found.name, found.pixels.shape) == ("faces", (12, 32, 32, 3))
    assert found.pixels.dtype == np.uint8
    first = np.asarray(Image.open(faces / "part0" / "00.png"))
    np.testing.assert_array_equal(found.pixels[0], fit(first, (32, 32, 3)))


def test_a_zip_holds_the_same_images_as_its_folder(faces: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in sorted(faces.rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("__MACOSX/._x.png", b"not an image")
        archive.writestr("readme.txt", b"hello")
    from_zip = open_images(str(tmp_path / "faces.zip"), RGB)
    assert from_zip.fingerprint == open_images(str(faces), RGB).fingerprint


def test_images_are_decoded_once(faces: Path) -> None:
    calls: list[tuple[int, int]] = []
    for _ in range(2):
        found = open_images(
            str(faces), RGB, progress=lambda done, total: calls.append((done, total))
        )
    assert calls == [(12, 12)]
    assert isinstance(found.pixels, np.memmap)
    os.utime(faces / "part0" / "00.png", (1, 1))  # another file, as far as anybody can tell
    open_images(str(faces), RGB, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) == 2


@pytest.mark.parametrize("key", ["images", "x_train"])
@pytest.mark.parametrize("shape", [(9, 28, 28), (9, 28, 28, 1), (9, 40, 30, 3), (9, 3, 40, 30)])
def test_npz(tmp_path: Path, key: str, shape: tuple[int, ...]) -> None:
    images = random_images(*shape)
    np.savez(tmp_path / "x.npz", a_labels=np.zeros(9, np.uint8), **{key: images})  # type: ignore[arg-type]
    found = open_images(str(tmp_path / "x.npz"), GREY)
    assert found.pixels.shape == (9, 28, 28, 1)
    if shape[1:3] == (28, 28):
        np.testing.assert_array_equal(found.pixels.reshape(images.shape), images)


@pytest.mark.parametrize("gz", [False, True])
def test_idx_folder(tmp_path: Path, gz: bool) -> None:
    images = random_images(5, 28, 28)
    path = write_idx(tmp_path / "idx" / "train-images-idx3-ubyte", images)
    if gz:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    found = open_images(str(tmp_path / "idx"), GREY)
    np.testing.assert_array_equal(found.pixels[..., 0], images)
    assert open_images(str(tmp_path / "idx"), RGB).pixels.shape == (5, 32, 32, 3)


def test_images_are_cropped_in_the_middle_and_keep_their_proportions() -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    assert fit(wide, (20, 20, 3)).min() == 255


def test_resizing_is_antialiased() -> None:
    checkers = np.indices((256, 256)).sum(0).astype(np.uint8) % 2 * 255
    small = fit(checkers, (32, 32, 1))
    assert 100 < small.min() <= small.max() < 155


def test_grey_and_colour_are_converted() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    assert fit(red, (32, 32, 1))[0, 0, 0] == 76  # ITU-R 601 luma
    assert fit(np.full((32, 32), 9, np.uint8), (32, 32, 3))[0, 0].tolist() == [9, 9, 9]


def test_exif_rotation_is_honoured() -> None:
    image = Image.new("RGB", (40, 20), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees to view
    assert decode(encode(image, "JPEG", exif=exif)).shape == (40, 20, 3)


def test_transparency_becomes_white() -> None:
    assert decode(encode(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))).min() == 255
    palette = Image.new("P", (20, 20), 0)
    palette.info["transparency"] = 0
    assert decode(encode(palette, transparency=0)).min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_is_decoded(mode: str) -> None:
    kind = "TIFF" if mode in {"CMYK"} else "PNG"
    decoded = decode(encode(Image.new(mode, (20, 20)), kind))
    assert decoded.dtype == np.uint8
    assert decoded.shape[:2] == (20, 20)


# What is wrong with the data is said by name, before anything is trained.


def test_a_truncated_png_is_named_and_can_be_skipped(faces: Path) -> None:
    bad = faces / "part1" / "03.png"
    bad.write_bytes(bad.read_bytes()[:400])
    with pytest.raises(
        DataError, match=r"1 of 12 images cannot be used: \S*part1/03.png .*skip_bad=True"
    ):
        open_images(str(faces), RGB)
    assert not list((cache_folder() / "images").glob("*.tmp*"))
    for _ in range(2):  # decoded, then from the cache
        found = open_images(str(faces), RGB, skip_bad=True)
        assert len(found.pixels) == 11
        assert len(found.skipped) == 1
        assert "part1/03.png" in found.skipped[0]
    with pytest.raises(DataError, match=r"part1/03\.png"):
        open_images(str(faces), RGB)


def test_all_bad_files_are_counted(faces: Path) -> None:
    for path in faces.rglob("*.png"):
        path.write_bytes(b"not a picture")
    for skip_bad in (False, True):
        with pytest.raises(
            DataError, match=r"12 of 12 images cannot be used.*png \(not an image\).*and 7 more"
        ):
            open_images(str(faces), RGB, skip_bad=skip_bad)


def test_an_image_too_small_is_named(faces: Path) -> None:
    Image.new("RGB", (15, 40)).save(faces / "icon.png")
    with pytest.raises(DataError, match=r"icon\.png .15x40, where ganzoo wants at least 16"):
        open_images(str(faces), RGB)


@pytest.mark.parametrize("side", [9_000, 10_000, 14_000])  # ganzoo's limit, PIL's two
def test_a_decompression_bomb_is_refused(tmp_path: Path, side: int) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "bomb.png").write_bytes(encode(Image.new("1", (side, side))))
    with pytest.raises(DataError, match=r"bomb\.png"):
        open_images(str(tmp_path / "d"), RGB)


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png"])
def test_a_zip_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, encode(Image.new("RGB", (20, 20))))
    with pytest.raises(DataError, match="unsafe name"):
        open_images(str(tmp_path / "x.zip"), RGB)


def test_a_symlink_loop_is_refused_and_a_link_is_followed(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "there").symlink_to(faces)
    assert len(open_images(str(tmp_path / "links"), RGB).pixels) == 12
    (faces / "part0" / "loop").symlink_to(faces)
    with pytest.raises(DataError, match="read already: remove the link"):
        open_images(str(faces), RGB)


def test_a_link_to_itself_is_named_like_a_dangling_one(faces: Path, tmp_path: Path) -> None:
    (faces / "part0" / "circle.png").symlink_to("circle.png")
    with pytest.raises(DataError, match=r"1 of 13 images cannot be used: .*circle\.png"):
        open_images(str(faces), RGB)
    with pytest.raises(DataError, match="there is no folder or file"):
        open_images(str(faces / "part0" / "circle.png"), RGB)


def test_a_data_set_that_leaves_the_working_folder_is_brought_back(tmp_path: Path) -> None:
    class Strays:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
            os.chdir("/")
            return random_images(20, 20)

    before = Path.cwd()
    prepare(Dataset(images=Strays(), cache_key="strays"), GREY, cache=tmp_path)
    assert Path.cwd() == before


def test_a_zip_that_is_too_new_or_encrypted_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", encode(Image.new("RGB", (20, 20))))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 6] = 99  # version that is needed
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.zip is not a zip file that can be read: .*9\.9"):
        open_images(str(path), RGB)
    content[entry + 6] = 20
    content[entry + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png \(encrypted: pack it without a password\)"):
        open_images(str(path), RGB)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "missing" / "x", "there is no folder or file"),
        (lambda p: _made(p / "empty"), "holds no images"),
        (lambda p: _file(p / "x.zip", b"PK no zip"), "is no training data|not a zip"),
        (lambda p: _file(p / "x.npz", b"no npz"), "cannot be read as .npz"),
        (lambda p: _file(p / "x.txt", b"text"), "is no training data"),
        (lambda p: _file(p / "d" / "train-images-idx3-ubyte", b"\0\0\x08\x03"), "not an IDX"),
        (lambda p: _file(p / "d" / "train-images-idx3-ubyte.gz", b"\x1f\x8b no"), "is damaged"),
        (lambda p: _file(p / "d" / "train-images-idx3-ubyte",
                         b"\0\0\x08\x03" + b"\0\0\0\x01" * 3 + b"123"), "should hold 1 images"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_refused(tmp_path: Path, make, message: str) -> None:  # type: ignore[no-untyped-def]
    path = make(tmp_path)
    path = path.parent if "idx3" in path.name else path
    with pytest.raises(DataError, match=message):
        open_images(str(path), GREY)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _file(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def test_npz_of_objects_or_floats_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 28, 28), np.float32))
    with pytest.raises(DataError, match="holds no uint8 images"):
        open_images(str(tmp_path / "x.npz"), GREY)
    np.savez(tmp_path / "y.npz", images=np.array([{"a": 1}], object))
    with pytest.raises(DataError, match="cannot be read"):
        open_images(str(tmp_path / "y.npz"), GREY)


def test_a_pipe_among_images_is_named_and_not_read(faces: Path) -> None:
    os.mkfifo(faces / "part0" / "99.png")
    with pytest.raises(DataError, match=r"1 of 13 .*99\.png \(a device or a pipe, not a regular"):
        open_images(str(faces), (3, 16, 16))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean 'toy_faces'"):
        open_images("toy_face", RGB)


def test_a_path_takes_no_options(faces: Path) -> None:
    with pytest.raises(PluginError, match="takes no options"):
        open_images(str(faces), RGB, options={"count": "3"})


def test_the_fingerprint_is_of_the_pixels_however_they_came(tmp_path: Path) -> None:
    dataset = load_dataset("toy_garments", {"count": 5}).value
    odd_size = (1, 30, 30)
    pixels, fingerprint, *_ = prepare(dataset, odd_size, cache=tmp_path)
    same, again, *_ = prepare(Dataset(images=np.array(pixels)), odd_size, cache=tmp_path)
    assert again == fingerprint
    np.testing.assert_array_equal(same, pixels)


def forged(content: bytes, wanted: int) -> bytes:
    """Some bytes with four more, so that their CRC-32 is `wanted`."""
    start = zlib.crc32(content + b"\0" * 4)
    rows = [  # what each bit of the four changes; a CRC is linear
        (zlib.crc32(content + (1 << bit).to_bytes(4, "little")) ^ start, 1 << bit)
        for bit in range(32)
    ]
    left, chosen = start ^ wanted, 0
    for place in range(31, -1, -1):
        pivot = next(row for row in rows if row[0] >> place & 1)
        rows = [
            (row[0] ^ pivot[0], row[1] ^ pivot[1]) if row[0] >> place & 1 else row
            for row in rows if row is not pivot
        ]  # fmt: skip
        if left >> place & 1:
            left, chosen = left ^ pivot[0], chosen ^ pivot[1]
    return content + chosen.to_bytes(4, "little")


@pytest.mark.parametrize("same_place", [True, False])
def test_zips_with_equal_names_sizes_and_crcs_are_told_apart(
    tmp_path: Path, same_place: bool
) -> None:
    shades = []
    for name, grey in (("a.zip", 10), ("a.zip" if same_place else "b.zip", 200)):
        content = forged(encode(Image.new("L", (32, 32), grey), "BMP"), 0x12345678)
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(zipfile.ZipInfo("x.bmp"), content)
            assert archive.infolist()[0].CRC == 0x12345678
        os.utime(tmp_path / name, (1, 1))
        shades.append(int(open_images(str(tmp_path / name), (1, 32, 32)).pixels[0, 0, 0, 0]))
    assert shades == [10, 200]


def test_a_file_that_is_replaced_by_one_with_its_size_and_time_is_another(tmp_path: Path) -> None:
    shades = []
    (tmp_path / "a").mkdir()
    for grey in (10, 200):
        Image.new("L", (32, 32), grey).save(tmp_path / "a" / "x.bmp")
        os.utime(tmp_path / "a" / "x.bmp", (1, 1))
        shades.append(int(open_images(str(tmp_path / "a"), (1, 32, 32)).pixels[0, 0, 0, 0]))
    assert shades == [10, 200]


def test_folders_with_equal_names_sizes_and_times_are_told_apart(tmp_path: Path) -> None:
    for name, grey in (("a", 10), ("b", 200)):
        (tmp_path / name).mkdir()
        Image.new("L", (32, 32), grey).save(tmp_path / name / "x.bmp")
        os.utime(tmp_path / name / "x.bmp", (1, 1))
    shades = [int(open_images(str(tmp_path / n), (1, 32, 32)).pixels[0, 0, 0, 0]) for n in "ab"]
    assert shades == [10, 200]


def test_deep_greys_are_scaled_and_what_has_no_range_is_refused(tmp_path: Path) -> None:
    assert decode(encode(Image.new("I;16", (20, 20), 32768)))[0, 0] == 128
    with pytest.raises(ValueError, match="mode F"):
        decode(encode(Image.new("F", (20, 20)), "TIFF"))


def test_an_empty_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="empty"):
        prepare(Dataset(images=np.zeros((0, 28, 28), np.uint8)), GREY, cache=tmp_path)
    with pytest.raises(PluginError, match="count must be at least 1"):
        open_images("toy_faces", RGB, options={"count": "0"})


@pytest.mark.parametrize("images", [np.zeros((4, 28, 28)), np.zeros((4, 28), np.uint8)])
def test_an_array_that_is_no_uint8_images_is_refused(
    images: np.ndarray[tuple[int, ...], np.dtype[np.float64]], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"not uint8 \(N, H, W\[, C\]\)"):
        prepare(Dataset(images=images), (1, 28, 28), cache=tmp_path)
    with pytest.raises(DataError, match="not uint8"):
        prepare(
            Dataset(images=list(images.astype(float)), cache_key="1"), (1, 28, 28), cache=tmp_path
        )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
