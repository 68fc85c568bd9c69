"""An evaluation as a person reads it, as plain text and as HTML: numbers, meaning, origin."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from ganzoo.evaluate.words import meaning, repeat
from ganzoo.printable import line, one_line, printable
from ganzoo.tables import as_html

if TYPE_CHECKING:
    from ganzoo.evaluate.evaluation import Evaluation

USUAL, FEWEST = 80, 40
"""Columns of a text: usually, and at least."""

WHOLE, FEWEST_OF_BAR = 50, 8
"""Columns: of the bar of all pictures, at most, and of the room for bars, at least."""
NUMBERS = len(" 100.0%   100.0%") + len("   ") * 2 + len(" ")
"""Columns of the table of classes but for names and bars."""

Rows = Sequence[Sequence[str]]


def text(evaluation: Evaluation, columns: int = USUAL) -> str:
    """Return the tables, what they mean, and how to get them again, in lines of `columns`.

    The table says what each measure sees where there is room. The other columns of that table are
    there whatever their width. In the table of the classes, bars and names are as long as fits.
    """
    measures, classes = _measures(evaluation), _classes(evaluation, max(columns, FEWEST))
    table = _table(measures, "<>>>><")
    if max(map(_width, table)) > columns:
        table = _table([row[:-1] for row in measures], "<>>>>")
    parts = [table, _table(classes, "<>><") if classes else []]
    for sentences in (meaning(evaluation), repeat(evaluation)):
        parts.append([line for sentence in sentences for line in _broken(sentence, columns)])
    return printable("\n\n".join("\n".join(lines) for lines in parts if lines))


def html(evaluation: Evaluation) -> str:
    """Return the same for a notebook."""
    tables = [rows for rows in (_measures(evaluation), _classes(evaluation)) if rows]
    sentences = (meaning(evaluation), repeat(evaluation))
    paragraphs = (f"<p>{'<br>'.join(map(_escaped, several))}</p>" for several in sentences)
    return "".join([*(as_html(rows[1:], rows[0]) for rows in tables), *paragraphs])


def _measures(evaluation: Evaluation) -> Rows:
    """Return the table of the measures, its head first."""
    head = ("measure", "value", "±", "real", evaluation.untrained, "what it sees")
    return [head, *evaluation.rows()]


def _classes(evaluation: Evaluation, columns: int = 1000) -> Rows:
    """Return the table of the classes, its head first, with a bar for each; [] without classes.

    It is at most `columns` wide: a name that is too long ends with "…", and bars get the rest.
    """
    if not evaluation.classes:
        return []
    room = columns - NUMBERS - FEWEST_OF_BAR
    names = [_cut(one_line(name), room) for name in evaluation.classes]
    longest = max(share for share, _ in evaluation.classes.values())
    bars = columns - NUMBERS - max(map(_width, ["class", *names]))
    scale = min(WHOLE, bars / longest) if longest else 0
    rows = [
        (name, f"{share:.1%}", f"{real:.1%}", "█" * round(scale * share))
        for name, (share, real) in zip(names, evaluation.classes.values(), strict=True)
    ]
    return [("class", "drawn", "real", ""), *rows]


def _cut(words: str, columns: int) -> str:
    """Return words in at most that many columns, with "…" for what is left out."""
    if _width(words) <= columns:
        return words
    words = words[:columns]
    while _width(words) > columns - 1:
        words = words[:-1]
    return f"{words}…"


def _table(table: Rows, sides: str) -> list[str]:
    """Return the lines of a table; `sides` has "<" or ">" for each column.

    Above numbers, the words of a head stand below each other.
    """
    heads, *rows = table
    stacks = [
        head.split() if side == ">" else [head] for head, side in zip(heads, sides, strict=False)
    ]
    height = max(map(len, stacks))
    head = zip(*([""] * (height - len(stack)) + stack for stack in stacks), strict=True)
    rows = [*head, *rows]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for cell, width, side in zip(row, widths, sides, strict=False):
            room = " " * (width - _width(cell))
            cells.append(room + cell if side == ">" else cell + room)
        lines.append(f" {'   '.join(cells)}".rstrip())
    return [*lines[:height], "─" * (sum(widths) + 3 * len(widths) - 1), *lines[height:]]


def _width(words: str) -> int:
    """Return how many columns of a terminal `words` takes: names of classes may be Chinese."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def _broken(sentence: str, columns: int) -> list[str]:
    """Return a sentence in lines of that many columns; a long word takes more."""
    width = max(columns, FEWEST)
    return wrap(sentence, width, break_long_words=False, break_on_hyphens=False)


def _escaped(words: str) -> str:
    """Return words as HTML shows them."""
    return escape(line(words))
