"""The tables that `ganzoo compare` prints: a column for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ganzoo.api.terminal import terminal
from ganzoo.cli import console
from ganzoo.printable import cells as wide

if TYPE_CHECKING:
    from ganzoo.report.of_several import Comparison

LABEL, COLUMN, NARROW, BETWEEN, EDGES = 21, 16, 10, 3, 1
"""Characters of a line: for the first column, for a run at least, and for what is compared with,
all with the space after it; this space; and what is left at the edges."""


def show_tables(found: Comparison) -> None:
    """Print who draws best, which settings differ, if any, and what was measured last.

    Where a name is too long to be the head of a column, the heads are numbers, and a list before
    the tables says whose they are.
    """
    heads = _heads(found.names, first=bool(found.rankings))
    for name, head in heads.items():
        if head != name:
            console.show(f"{head:>3}  {name}")
    for ranking in found.rankings:
        if ranking.why:
            console.show(f"Not to be compared with those above; they differ in {ranking.why}.")
        console.show(f"{ranking.about}:")
        names = [heads.get(row.name, row.name) for row in ranking.rows]
        cells = [[cell.replace(" ± ", "\n± ") for cell in row.cells] for row in ranking.rows]
        _side_by_side("", names, [*zip(ranking.columns, zip(*cells, strict=True), strict=True)], 1)
        for note in ranking.notes:
            console.show(note)
    if not found.rankings:
        console.note("none of them was judged: `ganzoo eval RUN` does")
    if found.differences:
        _side_by_side("what was different", [*heads.values()], found.differences)
    _side_by_side("measured", [*heads.values()], found.results)


def _heads(names: Sequence[str], first: bool) -> Mapping[str, str]:
    """Return the head of each run's columns: its name, or a number where one is too long."""
    width = min(_room(len(names), each)[1] for each in {0, int(first)})
    if max(map(wide, names)) <= width:
        return {name: name for name in names}
    return {name: str(number) for number, name in enumerate(names, 1)}


def _room(count: int, first: int) -> tuple[int, int]:
    """Return how many of `count` runs stand beside each other, and the characters of a column."""
    place = terminal().width - LABEL - NARROW * first - EDGES
    tables = -(-count // max(place // COLUMN, 1))
    side_by_side = -(-count // tables)
    return side_by_side, max(place // side_by_side, COLUMN) - BETWEEN


def _side_by_side(
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    first: int = 0,
) -> None:
    """Print a table with a column for each head, or several tables where these are too many.

    Each of them begins with the `first` columns, which are narrow.
    """
    heads = [console.broken(head, NARROW - BETWEEN) for head in heads[:first]] + [*heads[first:]]
    count = len(heads) - first
    labels = console.longest(title, *(name for name, _ in rows))
    cells = (console.longest(h, *(v[i] for _, v in rows)) for i, h in enumerate(heads))
    room, width = _room(count, first)
    if fits := console.width([labels, *cells]) <= terminal().width:
        room, width = count, terminal().width
    for start in range(first, len(heads), max(room, 1)):
        chosen = [*range(first), *range(start, min(start + room, len(heads)))]
        table = console.table(title, *(heads[i] for i in chosen))
        table.columns[0].max_width = None if fits else LABEL - BETWEEN
        for name, values in rows:
            table.add_row(name, *(_fitting(values[i], width) for i in chosen))
        console.show(table)


def _fitting(value: str, width: int) -> str:
    """Return a value; one without spaces, such as a name, in lines of `width`."""
    return value if " " in value else console.broken(value, width)
