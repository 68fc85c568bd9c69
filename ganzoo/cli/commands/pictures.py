"""`ganzoo plot`, `animate`, `report` and `compare`: show what runs measured and drew."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli import candidates, console
from ganzoo.cli.opening import Title, Which
from ganzoo.cli.options import Runs


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
    from ganzoo.cli.comparison_table import show_tables
    from ganzoo.report.of_several import compare as write
    from ganzoo.runs.evaluations import damaged
    from ganzoo.runs.finding import find_run

    opened = [find_run(run, folder) for run in runs]
    for line in (line for run in opened for line in damaged(run)):
        console.note(line)
    found = write(opened, output, title=title or "")
    show_tables(found)
    print_line(output)
