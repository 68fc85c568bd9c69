"""Grids for a page: one row fills it, several rows are as they were, and numbers are below."""

import numpy as np
import pytest

from ganzoo.draw.grids import picture
from ganzoo.draw.pixels import grid
from ganzoo.errors import UsageError


def images(count: int, height: int = 28, width: int = 28, channels: int = 1) -> np.ndarray:
    shape = (count, height, width, channels)
    return np.random.default_rng(0).integers(0, 100, shape, np.uint8)


@pytest.mark.parametrize(
    ("count", "side", "width"),
    [(8, 28, 1138), (3, 28, 1184), (10, 28, 1142), (8, 96, 786), (4, 256, 1034), (8, 256, 2066)],
)
def test_one_row_is_as_wide_as_a_page(count: int, side: int, width: int) -> None:
    drawn = picture(images(count, side, side), columns=count).image
    assert drawn.width == width
    factor = (width - 2) // count // side
    assert drawn.height == side * factor + 4
    whole = np.asarray(drawn)[2:-2:factor, 2 : 2 + side * factor : factor]
    np.testing.assert_array_equal(whole, images(count, side, side)[0, :, :, 0])
    assert width <= 1260 < count * (side * (factor + 1) + 2) + 2 or factor == 1


def test_one_image_is_a_third_of_a_page() -> None:
    assert picture(images(1)).image.size == (396, 396)
    assert picture(images(2)).image.size == (2 * 394 + 2, 396)


@pytest.mark.parametrize("count", [3, 16, 64])
def test_several_rows_are_as_they_were(count: int) -> None:
    np.testing.assert_array_equal(
        np.asarray(picture(images(count))), grid(images(count))[0, ..., 0]
    )


@pytest.mark.parametrize("count", [2, 5, 9])
def test_each_pixel_as_often_as_the_scale_says(count: int) -> None:
    drawn = np.asarray(picture(images(count), scale=3))
    again = drawn[2 : 2 + 84 : 3, 2 + 86 : 2 + 86 + 84 : 3]
    np.testing.assert_array_equal(again, images(count)[1, :, :, 0])
    with pytest.raises(UsageError, match="scale must be at least 1, not 0"):
        picture(images(count), scale=0)
    with pytest.raises(UsageError, match="pixels are too many for a sheet"):
        picture(images(count), scale=10**5)


def runs(line: np.ndarray) -> list[tuple[int, int]]:
    """Where images of grey 150 begin and end on a line of pixels."""
    edges = np.flatnonzero(np.diff(np.pad(line == 150, 1).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("columns", "scale"), [(4, None), (12, None), (12, 1), (5, 2)])
def test_numbers_are_below_the_images(channels: int, columns: int, scale: int | None) -> None:
    grey = np.full((12, 20, 9, channels), 150, np.uint8)
    pixels = np.asarray(picture(grey, columns, scale=scale, numbered=True).image.convert("L"))
    is_image = pixels == 150
    across = runs(pixels[is_image.any(axis=1).argmax()])
    down = runs(pixels[:, is_image.any(axis=0).argmax()])
    assert (len(across), len(down)) == (columns, -(-12 // columns))
    half = (across[1][0] - across[0][1]) // 2
    ends = [*(top for top, _ in down[1:]), pixels.shape[0]]
    inks = []
    for i in range(12):
        (left, right), row = across[i % columns], i // columns
        part = pixels[down[row][1] : ends[row], left - half : right + half] < 128
        _, x = part.nonzero()
        assert abs((x.min() + x.max() + 1) / 2 - part.shape[1] / 2) <= 2  # in the middle
        assert x.min() > 0 or half < 2
        inks.append(part.sum())
    assert min(inks[8], inks[10]) > inks[1]
    assert sum(inks) == (pixels < 128).sum()
