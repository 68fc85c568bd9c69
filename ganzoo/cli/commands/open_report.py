"""`ganzoo open`: show the report of a run in the browser."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from ganzoo.api.terminal import print_line
from ganzoo.cli import console
from ganzoo.cli.browser import open_page
from ganzoo.cli.opening import Which
from ganzoo.cli.options import Runs


def open_report(run: Which = None, runs: Runs = Path("runs")) -> None:
    """Show the report of a run in the browser; where there is none yet, write it first.

    The path of the report is the last line, also where no browser can be opened.
    """
    from ganzoo.runs.finding import find_run
    from ganzoo.runs.folder import METRICS, REPORT

    opened = find_run(run, runs)
    path = opened.path / REPORT
    if not path.is_file():
        from ganzoo.report.of_run import report

        console.note_logged()
        report(opened)
    elif _time(opened.path / METRICS) > _time(path):
        name = quote(str(opened.path))
        console.note(f"the run has gone on since this report: `ganzoo report {name}` renews it")
    if not open_page(path.resolve().as_uri(), waiting=True):
        console.note("no browser can be opened here: open this file in one yourself")
    print_line(path)


def _time(path: Path) -> float:
    """Return when a file was written, in seconds; 0 where it is not there."""
    return path.stat().st_mtime if path.exists() else 0.0
