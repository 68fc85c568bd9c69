"""`ganzoo runs`: what the runs are and how they went, and how to remove them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import candidates, console
from ganzoo.cli.options import AsJson, Runs
from ganzoo.errors import UsageError
from ganzoo.storage import megabytes

if TYPE_CHECKING:
    from ganzoo.api.run import TrainedRun

app = typer.Typer(invoke_without_command=True)


@app.callback()
def list_runs(
    context: typer.Context,
    folder: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """List all runs, the newest last: how far they got, and how good their pictures are."""
    if context.invoked_subcommand:
        return
    from ganzoo.api.table import damaged, runs, unread
    from ganzoo.runs import evaluations

    found, left_out = runs(folder), damaged(folder)
    for line in (*left_out, *unread(found)):
        console.note(line)
    for run in found:
        for line in evaluations.damaged(run.folder):
            console.note(line)
    if as_json:
        print_json([run.to_json() for run in found], indent=2)
        return
    if not found:
        if not left_out:
            console.note(f"there are no runs below {folder}: `ganzoo train NAME` makes one")
        return
    from ganzoo.cli.run_table import show_table

    show_table(found)


@app.command("rm")
def remove_runs(
    context: typer.Context,
    names: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Runs or their names.", autocompletion=candidates.runs),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--runs", metavar="DIR", help="Where runs are kept.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove runs with all of their files, after a question; it cannot be undone.

    A run that is being trained is refused, and so is any folder that is not a run's. Links inside
    are removed and not followed. Nothing is removed unless all of them may be.
    """
    from ganzoo.api.run import TrainedRun
    from ganzoo.runs.removing import removable

    where = folder or (context.parent and context.parent.params.get("folder")) or Path("runs")
    found = {run.path: TrainedRun(run.path) for run in (removable(name, where) for name in names)}
    if not (yes or _agreed([*found.values()])):
        console.note("nothing was removed")
        return
    removed = [run.remove() for run in found.values()]
    if as_json:
        print_json([one.to_json() for one in removed], indent=2)
        return
    for one in removed:
        print_line(f"removed {one.path}: {one.nbytes:,} bytes freed")
    if len(removed) > 1:
        print_line(f"{sum(one.nbytes for one in removed):,} bytes freed in all")


def _agreed(runs: list[TrainedRun]) -> bool:
    """Ask on standard error whether to remove the runs; UsageError where nobody answers."""
    for run in runs:
        summary = run.summary()
        told = f"{summary['outcome']}, {summary['epochs']} epochs, {megabytes(run.size)}"
        console.note(f"{run.path}: {told}")
    what = "this run" if len(runs) == 1 else f"these {len(runs)} runs"
    agreed = console.agreed(f"remove {what} and all files inside?")
    if agreed is None:
        raise UsageError(
            "nobody answered, so nothing was removed: --yes removes without a question"
        )
    return agreed
