"""What a picture is made of, in points (1/72 inch) from the top left, and how wide words are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Point = tuple[float, float]
NARROW, WIDE = frozenset("iljI.,:;'|!()[]/ "), frozenset("mwMW@%—→−×+…")


@dataclass(frozen=True)
class Text:
    """Words whose baseline begins, has its middle, or ends at `at`."""

    at: Point
    words: str
    size: float
    bold: bool = False
    faint: bool = False
    anchor: str = "start"


@dataclass(frozen=True)
class Shape:
    """A rectangle with round corners: of what `kind` of step it is says its colour."""

    at: Point
    width: float
    height: float
    radius: float
    kind: str
    tip: str = ""


@dataclass(frozen=True)
class Line:
    """A line through points; it may end in an arrow, and have dashes."""

    points: tuple[Point, ...]
    arrow: bool = False
    dashed: bool = False


@dataclass
class Picture:
    """Everything that is drawn, and how large it is."""

    width: float
    height: float = 0.0
    lines: list[Line] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def width_of(words: str, size: float, bold: bool = False) -> float:
    """Return how wide words are at most in DejaVu Sans, Verdana, Arial or Helvetica.

    The first is the widest, and its letters are counted here by kinds, on the wide side.
    """
    ems = sum(
        0.37 if letter in NARROW
        else 0.9 if letter in WIDE
        else 0.7 if letter.isupper()
        else 1.0 if ord(letter) > 0x2E80
        else 0.62
        for letter in words
    )  # fmt: skip
    return ems * size * (1.13 if bold else 1.0)


def wrapped(pieces: Iterable[str], room: float, size: float, bold: bool = False) -> list[str]:
    """Return pieces, with a · between them, in lines that are `room` wide.

    A piece is only broken, between words, if it is too long for a line; a long word sticks out.
    """
    lines = list[str]()
    room -= width_of(" ·", size, bold)
    for piece in pieces:
        whole = f"{lines[-1]} · {piece}" if lines else piece
        if width_of(whole, size, bold) <= room:
            lines[-1:] = [whole]
            continue
        if lines:
            lines[-1] += " ·"
        line = ""
        for word in piece.split(" "):
            longer = f"{line} {word}".lstrip()
            if line and width_of(longer, size, bold) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines
