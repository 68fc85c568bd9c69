"""Letters of every script in figures of matplotlib."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from ganzoo.draw import fonts
from ganzoo.printable import caption, one_line
from ganzoo.report.backend import hidden

with hidden():
    from matplotlib import font_manager
    from matplotlib.figure import FigureBase
    from matplotlib.text import Text

USUAL = "DejaVu Sans"
"""The font that matplotlib brings."""


def folded(text: str, room: float, size: float) -> str:
    """Return a bold text in lines of `room` points, broken between words, or in one if it must."""
    lines = [""]
    for word in re.split("( )", one_line(text)):
        if lines[-1].strip() and _width(lines[-1] + word) * size > room:
            lines.append("")
        for letter in word:
            if _width(lines[-1] + letter) * size > room:
                lines.append("")
            lines[-1] += letter
    return "\n".join(line.strip() for line in lines if line.strip())


def _width(text: str) -> float:
    """Return how wide bold letters are, as a multiple of their size, on the wide side."""
    return sum(1.1 if ord(letter) > 0x2E80 else 0.75 for letter in text)


def use_letters(figure: FigureBase) -> None:
    """Give each text of a figure a font of the system for the characters that ours lacks.

    Each of its lines becomes a `caption`: no SVG may have all characters.
    """
    own = font_manager.get_font(font_manager.findfont(USUAL)).get_charmap()
    for text in figure.findobj(Text):
        words = "\n".join(map(caption, text.get_text().split("\n")))
        text.set_text(words)
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
