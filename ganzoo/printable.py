"""Names and texts of others, made so that they steer no terminal, table, page or file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

HARMLESS = {"Co", "Zs"}
"""Unicode categories of characters that Python does not call printable: letters of private fonts,
and spaces."""
JOINERS = "\u200c\u200d"
"""They join letters, or part them: Persian words and many emoji are written with them."""
LONGEST = 150
"""Most bytes of a file's name that we make of another name; a file system takes 255."""
LONGEST_CAPTION = 200
"""Most characters of a text in a figure, which may be a stranger's."""
DIVIDING = '<>:"/\\|?*'
"""Characters that divide paths, or that no file's name can have on some system."""


def printable(text: str) -> str:
    """Return a text of the same length with "?" for what is not printable; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or _is_shown(c) else "?" for c in text)


def line(text: str) -> str:
    """Return a text of the same length in one line: "?" is also in the place of a line's end."""
    return printable(text).replace("\n", "?")


def one_line(text: str) -> str:
    """Return a text in one line, with one space between its words."""
    return printable(" ".join(text.split()))


def caption(text: str) -> str:
    """Return a text as `one_line` does, cut to what a figure has room for."""
    shown = one_line(text)
    return shown if len(shown) <= LONGEST_CAPTION else shown[: LONGEST_CAPTION - 1] + "…"


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese letter takes two."""
    from rich.cells import cell_len  # as its tables count

    return cell_len(text)


def lines(value: Any) -> Any:
    """Return a JSON value, with every text in it, and every name of a field, as a `line`."""
    if isinstance(value, str):
        return line(value)
    if isinstance(value, list):
        return [lines(each) for each in value]
    if isinstance(value, dict):
        return {lines(name): lines(each) for name, each in value.items()}
    return value


def names(given: Iterable[str]) -> tuple[str, ...]:
    """Return each name as a `line`; one that is then as another before it gets its number."""
    found: dict[str, None] = {}
    for number, name in enumerate(given):
        shown = line(name)
        while shown in found:
            shown += f" ({number})"
        found[shown] = None
    return tuple(found)


def file_name(name: str) -> str:
    """Return a name for a file or folder of ours, on every system: `LONGEST` bytes at most."""
    shown = line(name)
    safe = "".join("_" if c in DIVIDING else c for c in shown)
    return safe.encode()[:LONGEST].decode(errors="ignore")


def _is_shown(character: str) -> bool:
    """Return whether a character is shown as itself, and changes nothing around it."""
    return (
        character.isprintable()
        or character in JOINERS
        or unicodedata.category(character) in HARMLESS
    )
