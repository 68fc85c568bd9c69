"""A sheet's first column, its labels where groups differ, and its scale."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo.draw import grids
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError
from tests.cli.commands.test_sweep import array, cell, noise, unscaled

FIRST = noise(2, 1, 1)[:, 0, 0] // 2


def inked(picture: NDArray[Any], left: int, right: int, top: int, bottom: int) -> NDArray[Any]:
    """Where there are letters in a part of a picture."""
    return np.asarray((picture[top:bottom, left:right, 0] < 128).any(axis=0))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_column_is_in_the_sheet_and_in_every_frame(channels: int) -> None:
    images = noise(2, 3, 4, channels=channels)
    first = noise(2, 1, 1, channels=channels)[:, 0, 0] // 2
    sheet = Sheet(
        images, rows=["a", "b"], columns=["1", "2", "3", "4"], groups=["g", "h", "i"],
        first=("as it is", first),
    )  # fmt: skip
    frames = sheet.frames()
    assert len(frames) == 4
    alone = replace(sheet, images=images[:, :, :1], columns=["1"])
    for picture, places in [(sheet.draw(), sheet), *((frame, alone) for frame in frames)]:
        for row in range(2):
            shown = unscaled(array(picture), places.first_box(row), 5)
            np.testing.assert_array_equal(shown, first[row])
    for at in np.ndindex(2, 3, 4):
        np.testing.assert_array_equal(cell(array(sheet.draw()), sheet, *at), images[at])
    for k, frame in enumerate(frames):
        np.testing.assert_array_equal(cell(array(frame), alone, 1, 2, 0), images[1, 2, k])


@pytest.mark.parametrize("groups", [(), ("g", "h")])
def test_its_heading_is_above_it_and_apart(groups: tuple[str, ...]) -> None:
    sheet = Sheet(
        noise(2, 2, 1), rows=["a", "b"], columns=["0"], groups=groups, first=("as it is", FIRST)
    )
    picture, box = array(sheet.draw()), sheet.first_box(0)
    above = inked(picture, 0, sheet.box(0, 0, 0).left, box.top - 20, box.top)
    (found,) = above.nonzero()
    assert abs((found[0] + found[-1]) / 2 - (box.left + box.right) / 2) <= 2
    assert not above[-10:].any()


def test_a_label_of_each_column_where_groups_differ() -> None:
    sheet = Sheet(noise(1, 2, 2, side=60), columns=["", "8", "8", ""], groups=["g", "h"])
    picture, top = array(sheet.draw()), sheet.box(0, 0, 0).top
    labelled = [
        bool(inked(picture, box.left, box.right, top - 20, top).any())
        for box in (sheet.box(0, group, column) for group in (0, 1) for column in (0, 1))
    ]
    assert labelled == [False, True, True, False]
    frames = [array(frame) for frame in sheet.frames()]
    alone = Sheet(noise(1, 2, 1, side=60), columns=["8"], groups=["g", "h"], room=sheet.room)
    for k, frame in enumerate(frames):
        boxes = [alone.box(0, group, 0) for group in (0, 1)]
        shown = [bool(inked(frame, b.left, b.right, b.top - 20, b.top).any()) for b in boxes]
        assert shown == [k == 1, k == 0]


def test_each_pixel_as_often_as_the_scale_says() -> None:
    sheet = Sheet(noise(1, 1, 2), scale=7)
    left, top, right, bottom = sheet.box(0, 0, 1)
    assert (right - left, bottom - top) == (35, 35)
    np.testing.assert_array_equal(cell(array(sheet.draw()), sheet, 0, 0, 1), sheet.images[0, 0, 1])
    with pytest.raises(UsageError, match="scale must be at least 1, not 0"):
        Sheet(noise(1, 1, 2), scale=0).draw()
    with pytest.raises(UsageError, match="too many for a sheet: ask for fewer images, or for a sm"):
        Sheet(noise(1, 1, 2), scale=10**4).draw()


@pytest.mark.parametrize("labels", [{}, {"columns": ["-3", "3"], "groups": ["g", "h"]}])
def test_the_title_is_above_all(labels: dict[str, Any]) -> None:
    bare, sheet = (Sheet(noise(2, 2, 2, side=60), title=title, **labels) for title in ("", "mine"))
    titled, line = array(sheet.draw()), sheet.box(0, 0, 0).top - bare.box(0, 0, 0).top
    np.testing.assert_array_equal(titled[line + 12 :], array(bare.draw())[12:])
    assert (titled[:line] < 128).any()
    images = noise(2, 2, 2, side=60)[0, 0]
    plain, named = (np.asarray(grids.picture(images, title=title)) for title in ("", "mine"))
    above = len(named) - len(plain)
    np.testing.assert_array_equal(named[above:, : plain.shape[1]], plain)
    assert (named[:above] < 128).any()
