"""A figure writes names in any script, and draws no box."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageFont

from ganzoo.draw import fonts
from tests.conftest import Cli, process

CHINESE = "时装"


@pytest.fixture
def chinese() -> Path:
    """The font of the system that Chinese is written in."""
    found = fonts.covering(frozenset(CHINESE))
    if not found or fonts.lacking_all(frozenset(CHINESE)):
        pytest.skip("no font of this system has Chinese characters")
    return found[0]


def test_letters_that_pillow_has_look_the_same_everywhere() -> None:
    font, shown = fonts.lettered("loss D(x) at 0.5", 20)
    assert shown == "loss D(x) at 0.5"
    assert font is fonts.lettered("another", 20)[0]


def test_a_font_of_the_system_has_what_the_usual_one_lacks(chinese: Path) -> None:
    font, shown = fonts.lettered(f"GAN {CHINESE}", 20)
    assert shown == f"GAN {CHINESE}"
    itself = ImageFont.truetype(chinese, 20)
    assert font.getmask(CHINESE).size == itself.getmask(CHINESE).size
    assert bytes(font.getmask(CHINESE)) == bytes(itself.getmask(CHINESE))
    assert bytes(font.getmask("时")) != bytes(font.getmask("装"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_title_is_drawn_in_chinese(
    chinese: Path, trained: Path, tmp_path: Path, kind: str
) -> None:
    done = process("-W", "error", "-m", "ganzoo", "plot", trained, "-o", tmp_path, "--format", kind,
        "--title", CHINESE)  # fmt: skip
    assert (done.code, done.err) == (0, "")
    if kind == "svg":
        assert f"{CHINESE}: Losses" in (tmp_path / "losses.svg").read_text()


def test_where_no_font_has_a_character_a_remark_says_so_once(trained: Path, tmp_path: Path) -> None:
    (none := tmp_path / "fonts").mkdir()
    done = process(
        "-W", "error", "-m", "ganzoo", "plot", trained, "-o", tmp_path, "--title", CHINESE,
        env={"GANZOO_FONTS": str(none)},
    )  # fmt: skip
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert "shows ? for 时装" in done.err
    assert "$GANZOO_FONTS" in done.err
    asked = process(
        "-m", "ganzoo", "plot", trained, "-o", tmp_path / "asked", "--title", "??",
        env={"GANZOO_FONTS": str(none)},
    )  # fmt: skip
    assert asked.err == ""
    with Image.open(tmp_path / "strip.png") as one, Image.open(tmp_path / "asked/strip.png") as two:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


def test_a_sheet_names_the_model_as_it_is_told(exported: Path, tmp_path: Path, cli: Cli) -> None:
    sizes = []
    for title in ([], ["--title", "a rather long name of a model, longer than its eight images"]):
        done = cli("sample", exported, "-n", 8, "--columns", 8, "--scale", 1, *title, "-o",
            tmp_path / "x.png")  # fmt: skip
        assert done.code == 0, done.err
        with Image.open(tmp_path / "x.png") as sheet:
            sizes.append(sheet.size)
    assert sizes[1][0] > sizes[0][0] == 8 * 30 + 2
    assert sizes[1][1] > sizes[0][1]


ODD = "\x1b[31mred\x07 <b>$x^2$ &\nnext\udcff \u202eשלום " + "long " * 2000  # noqa: RUF001


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_no_title_breaks_a_figure(
    exported: Path, trained: Path, tmp_path: Path, kind: str, cli: Cli
) -> None:
    done = cli("plot", trained, "-o", tmp_path, "--format", kind, "--title", ODD)
    assert done.code == 0, done.err
    assert "cannot be drawn" not in done.err
    assert (tmp_path / f"losses.{kind}").exists()
    done = cli("sample", exported, "-o", tmp_path / f"x.{kind}", "--title", ODD)
    assert done.code == 0, done.err
    if kind == "svg":
        said = "".join(ElementTree.parse(tmp_path / "losses.svg").getroot().itertext())
        assert "?[31mred? <b>$x^2$ & next? ?" in said.replace("\n", " ")
        assert ": Losses" in said


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such pipes")
def test_what_is_no_font_is_left_alone(trained: Path, tmp_path: Path) -> None:
    (odd := tmp_path / "fonts").mkdir()
    os.mkfifo(odd / "pipe.ttf")
    (odd / "again").symlink_to(odd)
    (odd / "lost.ttf").symlink_to("nothing")
    (odd / "noise.otf").write_bytes(bytes(range(256)) * 99)
    with (odd / "large.ttf").open("wb") as file:
        file.truncate(50_000_000_000)
    done = process(
        "-m", "ganzoo", "plot", trained, "-o", tmp_path, "--title", CHINESE,
        env={"GANZOO_FONTS": str(odd)},
    )  # fmt: skip
    assert done.code == 0
    assert "shows ? for 时装" in done.err
