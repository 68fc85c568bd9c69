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


def folded(text: str, room: float, size: float, bold: bool = True, most: int = 9) -> str:
    """Return a text in at most `most` lines of `room` points; long words are broken, too."""
    lines = [""]
    for word in _words(text):
        if lines[-1] and width(lines[-1] + word.rstrip(), size, bold) > room:
            lines.append("")
        for letter in word:
            if letter != " " and lines[-1] and width(lines[-1] + letter, size, bold) > room:
                lines.append("")
            lines[-1] += letter
    if len(lines) > most:
        lines[most - 1 :] = [lines[most - 1].rstrip()[:-1] + "…"]
    return "\n".join(line.strip() for line in lines)


def balanced(text: str, room: float, size: float, most: int = 9) -> str:
    """Return a bold text in as few lines as `folded`, but of about equal length: for headings."""
    lines = folded(text, room, size).count("\n")
    least = max(width(word.strip(), size) for word in _words(text))
    for share in range(50, 100, 5):
        found = folded(text, room * share / 100, size)
        if room * share / 100 >= least and found.count("\n") == lines < most:
            return found
    return folded(text, room, size, most=most)


def _words(text: str) -> list[str]:
    """Return the parts between which a line may end, each with the space or hyphen behind it."""
    return re.findall("[^ -]*[ -]?", one_line(text))


def width(text: str, size: float, bold: bool = True) -> float:
    """Return how wide a line of letters of `size` is, on the wide side, in the unit of `size`."""
    ems = sum(
        1.1 if ord(letter) > 0x2E80
        else 0.42 if letter in " .,:;-ijl!|'"
        else 1.1 if letter in "mwMW@%"
        else 0.83 if letter.isupper()
        else 0.76 if letter.isdecimal()
        else 0.66
        for letter in text
    )  # fmt: skip
    return ems * size * (1.0 if bold else 0.9)


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
