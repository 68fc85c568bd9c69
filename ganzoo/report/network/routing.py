"""The lines between the boxes of one network: down, and around what stands between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ganzoo.report.network.layout import GAP, WIDER_GAP, Placed
from ganzoo.report.network.shapes import Line, Point

TRACK = 6.0
"""Points between two lines that run beside each other."""
FORK, TURN, STEP = 3.5, 5.5, 4.0
"""Points below a box where a line leaves, above one where a line turns to it, and of further lines
above that one."""
STRAIGHT = 9.0
"""Points beside the middle of a box at which a line may still come straight down to it."""


@dataclass(frozen=True)
class Way:
    """A line from one box to another that runs down at x."""

    source: int
    target: int
    x: float


def ways(
    placed: Sequence[Placed], left: float, right: float, force: bool = False
) -> list[Way] | None:
    """Return the ways of all edges, none of which runs through a box or along another's line.

    Tracks for long ones are at the sides, from `left` and `right` inwards. Returns None where there
    are too few of them; with `force`, lines may then lie on each other.
    """
    found = list[Way]()
    edges = [(t, n) for n, p in enumerate(placed) for t in p.box.takes]
    for source, target in sorted(edges, key=lambda e: placed[e[1]].row - placed[e[0]].row):
        a, b = placed[source], placed[target]
        if b.row == a.row + 1:
            found.append(Way(source, target, a.x))
            continue
        tracks = [way.x for way in found if way.source == source and way.x not in (a.x, b.x)]
        inner = [a.x, b.x]
        edge = max(p.x + p.width / 2 for p in placed if a.row < p.row <= b.row)
        start = min(p.x - p.width / 2 for p in placed if a.row < p.row <= b.row)
        sides = [x for k in range(1, 9) for x in (edge + k * TRACK, start - k * TRACK)]
        fits = (x for x in (*tracks, *inner, *sides) if left <= x <= right)
        x = next((x for x in fits if _is_free(x, source, target, placed, found)), None)
        if x is None and not force:
            return None
        found.append(Way(source, target, right if x is None else x))
    return found


def _is_free(
    x: float, source: int, target: int, placed: Sequence[Placed], found: Sequence[Way]
) -> bool:
    a, b = placed[source], placed[target]
    between = (p for p in placed if a.row < p.row < b.row)
    if any(abs(x - p.x) < p.width / 2 + 3 for p in between):
        return False
    others = (way for way in found if way.source != source)
    return not any(
        abs(way.x - x) < TRACK - 1
        and placed[way.source].row < b.row
        and a.row < placed[way.target].row
        and placed[way.target].row > placed[way.source].row + 1
        for way in others
    )


def gaps(placed: Sequence[Placed], found: Sequence[Way]) -> list[float]:
    """Return how high the gap below each row has to be."""
    turns = {placed[w.source].row for w in found if abs(placed[w.source].x - w.x) > STRAIGHT}
    turns |= {placed[w.target].row - 1 for w in found if abs(placed[w.target].x - w.x) > STRAIGHT}
    levels = Counter(row for row, _ in set(_from_above(placed, found).values()))
    return [
        (WIDER_GAP if row in turns else GAP) + STEP * levels[row + 1]
        for row in range(max(p.row for p in placed) + 1)
    ]


def _from_above(placed: Sequence[Placed], found: Sequence[Way]) -> dict[Way, tuple[int, int]]:
    """Return the long ways that come to a box from above, with its row and their source."""
    return {
        w: (placed[w.target].row, w.source)
        for w in found
        if abs(w.x - placed[w.target].x) > STRAIGHT
        and placed[w.target].row > placed[w.source].row + 1
        and not _is_outermost(w.x, placed[w.target], placed)
    }


def lines(
    placed: Sequence[Placed], found: Sequence[Way], tops: Sequence[float], ends: Sequence[float],
    dashed: bool = False,
) -> list[Line]:  # fmt: skip
    """Return the lines of all ways; `tops` and `ends` are where each row begins and ends."""
    above, made = _from_above(placed, found), list[Line]()
    levels = {
        (row, source): sum(r == row and s < source for r, s in {*above.values()})
        for row, source in above.values()
    }
    for way in found:
        a, b = placed[way.source], placed[way.target]
        points: list[Point] = [(a.x, a.bottom)]
        if abs(way.x - a.x) > 0.5:
            points += [(a.x, ends[a.row] + FORK), (way.x, ends[a.row] + FORK)]
        straight = STRAIGHT if b.width > 3 * STRAIGHT else 0.5
        if abs(way.x - b.x) <= straight:
            points.append((way.x, b.y))
        elif way in above:
            turn = tops[b.row] - TURN - STEP * (levels[above[way]] + 1)
            beside = b.x + min(b.width / 4, 12.0) * (1 if way.x > b.x else -1)
            points += [(way.x, turn), (beside, turn), (beside, b.y)]
        elif b.row > a.row + 1:
            side = b.x + (b.width if way.x > b.x else -b.width) / 2
            points += [(way.x, b.y + b.height / 2), (side, b.y + b.height / 2)]
        else:
            turn = tops[b.row] - TURN
            points += [(way.x, turn), (b.x, turn), (b.x, b.y)]
        made.append(Line(tuple(points), arrow=True, dashed=dashed))
    return made


def _is_outermost(x: float, target: Placed, placed: Sequence[Placed]) -> bool:
    """Return whether nothing of its row stands between a box and x, which is beside it."""
    if abs(x - target.x) < target.width / 2 + 3:
        return False
    low, high = sorted((x, target.x))
    return not any(p is not target and p.row == target.row and low < p.x < high for p in placed)
