"""Text from files and plugins, made so that it cannot control a terminal or break a table."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text of the same length with "?" for what is not printable; lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def one_line(text: str) -> str:
    """Return a text in one line, with "?" for what is not printable."""
    return printable(" ".join(text.split()))
