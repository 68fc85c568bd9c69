"""The page and the JSON of a contest: which architecture draws better after equal seconds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.draw.pictures import Picture
from ganzoo.draw.pixels import Pixels, grid, to_pil
from ganzoo.evaluate.contest import Contest, Result, Spread, Table, missing, spread, tables
from ganzoo.evaluate.evaluation import Score
from ganzoo.evaluate.measures import MEASURES, number
from ganzoo.evaluate.words import about
from ganzoo.report import plotting
from ganzoo.report.curves import Chart, Curve
from ganzoo.report.html import image, render
from ganzoo.report.pace import distance_title
from ganzoo.report.rankings import MEASURED, REAL, Ranking, Row
from ganzoo.report.scales import bar
from ganzoo.storage import write_whole

PAGE, NUMBERS = "bench-zoo.html", "bench-zoo.json"
SCHEMA = 1
TRAINED = ("seconds", "steps", "samples_seen", "images_per_second")
"""What a page and a table say of the training, in this order."""


def write(contest: Contest, folder: Path) -> list[Path]:
    """Write the page and the JSON of a contest into a folder, and return their paths."""
    tables_ = tables(contest)
    content = {
        "schema": SCHEMA,
        "about": dict(contest.about),
        "tables": [_json(table) for table in tables_],
        "laps": [
            {**asdict(replace(lap, evaluation=None)), "evaluation": lap.evaluation and
             replace(lap.evaluation, sheets={}).to_json()}
            for lap in contest.laps
        ],
    }  # fmt: skip
    order = [result.name for table in tables_ for result in table.results]
    order += [name for name in contest.names if name not in order]
    page = render(
        "zoo.html",
        title="Which GAN draws best in the same time",
        about=contest.about,
        names=order,
        rankings=[_ranking(table) for table in tables_],
        trained=[trained(table) for table in tables_],
        missing=missing(contest, tables_),
        charts=[_drawn(contest, table, order, place) for place, table in enumerate(tables_)],
        pictures=[_row(name, contest.pictures.get(name)) for name in order],
    )
    write_whole(folder / NUMBERS, (json.dumps(content, indent=2) + "\n").encode())
    write_whole(folder / PAGE, page.encode())
    return [folder / PAGE, folder / NUMBERS]


def _ranking(table: Table) -> Ranking:
    """Return a table in words: real images, the architectures, and untrained ones at the end."""
    shown = [m for m in MEASURED if all(m in result.scores for result in table.results)]
    rows = [Row(REAL, [MEASURES[name].shown(table.floor.get(name)) for name in shown] + [""])]
    worst = table.ceiling.get("frechet", (None, None))[1]
    for result in table.results:
        cells = [in_words(result.scores[name], MEASURES[name].shown) for name in shown]
        mean, deviation = result.scores["frechet"]
        score = Score(value=mean, error=deviation, floor=table.floor.get("frechet"), ceiling=worst)
        seeds = len(result.seeds) + len(result.missing)
        count = f"{len(result.seeds)}" + (f" of {seeds}" if result.missing else "")
        rows.append(Row(result.name, [*cells, count], bar(score, MEASURES["frechet"])))
    ends = [_range(table.ceiling.get(name), MEASURES[name].shown) for name in shown]
    rows.append(Row(table.of.untrained, [*ends, ""]))
    columns = [*(MEASURES[name].title for name in shown), "seeds"]
    notes = [note for result in table.results for note in result.notes]
    return Ranking(about(table.of.kind), columns, rows, table.why, tuple(notes), table.of.untrained)


def in_words(spread: Spread, shown: Callable[[float], str] = number) -> str:
    """Return a mean and its standard deviation in words: `12.3 ± 0.450`."""
    mean, deviation = spread
    return shown(mean) + ("" if deviation is None else f" ± {shown(deviation)}")


def trained(table: Table) -> list[Row]:
    """Return a row for each architecture, with a cell for each of `TRAINED`: means over seeds."""

    def cells(result: Result) -> list[str]:
        seconds, *counts = (result.training[name] for name in TRAINED)
        whole = (f"{m:,.0f}" + ("" if d is None else f" ± {d:,.0f}") for m, d in counts)
        return [in_words(seconds), *whole]

    return [Row(result.name, cells(result)) for result in table.results]


def _range(pair: tuple[float, float] | None, shown: Callable[[float], str]) -> str:
    """Return the smallest and the largest value in words."""
    if pair is None:
        return "-"
    low, high = map(shown, pair)
    return low if low == high else f"{low} to {high}"


def chart(contest: Contest, table: Table, order: Sequence[str]) -> Chart:
    """Return the mean Fréchet distance over seconds, with its standard deviation over seeds.

    A mark is a lap that all seeds which are in the table were judged after.
    """
    curves = []
    seeds = {result.name: result.seeds for result in table.results}
    for name in order:
        laps = [
            lap for lap in contest.laps
            if lap.name == name and lap.evaluation and lap.evaluation.kind == table.of.kind
            and lap.seed in seeds.get(name, [])
        ]  # fmt: skip
        numbers = sorted({lap.number for lap in laps})
        each = [[lap for lap in laps if lap.number == n] for n in numbers]
        each = [same for same in each if len(same) == len(seeds[name])]
        values = [
            spread([lap.evaluation["frechet"] for lap in same if lap.evaluation]) for same in each
        ]
        curves.append(
            Curve(
                name,
                np.array([statistics.fmean(lap.seconds for lap in same) for same in each]),
                np.array([mean for mean, _ in values]),
                np.array([deviation or 0.0 for _, deviation in values]),
            )
        )
    return Chart(
        "frechet-over-seconds",
        distance_title(table.of),
        curves,
        across="seconds of training",
        up="Fréchet distance",
        logarithmic=True,
        few=True,
    )


def _drawn(contest: Contest, table: Table, order: Sequence[str], place: int) -> str:
    """Return the chart of a table as SVG, large."""
    drawn = chart(contest, table, order)
    return plotting.in_page(drawn, f"{drawn.name}-{place}", size=plotting.LARGE)


def _row(name: str, pixels: Pixels | None) -> dict[str, str]:
    """Return an architecture's pictures as one image, in a row."""
    if pixels is None or not len(pixels):
        return {"name": name, "image": ""}
    return {"name": name, "image": image(Picture(to_pil(grid(pixels, len(pixels)))))}


def _json(table: Table) -> dict[str, Any]:
    """Return a table for a program to read."""
    features, real, _ = table.of.kind
    return {
        "features": features,
        "real": real,
        "images": table.of.images,
        "floor": table.floor,
        "ceiling": {name: list(pair) for name, pair in table.ceiling.items()},
        "results": [
            {
                "name": result.name,
                "seeds": result.seeds,
                "missing": result.missing,
                "late": result.late,
                "scores": {
                    name: {"mean": mean, "deviation": deviation}
                    for name, (mean, deviation) in result.scores.items()
                },
                "training": {
                    name: {"mean": mean, "deviation": deviation}
                    for name, (mean, deviation) in result.training.items()
                },
            }
            for result in table.results
        ],
    }
