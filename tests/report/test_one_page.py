"""A comparison on one page of paper: its tables end on the page."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from ganzoo.report.curves import Chart, Curve
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


@pytest.mark.parametrize("title", ["GAN and WGAN of the lab " * 3, "GAN and WGAN of the lab " * 9])
def test_a_title_of_two_lines_stands_above_the_names(title: str) -> None:
    figure = Page(title, NAMES, [None, None], [], [("measured", [("a", ["1", "2"])])]).draw()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = {t.get_text(): t.get_window_extent() for t in figure.findobj(Text) if t.get_text()}
    (shown,) = (text for text in boxes if "\n" in text and text.startswith("GAN and"))
    assert shown.endswith("…") == (len(title) > 100)
    assert boxes[shown].y0 > max(boxes[name].y1 for name in NAMES)


def test_the_name_of_an_axis_is_no_longer_than_its_chart() -> None:
    curve = Curve("a", np.array([0.0, 1.0]), np.array([0.5, 1.0]))
    charts = [
        Chart(f"{i}", "of all", [curve], up="share of real images' diversity") for i in (1, 2)
    ]
    table = [(f"row {number}", ["1", "2"]) for number in range(46)]
    figure = Page("six", NAMES, [None, None], charts * 3, [("measured", table)]).draw()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    (axes, *_) = [axes for axes in figure.findobj(Axes) if axes.get_ylabel()]
    length = axes.yaxis.label.get_window_extent().height
    assert length < axes.get_window_extent().height


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
