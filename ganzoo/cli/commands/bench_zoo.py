"""`ganzoo bench-zoo`: compare architectures after equal seconds of training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.api.terminal import print_line, terminal
from ganzoo.cli import candidates, console
from ganzoo.cli.opening import numbers
from ganzoo.cli.options import Device
from ganzoo.cli.training import EXIT_CODES
from ganzoo.evaluate.measures import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ganzoo.evaluate.contest import Contest, Lap, Table

SHARES = ("precision", "recall", "coverage")
HEAD = "architecture"
"""The head of the column of names."""
Columns = dict[str, list[str]]
"""Cells of a table by the head of their column."""


def bench_zoo(
    architectures: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…",
            help="Names from `ganzoo list`, or with options: 'r1gan conditional=false'.",
            autocompletion=candidates.architectures,
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            help="Real images for all, as in `train`. Default: each one's own.",
            autocompletion=candidates.data,
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Seconds of training for each run.")] = 300.0,
    seeds: Annotated[
        str, typer.Option(metavar="LIST", help="Seeds: a run for each, and for each name.")
    ] = "0,1,2",
    rounds: Annotated[
        int, typer.Option("--laps", help="How often each run is judged on its way.")
    ] = 5,
    clock: Annotated[
        Literal["wall", "cpu"],
        typer.Option(help="cpu counts seconds of the CPU: fair where the machine is busy."),
    ] = "wall",
    images: Annotated[int, typer.Option(help="How many pictures to judge.")] = IMAGES,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to compare by, as in `eval`.",
            autocompletion=candidates.features,
        ),
    ] = None,
    device: Device = "auto",
    folder: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The runs, the page, the JSON.")
    ] = Path("bench-zoo"),
) -> None:
    """Train architectures for equal seconds, and compare what they draw: a page and a JSON file.

    What the folder holds already is not done again. So the same command goes on after a break, and
    more names or seeds can be added later.
    """
    from ganzoo.api.bench.contest import compare, contest
    from ganzoo.api.bench.plan import Plan
    from ganzoo.api.signals import signals
    from ganzoo.report.of_zoo import write

    plan = Plan(
        architectures=architectures,
        seeds=numbers("--seeds", seeds, int, "0,1,2"),
        seconds=seconds,
        laps=rounds,
        clock=clock,
        data=data,
        device=device,
        images=images,
        features=features,
    )
    laps: list[Lap] = []
    late: set[tuple[str, int]] = set()
    with signals(*EXIT_CODES) as stop:
        try:
            for lap in compare(plan, folder, say=console.note):
                console.note(_line(lap))
                if lap.late and (lap.name, lap.seed) not in late:
                    console.note(_late(lap))
                    late.add((lap.name, lap.seed))
                laps.append(lap)
        except KeyboardInterrupt:  # at once: the lap in progress would be given up anyway
            console.note("stopped; what is finished is saved, and the same command goes on")
            raise typer.Exit(EXIT_CODES[stop.told]) from None
    found = contest(plan, folder, laps)
    paths = write(found, folder)
    _show_all(found)
    for path in paths:
        print_line(path)


def _line(lap: Lap) -> str:
    """Return a lap in one line: `mlp_gan, seed 0, 60 s, 900 steps: FD 21.4 of 10,000`."""
    from ganzoo.evaluate.measures import number

    found = lap.evaluation
    how = f"FD {number(found['frechet'])} of {found.images:,}" if found else lap.why
    seconds = f"{lap.seconds:,.0f}" if lap.seconds >= 100 else f"{lap.seconds:.3g}"
    return f"{lap.name}, seed {lap.seed}, {seconds} s, {lap.steps:,} steps: {how}"


def _late(lap: Lap) -> str:
    """Return that a run was trained for longer than was asked for, and what to do."""
    step = lap.seconds / max(lap.steps, 1)
    advice = f"at {step:.2g} s a step: give more --seconds, or fewer --laps"
    return f"{lap.name}, seed {lap.seed} {lap.overtime}, {advice}"


def _show_all(found: Contest) -> None:
    """Print a table for each kind of evaluation, and what is in none of them."""
    from ganzoo.evaluate.contest import missing, tables

    several = tables(found)
    for table in several:
        _show(table)
    for line in missing(found, several):
        console.show(line)
    if several:
        console.show(
            "FD: Fréchet distance, mean over the seeds ± standard deviation; lower is better."
        )


def _show(of: Table) -> None:
    """Print what can be compared: means over the seeds, the best architecture first."""
    from ganzoo.evaluate.measures import MEASURES, number
    from ganzoo.evaluate.words import about
    from ganzoo.report.of_zoo import TRAINED, in_words
    from ganzoo.report.rankings import REAL

    if of.why:
        console.show(f"Not to be compared with those above; they differ in {of.why}.")
    console.show(f"{about(of.of.kind)}:")
    drawn: Columns = {"FD": [in_words(result.scores["frechet"]) for result in of.results]}
    drawn |= {
        name: [MEASURES[name].shown(result.scores[name][0]) for result in of.results]
        for name in SHARES
    }
    for head, name in zip(drawn, ("frechet", *SHARES), strict=True):
        drawn[head].insert(0, MEASURES[name].shown(of.floor.get(name)))
    means = [[result.training[name][0] for name in TRAINED] for result in of.results]
    trained: Columns = {
        "seconds": [number(seconds) for seconds, *_ in means],
        "steps": [f"{steps:,.0f}" for _, steps, *_ in means],
        "images\nper s": [f"{speed:,.0f}" for *_, speed in means],
    }
    names = [result.name for result in of.results]
    whole = drawn | {head: ["", *cells] for head, cells in trained.items()}
    if _room(whole) >= _longest([REAL, *names]):
        _show_columns([REAL, *names], whole)
    else:  # side by side, they leave no room for the names
        if _room(drawn) < _longest(_words(names)):
            drawn["FD"] = [cell.replace(" ± ", "\n± ") for cell in drawn["FD"]]
        _show_columns([REAL, *names], drawn)
        _show_columns(names, trained)
    for note in (note for result in of.results for note in result.notes):
        console.show(note)


def _show_columns(names: Sequence[str], columns: Columns) -> None:
    """Print a table with a row for each architecture; its options stand below it if need be."""
    table = console.table(HEAD, *columns)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    room = max(_room(columns), _longest(_words(names)))
    for name, *cells in zip(names, *columns.values(), strict=True):
        table.add_row(console.broken(name, room), *cells)
    console.show_whole(table)


def _room(columns: Columns) -> int:
    """Return how many characters a name may have beside these columns."""
    widths = (console.longest(head, *cells) for head, cells in columns.items())
    return terminal().width - console.width([0, *widths])


def _words(names: Iterable[str]) -> list[str]:
    """Return names and options apart: what is never broken."""
    return [word for name in names for word in name.split()]


def _longest(names: Iterable[str]) -> int:
    """Return how many characters the column of these names has."""
    return console.longest(HEAD, *names)
