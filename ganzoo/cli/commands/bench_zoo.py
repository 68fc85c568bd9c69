"""`ganzoo bench-zoo`: compare architectures after equal seconds of training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli import console
from ganzoo.cli.opening import numbers
from ganzoo.cli.training import EXIT_CODES
from ganzoo.evaluate.measures import IMAGES

if TYPE_CHECKING:
    from ganzoo.evaluate.contest import Lap


def bench_zoo(
    architectures: Annotated[
        list[str], typer.Argument(metavar="NAME…", help="Names from `ganzoo list`.")
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Real images for all, as in `train`. Default: each one's own."),
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
        str | None, typer.Option(metavar="NAME", help="What to compare by, as in `eval`.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
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

    console.note_logged()
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
    with signals(*EXIT_CODES) as stop:
        try:
            for lap in compare(plan, folder, say=console.note):
                laps.append(lap)
                console.note(_line(lap))
        except KeyboardInterrupt:  # at once: the lap in progress would be given up anyway
            console.note("stopped; what is finished is saved, and the same command goes on")
            raise typer.Exit(EXIT_CODES[stop.told]) from None
    for path in write(contest(plan, folder, laps), folder):
        print(path)


def _line(lap: Lap) -> str:
    """Return a lap in one line: `mlp_gan, seed 0, 60 s: Fréchet distance 21.4`."""
    from ganzoo.evaluate.evaluation import number

    found = lap.evaluation
    how = f"Fréchet distance {number(found['frechet'])}" if found else lap.why
    return f"{lap.name}, seed {lap.seed}, {lap.seconds:.0f} s: {how}"
