"""Which files of a folder or zip are taken, and what is said of all others."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, features

from ganzoo.data import formats, open_images
from ganzoo.errors import DataError
from tests.conftest import Cli
from tests.data.images import encode

RGB = (3, 16, 16)
PICTURE = encode(Image.new("RGB", (20, 20), "red"))


def folder(root: Path, *names: str, content: bytes = PICTURE) -> Path:
    for name in names:
        path = root / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root / "pictures"


def packed(root: Path, *names: str) -> Path:
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for name in names:
            archive.writestr(name, PICTURE)
    return root / "pictures.zip"


KINDS = {
    ".png": "PNG", ".apng": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG",
    ".JPE": "JPEG", ".mpo": "MPO", ".pgm": "PPM", ".pbm": "PPM", ".pnm": "PPM", ".ppm": "PPM",
    ".tga": "TGA", ".TGA": "TGA", ".gif": "GIF", ".webp": "WEBP", ".bmp": "BMP", ".dib": "DIB",
    ".tif": "TIFF", ".ico": "ICO", ".pcx": "PCX", ".sgi": "SGI", ".qoi": "QOI",
    ".avif": "AVIF", ".jp2": "JPEG2000", ".dds": "DDS",
}  # fmt: skip


@pytest.mark.parametrize("suffix", KINDS)
def test_what_pillow_reads_is_read(suffix: str, tmp_path: Path) -> None:
    needed = {"AVIF": "avif", "WEBP": "webp", "JPEG2000": "jpg_2000"}.get(KINDS[suffix])
    if needed and not features.check(needed):
        pytest.skip("this Pillow has no library for it")
    mode = {".pgm": "L", ".pbm": "1"}.get(suffix, "RGB")
    options = {"lossless": True} if suffix == ".webp" else {}
    content = encode(Image.new(mode, (20, 20)), KINDS[suffix], **options)
    found = open_images(str(folder(tmp_path, f"a{suffix}", content=content)), RGB)
    assert (len(found.pixels), int(found.pixels.max()), found.left_out) == (1, 0, "")


JUNK = (
    "@eaDir/a.png", "@eaDir/a.png/SYNOFILE_THUMB_M.png", "__MACOSX/._a.png", "__MACOSX/b.png",
    "d/._x.png", "d/.DS_Store", "Thumbs.db", "d/desktop.ini", "Desktop.ini", "#recycle/a.png",
    "$RECYCLE.BIN/a.png", "System Volume Information/x.png", "lost+found/x.png", ".git/a.png",
    "@Recycle/a.png", "#snapshot/a.png", ".hidden.png", "Icon\r", ".thumbnails/large/a.png",
)  # fmt: skip


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_left_out_without_a_word(name: str, tmp_path: Path) -> None:
    for make, given in (
        (folder, name), (packed, name), (packed, name.replace("/", "\\")),
    ):  # fmt: skip
        found = open_images(str(make(tmp_path, given, "d/b.png")), RGB)
        assert (len(found.pixels), found.left_out) == (1, ""), make


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("1.txt",), "1 file: 1 .txt"),
        (("LICENSE", "1.TXT", "d/2.txt"), "3 files: 2 .txt, 1 without a suffix"),
        (("a.pdf", "b.eps", "c.mpg", "d.h5", "e.xcf", "f.svg", "g.doc", "h.md"),
         "8 files: 1 .doc, 1 .eps, 1 .h5, 1 .md, 1 .mpg, 1 .pdf, 2 of other kinds"),
        (("more.zip", "x.tar.gz"),
         "2 files: 1 .gz, 1 .zip; "
         "what is in a .zip or .gz is not looked at: unpack it, or name it"),
        (("x.\x1b[2Jevil",), "1 file: 1 .\x1b[2jevil"),
        (("dataset.json",), ""),
    ],
)  # fmt: skip
def test_what_else_is_left_out_is_counted(
    names: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    for make in (folder, packed):
        assert open_images(str(make(tmp_path, "a.png", *names)), RGB).left_out == said


def test_the_plan_says_what_is_left_out(tmp_path: Path, cli: Cli) -> None:
    data = folder(tmp_path, "a.png", "b.png", "c.\x1b[2J", "d.txt", "e.txt")
    done = cli("train", "mlp_gan", "--set", "hidden=8", "--data", data, "--batch-size", 2,
               "--max-steps", 1, "--runs", tmp_path / "runs")  # fmt: skip
    assert "left out      3 files: 2 .txt, 1 .?[2j\n" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("inner.zip",), r"it holds 1 file: 1 \.zip; .*unpack it, or name it"),
        (("d/x.7z", "y.rar"), r"2 files: 1 \.7z, 1 \.rar; .*unpack it"),
        (("a.txt",), r"it holds 1 file: 1 \.txt"),
        ((".a.png",), "hidden files are not looked at"),
    ],
)
def test_where_no_image_is_the_error_says_what_is(
    names: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    for make in (folder, packed):
        with pytest.raises(DataError, match=f"holds no images that Pillow reads.*{said}"):
            open_images(str(make(tmp_path, *names)), RGB)


@pytest.fixture
def anew() -> Iterator[None]:
    """Pillow is asked again what it reads, before and after."""
    formats.readable.cache_clear()
    yield
    formats.readable.cache_clear()


def test_heic_is_read_where_a_plugin_is_installed(
    anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in (*formats.PLUGINS, *formats.TEACHING):
        monkeypatch.setitem(sys.modules, package, None)
    content = encode(Image.new("RGB", (20, 20)))
    data = folder(tmp_path, "a.png", "b.heic", "c.HEIC", content=content)
    found = open_images(str(data), RGB)
    assert found.left_out == "2 files: 2 .heic; `pip install pillow-heif` lets Pillow read .heic"
    plugin = ModuleType("pillow_heif")
    known = dict(Image.EXTENSION)
    plugin.register_heif_opener = lambda: Image.register_extension("PNG", ".heic")  # type: ignore[attr-defined]
    monkeypatch.setattr(Image, "EXTENSION", known)
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    formats.readable.cache_clear()
    found = open_images(str(data), RGB)
    assert (len(found.pixels), found.left_out) == (3, "")


def test_a_broken_plugin_of_pillow_is_none(
    anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pillow_heif.py").write_text("raise OSError('libheif.so.1: not found')")
    monkeypatch.syspath_prepend(tmp_path)
    assert len(open_images(str(folder(tmp_path, "a.png")), RGB).pixels) == 1


def test_postscript_is_run_under_no_name(tmp_path: Path) -> None:
    content = encode(Image.new("RGB", (20, 20)), "EPS")
    with pytest.raises(DataError, match=r"a\.png \(not an image\)"):
        open_images(str(folder(tmp_path, "a.png", content=content)), RGB)


@pytest.mark.parametrize("word", ["", " ", "\t\n"])
def test_an_empty_word_takes_no_folder(word: str, cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "mlp_gan", "--data", word, "--runs", tmp_path)
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert "is an empty word" in done.err
