"""`ganzoo plot`, `animate`, `report` and `compare`: show what runs measured and drew."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli import console
from ganzoo.cli.opening import Which
from ganzoo.cli.options import Runs


class Format(StrEnum):
    """The file formats of charts."""

    png = "png"
    svg = "svg"


def plot(
    run: Which = None,
    smooth: Annotated[
        bool, typer.Option("--smooth/--no-smooth", help="Draw means over what was measured.")
    ] = True,
    format_: Annotated[
        Format,
        typer.Option("--format", help="Of charts; an .svg is light or dark as its page is."),
    ] = Format.png,
    dark: Annotated[bool, typer.Option("--dark", help="Charts on dark ground, as .png.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Default: RUN/plots.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw a run's curves, its strip, and what it draws beside real images."""
    from ganzoo.report import of_run
    from ganzoo.runs.finding import find_run

    opened = find_run(run, runs)
    folder = output or opened.path / of_run.PLOTS
    for path in of_run.plot(opened, folder, format_.value, smooth, dark):
        print(path)


def animate(
    run: Which = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE",
            help="A .gif, .webp, or (with ffmpeg) .mp4. Default: RUN/training.gif.",
        ),
    ] = None,
    runs: Runs = Path("runs"),
) -> None:  # fmt: skip
    """Show how a run's images came to be, one sample grid after the other."""
    from ganzoo.report import gallery, of_run
    from ganzoo.runs.finding import find_run

    opened = find_run(run, runs)
    path = output or opened.path / of_run.ANIMATION
    gallery.animate(opened, path)
    print(path)


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
    from ganzoo.runs.finding import find_run

    print(write(find_run(run, runs), output, exports))


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN…", help="Two to six runs or their names.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page.")
    ] = Path("compare.html"),
    folder: Runs = Path("runs"),
) -> None:
    """Compare runs: a table here, and a page with their curves and what they draw."""
    from ganzoo.report.of_several import compare as write
    from ganzoo.runs.finding import find_run

    found = write([find_run(run, folder) for run in runs], output)
    for ranking in found.rankings:
        if ranking.why:
            console.show(f"Not to be compared with those above; they differ in {ranking.why}.")
        console.show(f"{ranking.about}:")
        table = console.table("", *(row.name.replace("-", "-\n") for row in ranking.rows))
        for number, title in enumerate(ranking.columns):
            cells = (row.cells[number].replace(" ± ", "\n± ") for row in ranking.rows)
            table.add_row(title, *cells)
        console.show(table)
        for note in ranking.notes:
            console.show(note)
    if not found.rankings:
        console.note("none of them was judged: `ganzoo eval RUN` does")
    for title, rows in (("asked for", found.differences), ("measured", found.results)):
        table = console.table(title, *(name.replace("-", "-\n") for name in found.names))
        for column in table.columns:
            column.overflow = "fold"
        for name, values in rows:
            table.add_row(name, *values)
        console.show(table)
    print(output)
