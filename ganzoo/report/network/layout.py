"""Where the boxes of one network stand: in rows from top to bottom, side by side where it forks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganzoo.report.network.boxes import Box
from ganzoo.report.network.shapes import width_of, wrapped

SIZE, SMALL = 7.0, 6.5
LINE, PAD, ROUND = 8.8, 3.2, 12.0
GAP, WIDER_GAP = 14.0, 21.0
"""Points between two rows: with only straight arrows, and with lines that turn."""
LEAST = 62.0
"""Points of a row that a box needs at least."""
BETWEEN = 8.0
"""Points between two boxes of a row."""


@dataclass
class Placed:
    """A box with its row, the middle of its upper edge, its size, and its lines.

    A line is its words, and whether they are bold. `total` is what stands faint at the end of the
    last one.
    """

    box: Box
    row: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    lines: tuple[tuple[str, bool], ...] = ()
    total: str = ""

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height

    @property
    def round(self) -> bool:
        """Whether it is only a sign in a circle."""
        box = self.box
        return box.kind == "loose" and len(box.main) == 1 and not (box.before or box.after)


def rows(boxes: Sequence[Box], room: float) -> list[int]:
    """Return the row of each box: below all that it takes, and with as many as fit beside it.

    What does not depend on the first input, such as the embedding of a label, stands right above
    what takes it.
    """
    most = max(int((room + BETWEEN) // (LEAST + BETWEEN)), 1)
    main = {0}
    for number, box in enumerate(boxes):
        if main.intersection(box.takes):
            main.add(number)
    row, filled = dict[int, int](), dict[int, int]()
    for number in sorted(main):
        place = max((row[t] + 1 for t in boxes[number].takes if t in row), default=0)
        while filled.get(place, 0) >= most:
            place += 1
        row[number] = place
        filled[place] = filled.get(place, 0) + 1
    for number in sorted({*range(len(boxes))} - main, reverse=True):
        users = [row[n] for n, box in enumerate(boxes) if number in box.takes and n in row]
        place = min(users, default=1) - 1
        while filled.get(place, 0) >= most:
            place -= 1
        row[number] = place
        filled[place] = filled.get(place, 0) + 1
    names = {old: new for new, old in enumerate(sorted(filled))}
    return [names[row[number]] for number in range(len(boxes))]


def arranged(boxes: Sequence[Box], left: float, right: float) -> list[list[Placed]]:
    """Return the boxes row by row, between `left` and `right`; how high they are is set, y is not.

    In a row, those that take what is on the left come first.
    """
    placed = [Placed(b, r) for b, r in zip(boxes, rows(boxes, right - left), strict=True)]
    lines = [[p for p in placed if p.row == r] for r in range(max(p.row for p in placed) + 1)]
    below = _steps_below(placed)
    for line in lines:
        line.sort(key=lambda p: (_pull(p, placed), -below[id(p)]))
        room = (right - left - BETWEEN * (len(line) - 1)) / len(line)
        for p in line:
            _measure(p, room)
        free = right - left - sum(p.width for p in line)
        space, at = free / (len(line) + 1), left
        if len(line) > 1:
            space = min(space, 26.0)
            at += (free - space * (len(line) + 1)) / 2
        for p in line:
            at += space
            p.x = at + p.width / 2
            at += p.width
    return lines


def _pull(placed: Placed, others: Sequence[Placed]) -> float:
    xs = [others[t].x for t in placed.box.takes if others[t].row < placed.row]
    return sum(xs) / len(xs) if xs else 0.0


def _steps_below(placed: Sequence[Placed]) -> dict[int, int]:
    """Return how many boxes are at most passed from each one, by its id, to the end."""
    below = dict.fromkeys(map(id, placed), 0)
    for p in reversed(placed):
        for taken in p.box.takes:
            other = id(placed[taken])
            below[other] = max(below[other], below[id(p)] + 1)
    return below


def _measure(placed: Placed, room: float) -> None:
    """Set the lines of a box and its size, no wider than `room`."""
    box, inner = placed.box, room - 2 * PAD
    if box.kind in {"input", "output", "weights"}:
        lines = [(box.main, True)]
    else:
        bold = box.kind in {"layer", "block"}
        parts: tuple[tuple[str, ...], ...] = (box.before, (box.main,), box.after)
        if not bold:
            parts = ((*box.before, box.main, *box.after), (), ())
        lines = [
            (line, heavy)
            for part, heavy in zip(parts, (False, True, False), strict=True)
            for line in wrapped(part, inner, SIZE, heavy)
        ]
    placed.total = f"{box.parameters:,}" if box.parameters else ""
    if placed.total:
        last, number = (
            width_of(*lines[-1:][0][:1], SIZE, lines[-1][1]),
            width_of(placed.total, SMALL),
        )
        if last + 8 + number > inner:
            lines.append(("", False))
    placed.lines = tuple(lines)
    if placed.round:
        placed.width = placed.height = ROUND
        return
    widths = [width_of(words, SIZE, bold) for words, bold in lines]
    if placed.total:
        widths[-1] += width_of(placed.total, SMALL) + 8 * bool(lines[-1][0])
    placed.width = min(max(*widths, 30.0) + 2 * PAD, room)
    placed.height = LINE * len(lines) + 2 * PAD - 0.8
