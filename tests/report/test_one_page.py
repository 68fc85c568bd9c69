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
    figure = Page("two", NAMES, [None, None], [], [("measured", table)]).draw()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(t.get_window_extent(canvas.get_renderer()).y0 for t in texts) >= 0
    words = [text.get_text() for text in texts]
    shown = sum(word.startswith("row ") for word in words)
    left = [int(found[1]) for word in words if (found := re.match(r"… and (\d+) rows more", word))]
    assert shown + sum(left) == rows
    assert bool(left) == (rows > 60)
