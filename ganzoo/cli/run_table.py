"""The table that `ganzoo runs` prints."""

from __future__ import annotations

from ganzoo.api.describing import DISTANCE, LOSSES
from ganzoo.api.table import COLUMNS, Runs
from ganzoo.api.terminal import terminal
from ganzoo.cli import console

NARROWER = (
    ((), False), (("images seen",), False), (("images seen",), True),
    (("images seen", "size"), True), (("images seen", LOSSES), False),
    (("images seen", LOSSES, "size"), False), (("images seen", LOSSES, "size", "epochs"), False),
)  # fmt: skip
"""Columns that the table of runs is without, and whether both losses stand in a line each: the
first with which it fits the terminal."""
LEAST = 10
"""Characters of a line that a Fréchet distance gets at least."""


def show_table(found: Runs) -> None:
    """Print the table of runs, and what its marks mean.

    Names are whole, so that they can be copied: where there is no room, other columns are left out.
    """
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in found.rows()]
    left_out: tuple[str, ...] = ()
    for left_out, stacked in NARROWER:
        names = [name for name in COLUMNS[:-1] if name not in left_out]  # the last takes a line
        columns = {name: [row[name] for row in rows] for name in names}
        heads = {name: name for name in names}
        if stacked:
            heads[LOSSES] = LOSSES.replace(" ", "\n", 1)
            columns[LOSSES] = [losses.replace(", ", ",\n") for losses in columns[LOSSES]]
        longest = {name: console.longest(heads[name], *columns[name]) for name in names}
        longest[DISTANCE] = min(longest[DISTANCE], LEAST)
        if console.width(longest.values()) <= terminal().width:
            break
    table = console.table(*heads.values())
    for column in table.columns[:-1]:
        column.no_wrap = True
    for column in table.columns[2:-1]:
        column.justify = "right"
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    console.show_whole(table)
    for note in found.notes:
        console.show(note)
    if left_out:
        console.note(
            f"no room for {', '.join(left_out)}: a wider terminal shows all, and so does --json"
        )
