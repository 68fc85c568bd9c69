"""Images with 16 bits a value: what they use of it is scaled to 8 bits, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data import open_images
from ganzoo.data.decoding import decode
from tests.conftest import Cli
from tests.data.images import Values, encode, pgm, png

RAMP = np.linspace(0, 1, 32 * 32).reshape(32, 32, 1)
GREY = (1, 32, 32)


def ramp(highest: int, channels: int = 1) -> Values:
    """From black to `highest`; alpha is opaque."""
    values = np.rint(RAMP * highest).astype(np.uint16).repeat(channels, axis=2)
    if channels in (2, 4):
        values[..., -1] = next((1 << b) - 1 for b in (8, 10, 12, 14, 16) if highest < 1 << b)
    return values


def shades(highest: int, bits: int) -> Values:
    return np.rint(ramp(highest)[..., 0] * (255 / ((1 << bits) - 1))).astype(np.uint8)


@pytest.mark.parametrize(
    ("highest", "bits"),
    [(200, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4095, 12), (4096, 14), (16383, 14),
     (16384, 16), (30000, 16), (65535, 16)],
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_is_scaled_by_the_bits_that_it_uses(highest: int, bits: int, channels: int) -> None:
    found = decode(png(ramp(highest, channels))).astype(int)
    first = found if found.ndim == 2 else found[..., 0]
    assert (found == (first if found.ndim == 2 else first[..., None])).all()
    wanted = shades(highest, bits)
    if channels > 1 and bits == 16:  # as Pillow does it
        wanted = (ramp(highest)[..., 0] >> 8).astype(np.uint8)
    np.testing.assert_allclose(first, wanted, atol=1)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("white", [100, 255, 1023, 4095, 10000, 65535])
def test_a_pgm_says_what_white_is(white: int, plain: bool) -> None:
    bright, dark = (pgm(ramp(highest)[..., 0], white, plain) for highest in (white, white // 8))
    found = decode(bright).astype(int)
    np.testing.assert_allclose(found, RAMP[..., 0] * 255, atol=1 + 255 / white)
    if white < 65535 or plain:
        assert abs(int(decode(dark).max()) - 255 * (white // 8) / white) <= 1


@pytest.mark.parametrize("depth", [2, 4, 8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_value_is_of_the_files_own_bits(depth: int, channels: int) -> None:
    if channels == 3 and depth < 8:
        return  # there is no such PNG
    highest = (1 << depth) - 1
    values = np.zeros((16, 16, channels), np.uint16)
    values[:8] = 1  # nearly black, and transparent
    values[8, 0] = highest
    pixels = decode(png(values, depth, (1,) * channels))
    assert pixels[:8].min() == 255
    assert pixels[9:].max() == 0


def test_a_transparent_value_of_12_bits() -> None:
    values = ramp(4095)
    values[0] = 7
    pixels = decode(png(values, transparent=(7,)))
    assert pixels[0].min() == 255
    np.testing.assert_array_equal(pixels[8:], shades(4095, 12)[8:])


def test_all_images_are_scaled_alike_and_it_is_said(tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "dark.png").write_bytes(png(ramp(300)))
    (folder / "light.png").write_bytes(png(ramp(4095)))
    Image.new("L", (32, 32), 50).save(folder / "of8bits.png")
    (folder / "torn.png").write_bytes(png(ramp(65535))[:60])
    for _ in range(2):  # decoded, then from the cache
        found = open_images(str(folder), GREY, skip_bad=True)
        np.testing.assert_array_equal(found.pixels[0, ..., 0], shades(300, 12))
        np.testing.assert_array_equal(found.pixels[1, ..., 0], shades(4095, 12))
        assert (found.pixels[2] == 50).all()
        assert found.scaled == "images with 16 bits a value use 12: 4,095 is white"
    (folder / "torn.png").unlink()
    done = cli("train", "mlp_gan", "--set", "hidden=8", "--data", folder, "--batch-size", 2,
               "--max-steps", 1, "--runs", tmp_path / "runs")  # fmt: skip
    assert "scaled        images with 16 bits a value use 12: 4,095 is white" in done.out


def test_one_image_that_uses_all_bits_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name, highest in (("a", 300), ("b", 60000)):
        (tmp_path / "d" / f"{name}.png").write_bytes(png(ramp(highest)))
    found = open_images(str(tmp_path / "d"), GREY)
    np.testing.assert_array_equal(found.pixels[0, ..., 0], shades(300, 16))
    assert found.scaled == ""


def test_a_tiff_of_16_bits_and_one_of_32() -> None:
    grey = Image.fromarray(ramp(4095)[..., 0])
    np.testing.assert_array_equal(decode(encode(grey, "TIFF")), shades(4095, 12))
    with pytest.raises(ValueError, match="32 bits a pixel"):
        decode(encode(Image.new("I", (20, 20)), "TIFF"))
