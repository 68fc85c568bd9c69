"""A comparison on one page of paper: its tables end on the page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from ganzoo.report.one_page import Page

NAMES = ["mlp_gan-fashion_mnist-001", "wgan_clip-fashion_mnist-001"]


@pytest.mark.parametrize("rows", [10, 40, 60, 200])
def test_no_row_stands_below_the_page(rows: int) -> None:
    table = [(f"row {number}", ["1", "2"]) for number in range(rows)]
    words = drawn(Page("two", NAMES, [None, None], [], [("measured", table)]))
    shown = sum(word.startswith("row ") for word in words)
    assert shown + left_out(words) == rows
    assert bool(left_out(words)) == (rows > 46)


@pytest.mark.parametrize("rows", [40, 45, 46, 47, 60])
def test_the_least_important_rows_are_left_out_first(rows: int) -> None:
    table = [(f"row {number}", ["1", "2"]) for number in range(rows)]
    least = [f"row {number}" for number in (30, 5, 99, 20, 21)]
    words = drawn(Page("two", NAMES, [None, None], [], [("measured", table)], least))
    gone = [name for name, _ in table if name not in words]
    assert len(gone) == left_out(words)
    there = [name for name in least if name in dict(table)]
    if len(gone) <= len(there):
        assert {*gone} == {*there[: len(gone)]}
    else:
        last = [name for name, _ in table if name not in there]
        assert {*gone} == {*there, *last[-(len(gone) - len(there)) :]}
    assert bool(gone) == (rows > 46)


def test_a_heading_does_not_stand_alone_at_the_end() -> None:
    for rows in range(38, 46):
        tables = [
            (title, [(f"{title} {number}", ["1", "2"]) for number in range(count)])
            for title, count in (("first", rows), ("second", 20))
        ]
        words = drawn(Page("two", NAMES, [None, None], [], tables))
        shown = [word for word in words if re.fullmatch(r"(first|second) \d+", word)]
        assert len(shown) + left_out(words) == rows + 20
        assert ("second" in words) == ("second 0" in words)


def test_the_lines_of_a_run_s_name_are_of_about_the_same_length() -> None:
    names = [*NAMES, "dcgan_fashion-fashion_mnist-001"]
    words = drawn(Page("three", names, [None] * 3, [], []))
    assert "wgan_clip-\nfashion_mnist-001" in words
    assert "dcgan_fashion-\nfashion_mnist-001" in words
    assert "mlp_gan-fashion_mnist-001" in words  # there is room for it in one line


def drawn(page: Page) -> list[str]:
    """The texts on a page, none of which is smaller than 6 points or below the edge."""
    figure = page.draw()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(t.get_window_extent(canvas.get_renderer()).y0 for t in texts) >= 0
    assert min(float(t.get_fontsize()) for t in texts) >= 6
    return [text.get_text() for text in texts]


def left_out(words: list[str]) -> int:
    found = [re.match(r"… and (\d+) more rows?:", word) for word in words]
    return sum(int(each[1]) for each in found if each)
