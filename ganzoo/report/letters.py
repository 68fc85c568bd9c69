"""Letters of every script in figures of matplotlib."""

from __future__ import annotations

import functools
from pathlib import Path

from ganzoo.draw import fonts
from ganzoo.report.backend import hidden

with hidden():
    from matplotlib import font_manager
    from matplotlib.figure import FigureBase
    from matplotlib.text import Text

USUAL = "DejaVu Sans"
"""The font that matplotlib brings."""


def use_letters(figure: FigureBase) -> None:
    """Give each text of a figure a font of the system for the characters that ours lacks."""
    own = font_manager.get_font(font_manager.findfont(USUAL)).get_charmap()
    for text in figure.findobj(Text):
        words = text.get_text()
        lacking = frozenset(c for c in words if ord(c) not in own and c.isprintable())
        if lacking:
            families = [_family(file) for file in fonts.covering(lacking)]
            text.set_fontfamily([USUAL, *families])
            text.set_fontweight("normal")  # few of these fonts have another
            text.set_text(fonts.without(words, fonts.lacking_all(lacking)))


@functools.cache
def _family(file: Path) -> str:
    """Let matplotlib know the font in a file, and return its name."""
    font_manager.fontManager.addfont(file)
    return font_manager.get_font(file).family_name
