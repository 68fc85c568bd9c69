"""`ganzoo runs`: list the runs, and remove some."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line, terminal
from ganzoo.cli import console
from ganzoo.cli.options import AsJson, Runs
from ganzoo.errors import UsageError
from ganzoo.printable import megabytes

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(invoke_without_command=True)

DISTANCE, LEAST = 10, 16
"""Characters of a line of the table of runs that a Fréchet distance and a name get at least."""
LAST = "last numbers"
HEADS = {"Fréchet distance": "Fréchet\ndistance", LAST: "last\nlosses"}
RIGHT = {"epochs", "images seen", "size"}


@app.callback()
def list_runs(
    context: typer.Context,
    folder: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List all runs, the newest last: how far they got, and how good their pictures are."""
    if context.invoked_subcommand:
        return
    from ganzoo.api.table import COLUMNS, damaged, runs
    from ganzoo.runs import evaluations

    found, unread = runs(folder), damaged(folder)
    for line in unread:
        console.note(line)
    for run in found:
        for line in evaluations.damaged(run.folder):
            console.note(line)
    if as_json:
        print_json([run.to_json() for run in found], indent=2)
        return
    if not found:
        if not unread:
            console.note(f"there are no runs below {folder}: `ganzoo train NAME` makes one")
        return
    console.show(_table([dict(zip(COLUMNS, row, strict=True)) for row in found.rows()]))
    for note in found.notes:
        console.show(note)


def _table(rows: list[dict[str, str]]) -> Table:
    """Return the table of the runs, as wide as the terminal; what finds no room is left out."""
    for row in rows:
        row[LAST] = _losses(row[LAST])
    shown = [*rows[0]]
    cells = {name: [name, *(row[name] for row in rows)] for name in shown}
    sizes = {
        name: max(len(each) for cell in several for each in cell.split("\n"))
        for name, several in cells.items()
    } | {"Fréchet distance": DISTANCE}
    for left_out, enough in (("", sizes["run"]), ("images seen", LEAST), (LAST, 0)):
        shown = [name for name in shown if name != left_out]
        room = terminal().width - sum(sizes[name] + 3 for name in shown[1:]) - 4
        if room >= enough:
            break
    table = console.table(*(HEADS.get(name, name) for name in shown))
    for name, column in zip(shown, table.columns, strict=True):
        column.no_wrap = name not in HEADS
        column.justify = "right" if name in RIGHT else "left"
    for row in rows:
        name = console.broken(row["run"], max(room, LEAST))
        table.add_row(name, *(row[name] for name in shown[1:]))
    return table


def _losses(numbers: str) -> str:
    """Return the losses among the last numbers of a run, a line each."""
    found = [part.removeprefix("loss ") for part in numbers.split(", ") if part.startswith("loss ")]
    return "\n".join(found) or "-"


@app.command("rm")
def remove_runs(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Runs or their names.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Runs = Path("runs"),
) -> None:
    """Remove runs, with their checkpoints and pictures. It asks first.

    Exported models stay. A run that is being trained is left alone, as are links to runs.
    """
    from ganzoo.runs.finding import find_run
    from ganzoo.runs.removing import removable, remove, size

    found = {run.path: run for run in (removable(find_run(each, folder)) for each in runs)}
    for run in found.values():
        console.note(f"{run.path}, {megabytes(size(run))}")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody can be asked here whether to remove them: give --yes")
        if not typer.confirm("Remove them for good?", err=True):
            console.note("nothing was removed")
            return
    for run in found.values():
        print_line(f"removed {run.path}, {megabytes(remove(run))}")
