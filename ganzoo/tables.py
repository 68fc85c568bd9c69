"""Tables of words, as HTML for a notebook and as text for a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import chain, repeat

from ganzoo.printable import cells, line

Rows = Iterable[Sequence[str]]
"""The cells of each row, all rows of the same length."""

NUMBER = re.compile(r"[-±]?[\d,.]*%?")
"""A cell of a column that stands on the right, where all its cells are such ones."""


class Table(dict[str, str]):
    """Words by name: a dictionary, which a prompt and a notebook show as a table."""

    def __repr__(self) -> str:
        return as_text(self.items())

    def _repr_html_(self) -> str:
        return as_html(self.items())


def as_html(rows: Rows, heads: Sequence[str] = (), notes: Iterable[str] = ()) -> str:
    """Return a table whose first row is `heads`; `notes` are paragraphs below it.

    Without heads, the first cell of each row is one: the name of the others. Jupyter puts all words
    on the right. So each cell says that it stands on the left, unless its column is of numbers.
    """
    several = [*rows]
    columns = zip(*several, strict=True) if heads else ()
    numbers = {i for i, found in enumerate(columns) if all(map(NUMBER.fullmatch, found))}

    def row(words: Sequence[str], tags: Iterable[str]) -> str:
        sides = ("" if i in numbers else ' style="text-align: left"' for i in range(len(words)))
        made = zip(words, tags, sides, strict=False)
        return "".join(f"<{tag}{side}>{escape(line(cell))}</{tag}>" for cell, tag, side in made)

    head = f"<thead><tr>{row(heads, repeat('th'))}</tr></thead>" if heads else ""
    first = "td" if heads else "th"
    body = "".join(f"<tr>{row(each, chain([first], repeat('td')))}</tr>" for each in several)
    below = "".join(f"<p>{escape(line(note))}</p>" for note in notes)
    return f"<table>{head}<tbody>{body}</tbody></table>{below}"


def as_text(rows: Rows) -> str:
    """Return the rows as lines, each column as wide as its longest cell."""
    shown = [[line(cell) for cell in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]

    def padded(cell: str, width: int) -> str:
        return cell + " " * (width - cells(cell))

    return "\n".join("  ".join(map(padded, row, widths)).rstrip() for row in shown)
