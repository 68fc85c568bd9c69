"""Numbers to pixels, and pixels to sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.draw import pixels as images


@pytest.mark.parametrize("image_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_pixels_of_a_range(image_range: tuple[float, float]) -> None:
    low, high = image_range
    values = np.array([low - 1, low, (low + high) / 2, high, high + 1], np.float32)
    pixels = images.to_pixels(values.reshape(1, 1, 1, 5), image_range)
    assert pixels.shape == (1, 1, 5, 1)
    assert pixels.ravel().tolist() == [0, 0, 128, 255, 255]


def test_every_pixel_value_survives_the_way_to_floats_and_back() -> None:
    values = np.arange(256, dtype=np.float32).reshape(1, 1, 16, 16) * (2 / 255) - 1
    assert images.to_pixels(values, (-1, 1)).ravel().tolist() == list(range(256))


def test_a_grid_holds_every_image_in_its_place() -> None:
    pixels = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(70, 1).repeat(70, 2)
    sheet = images.grid(pixels, gap=2)
    assert sheet.shape == (1, 2 * 72 + 2, 3 * 72 + 2, 1)
    middles = [sheet[0, 37 + 72 * (i // 3), 37 + 72 * (i % 3), 0] for i in range(6)]
    assert middles == [0, 1, 2, 3, 4, 255]
    assert images.grid(pixels, columns=5).shape == (1, 74, 362, 1)


def test_small_images_are_enlarged_by_a_whole_factor() -> None:
    assert images.grid(np.zeros((1, 28, 28, 1), np.uint8), gap=0).shape == (1, 56, 56, 1)
    assert images.grid(np.zeros((1, 96, 96, 3), np.uint8), gap=0).shape == (1, 96, 96, 3)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_png_holds_the_pixels_exactly(tmp_path: Path, channels: int, mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, channels), np.uint8)
    images.save_png(pixels, tmp_path / "new" / "x.png")
    with Image.open(tmp_path / "new" / "x.png") as read:
        assert read.mode == mode
        np.testing.assert_array_equal(np.asarray(read).reshape(pixels.shape), pixels)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["x.png"]
