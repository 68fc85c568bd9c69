"""`ganzoo plot`, `animate`, `report` and `compare`: show what runs measured and drew."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line, terminal
from ganzoo.cli import candidates, console
from ganzoo.cli.opening import Title, Which
from ganzoo.cli.options import Runs

LABEL, COLUMN, NARROW = 21, 16, 10
"""Characters of a line that the first column of a comparison gets, a run at least, and what is
compared with, all with the space after it."""


class Format(StrEnum):
    """The file formats of figures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


def plot(
    run: Which = None,
    smooth: Annotated[
        bool, typer.Option("--smooth/--no-smooth", help="Draw means over what was measured.")
    ] = True,
    format_: Annotated[
        Format,
        typer.Option("--format", help="A chart as .svg is light or dark as its page is."),
    ] = Format.png,
    dark: Annotated[
        bool, typer.Option("--dark", help="Charts on dark ground, as .png or .pdf.")
    ] = False,
    title: Title = None,
    snapshots: Annotated[
        str | None,
        typer.Option(
            metavar="EPOCHS",
            help="One more sheet: the images after these epochs, as in 1,5,10,20, or 'all'.",
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="All figures: also snapshots, the latest grid, the networks."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Default: RUN/plots.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw a run's curves, its strip, and what it draws beside real images."""
    from ganzoo.report import figures
    from ganzoo.runs.finding import find_run

    opened = find_run(run, runs)
    for path in figures.write(
        opened,
        output or opened.path / figures.PLOTS,
        format_.value,
        title=title or "",
        smooth=smooth,
        dark=dark,
        snapshots=snapshots,
        everything=everything,
    ):
        print_line(path)


def animate(
    run: Which = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE",
            help="A .gif, .webp, or (with ffmpeg) .mp4. Default: RUN/training.gif.",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=8, help="Rows of the sample grid.")] = 8,
    columns: Annotated[int, typer.Option(min=1, max=8, help="Columns of it.")] = 8,
    runs: Runs = Path("runs"),
) -> None:  # fmt: skip
    """Show how a run's images came to be, one sample grid after the other."""
    from ganzoo.report import gallery, of_run
    from ganzoo.runs.finding import find_run

    opened = find_run(run, runs)
    path = output or opened.path / of_run.ANIMATION
    gallery.animate(opened, path, rows, columns)
    print_line(path)


def report(
    run: Which = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Default: RUN/report.html."),
    ] = None,
    exports: Annotated[
        Path, typer.Option(metavar="DIR", help="Where exported models are looked for.")
    ] = Path("exports"),
    runs: Runs = Path("runs"),
) -> None:
    """Write a report: all that is to be seen of a run, in one HTML file that needs no other."""
    from ganzoo.report.of_run import report as write
    from ganzoo.runs.evaluations import damaged
    from ganzoo.runs.finding import find_run

    opened = find_run(run, runs)
    for line in damaged(opened):
        console.note(line)
    print_line(write(opened, output, exports))


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN…",
            help="Two to six runs or their names.",
            autocompletion=candidates.runs,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A page (.html), or one of paper (A4) as .pdf, .svg or .png.",
        ),
    ] = Path("compare.html"),
    title: Title = None,
    folder: Runs = Path("runs"),
) -> None:
    """Compare runs: a table here, and a page with their curves and what they draw."""
    from ganzoo.report.of_several import compare as write
    from ganzoo.runs.evaluations import damaged
    from ganzoo.runs.finding import find_run

    opened = [find_run(run, folder) for run in runs]
    for line in (line for run in opened for line in damaged(run)):
        console.note(line)
    found = write(opened, output, title=title or "")
    for ranking in found.rankings:
        if ranking.why:
            console.show(f"Not to be compared with those above; they differ in {ranking.why}.")
        console.show(f"{ranking.about}:")
        names = [row.name for row in ranking.rows]
        cells = [[cell.replace(" ± ", "\n± ") for cell in row.cells] for row in ranking.rows]
        _side_by_side("", names, [*zip(ranking.columns, zip(*cells, strict=True), strict=True)], 1)
        for note in ranking.notes:
            console.show(note)
    if not found.rankings:
        console.note("none of them was judged: `ganzoo eval RUN` does")
    _side_by_side("what was different", found.names, found.differences)
    _side_by_side("measured", found.names, found.results)
    print_line(output)


def _side_by_side(
    title: str,
    names: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    first: int = 0,
) -> None:
    """Print a table with a column for each name, or several tables where these are too many.

    Each of them begins with the `first` columns, which are narrow.
    """
    place = terminal().width - LABEL - NARROW * first
    count = len(names) - first
    room = min(max(place // COLUMN, 1), count)
    width = max(place // max(room, 1), COLUMN) - 3
    for start in range(first, len(names), max(room, 1)):
        chosen = [*range(first), *range(start, min(start + room, len(names)))]
        heads = [console.broken(names[i], width if i >= first else NARROW - 3) for i in chosen]
        table = console.table(title, *heads)
        beside = console.width([0, *[console.longest(*heads)] * len(heads)])
        table.columns[0].max_width = max(terminal().width - beside, LABEL - 3)
        for column in table.columns:
            column.overflow = "fold"
        for name, values in rows:
            table.add_row(name, *(_fitting(values[i], width) for i in chosen))
        console.show(table)


def _fitting(value: str, width: int) -> str:
    """Return a value; one without spaces, such as a name, in lines of `width`."""
    return value if " " in value else console.broken(value, width)
