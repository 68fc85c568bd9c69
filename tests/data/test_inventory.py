"""What `ganzoo data` says of the cache, and what it removes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.data import cached, clear, open_images
from ganzoo.errors import DataError
from tests.conftest import Cli

RGB = (3, 32, 32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of decoded images, which is this test's own."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


def test_an_empty_cache(cli: Cli) -> None:
    for words in ((), ("clear",)):
        done = cli("data", *words)
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith("ganzoo: the cache has no decoded images")
        assert json.loads(cli("data", *words, "--json").out) == []


def test_each_entry_is_listed_with_what_it_is_of(cli: Cli, faces: Path, cache: Path) -> None:
    (faces / "torn.png").write_bytes(b"no picture")
    open_images(str(faces), RGB, skip_bad=True)
    open_images("toy_garments", (1, 16, 16), options={"count": 3})
    rows = {row["data"]: row for row in json.loads(cli("data", "--json").out)}
    (size,) = {
        pixels.stat().st_size + pixels.with_suffix(".json").stat().st_size
        for pixels in cache.glob("*.u8") if pixels.stem == rows["faces"]["name"]
    }  # fmt: skip
    assert rows["faces"] == {
        "name": rows["faces"]["name"], "bytes": size, "state": "whole", "data": "faces",
        "source": {"path": str(faces.resolve())}, "shape": [12, 32, 32, 3], "skipped": 1,
        "made": rows["faces"]["made"],
    }  # fmt: skip
    assert rows["toy_garments"]["source"]["options"] == {"count": 3, "seed": 0}
    shown = cli("data").out
    for words in ("faces: ", "32x32 RGB", "toy_garments: ganzoo", "16x16 grey", "0.0 MB in "):
        assert words in shown
    assert rows["faces"]["name"][:8] in shown


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("damage", "state"),
    [
        (lambda pixels, facts: facts.write_bytes(b""), "is damaged"),
        (lambda pixels, facts: facts.write_bytes(b"{"), "is damaged"),
        (lambda pixels, facts: facts.write_bytes(b"{}"), "is of another version of ganzoo"),
        (lambda pixels, facts: os.truncate(pixels, 5), "is of 5 bytes, not 36,864"),
        (lambda pixels, facts: pixels.unlink(), "cannot be read: No such file"),
        (lambda pixels, facts: facts.unlink(), "unfinished"),
        (lambda pixels, facts: (facts.unlink(), facts.mkdir()), "cannot be read: "),
        (lambda pixels, facts: pipe(facts), "cannot be read: "),
        (lambda pixels, facts: pipe(pixels), "is a device or a pipe"),
        (lambda pixels, facts: facts.rename(pixels.with_name(".a.json.1.tmp")), "unfinished"),
    ],
)
def test_what_is_damaged_is_listed_and_removed(
    damage: Any, state: str, cli: Cli, faces: Path, cache: Path
) -> None:
    open_images(str(faces), RGB)
    (pixels,) = cache.glob("*.u8")
    damage(pixels, pixels.with_suffix(".json"))
    for row in json.loads(cli("data", "--json").out):
        assert state in row["state"]
    assert cli("data").code == 0
    assert cli("data", "clear").code == 0
    assert not [*cache.iterdir()]


def test_one_data_set_is_removed(cli: Cli, faces: Path, cache: Path) -> None:
    def opened() -> None:
        for size in (16, 32):
            open_images(str(faces), (3, size, size))
        open_images("toy_garments", (1, 16, 16), options={"count": 3})

    opened()
    by_name = {one.name: one for one in cached()}
    digits = next(name for name, one in by_name.items() if one.shape[1:] == (32, 32, 3))
    for given, left in ((digits[:8], 2), (digits, 2), ("faces", 1), (str(faces), 1), (None, 0)):
        opened()
        clear(given)
        assert len(cached()) == left
    opened()
    for wrong in ("face", "", digits[:3], "*", "..", str(cache), f"{digits}x"):
        with pytest.raises(DataError, match="`ganzoo data` lists them"):
            clear(wrong)
        done = cli("data", "clear", wrong)
        assert (done.code, done.err.count("\n")) == (4, 1)
    assert len(cached()) == 3


def test_nothing_else_is_removed(cli: Cli, faces: Path, cache: Path) -> None:
    images = open_images(str(faces), RGB)
    before = np.array(images.pixels)
    others = [
        cache / "notes.txt",
        cache.parent / "features" / "x.onnx",
        cache.parent / "FashionMNIST",
    ]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("mine")
    done = cli("data", "clear")
    assert done.out.startswith("removed ")
    assert done.out.endswith(": faces 32x32 RGB, 0.0 MB\n")
    assert not cached()
    assert all(other.exists() for other in others)
    np.testing.assert_array_equal(images.pixels, before)  # a training goes on


def test_names_control_no_terminal(cli: Cli, faces: Path) -> None:
    faces = faces.rename(faces.with_name("\x1b[2Jfaces\n"))
    open_images(str(faces), RGB)
    assert "\x1b" not in cli("data").out
    done = cli("data", "clear")
    assert "\x1b" not in done.out
    assert done.out.count("\n") == 1
