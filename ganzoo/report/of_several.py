"""A comparison of several runs: which draws best, what was different, and how it ended."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.draw.pictures import SUFFIXES, Picture
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import GanzooError, UsageError
from ganzoo.report import colours, gallery, pace, plotting, words
from ganzoo.report.common_charts import common_charts
from ganzoo.report.html import image, render
from ganzoo.report.one_page import Page
from ganzoo.report.rankings import TRAINING, Ranking, rankings
from ganzoo.runs.facts import Facts
from ganzoo.runs.finding import Words, as_run
from ganzoo.runs.folder import Run
from ganzoo.runs.quantities import QUALITY
from ganzoo.runs.weights import load_generator
from ganzoo.storage import write_whole
from ganzoo.zoo.options import unparse

MOST = len(colours.LIGHT.series)
"""Largest number of runs in one comparison: each needs a colour of its own."""

ROOM = 6
"""Charts that one page has room for: the losses, then the scores where they are curves (a single
score stands in the table), then what else there is."""

NOT_ON_PAPER = {"SWD", "density", "copies", "images per second, in all"}
"""Rows for which one page has no room."""

LEAST = (
    "processes", "threads", "package", "fingerprint of the data", "images per second, median",
    "last critic(x)", "last critic(G(z))", "initial weights of the discriminator",
    "initial weights of the generator",
)  # fmt: skip
"""Rows that one page leaves out first where it is full, after those of the libraries' versions."""

Table = list[tuple[str, list[str]]]
"""Rows: a name, and a value for each run."""


@dataclass(frozen=True)
class Comparison:
    """The names of the runs, which draws best, the settings that differ, and the results."""

    names: list[str]
    rankings: list[Ranking]
    """Tables of runs by Fréchet distance; those of two tables cannot be compared."""

    differences: Table
    results: Table


def compare(several: Sequence[Run | Words], path: Path, *, title: str = "") -> Comparison:
    """Write a page that compares two to `MOST` runs; raise UsageError for another number.

    As .png, .svg or .pdf it is one page of paper (A4) with pictures, curves and tables; as .html it
    is a page for a browser. Raises UsageError for a path that ends otherwise. All pictures are
    drawn with the seed of the first run. Runs with the same latent_dim draw the same latents.
    `title` stands at the top.
    """
    if not 2 <= len(several) <= MOST:
        raise UsageError(f"compare takes two to {MOST} runs, not {len(several)}")
    if path.suffix.lower() not in {".html", ".htm", *SUFFIXES}:
        raise UsageError(
            f"a comparison is a .html, .pdf, .svg or .png, and {path} is none: "
            f"name it {path.stem or 'x'}.html"
        )
    runs = [as_run(run) for run in several]
    facts = [run.facts() for run in runs]
    names = _names(runs)
    entries = [run.lines("metrics.jsonl") for run in runs]
    named = dict(zip(names, runs, strict=True))
    found = Comparison(names, rankings(named), _differences(facts), _results(runs, facts, entries))
    seed = facts[0].config.seed
    paces = [chart for chart in (pace.over_seconds(named), pace.while_trained(named)) if chart]
    charts = common_charts([*zip(names, facts, entries, strict=True)])
    pictures = [_picture(run, seed) for run in runs]
    title = title or (" and ".join(names) if len(names) == 2 else f"{len(names)} runs compared")
    if path.suffix.lower() in SUFFIXES:
        shown = [picture for _, picture in pictures]
        losses = [chart for chart in charts if chart.name.startswith("loss_")]
        others = [chart for chart in charts if not chart.name.startswith("loss_")]
        over_time = [chart for chart in paces if any(len(c.values) > 1 for c in chart.curves)]
        told = [*losses, *over_time, *others]
        least = [*dict.fromkeys(v for each in facts for v in each.circumstances.versions), *LEAST]
        page = Page(title, names, shown, told[:ROOM], _tables(found), least)
        plotting.save(page.draw(), path)
        return found
    html = render(
        "compare.html",
        title=title,
        names=names,
        rankings=found.rankings,
        paces=[plotting.in_page(chart) for chart in paces],
        folders=" ".join(shlex.quote(str(run.path)) for run in runs),
        differences=found.differences,
        results=found.results,
        charts=[plotting.in_page(chart, legend=False) for chart in charts],  # one legend for all
        pictures=[
            {"label": label, "image": image(picture) if picture else ""}
            for label, picture in pictures
        ],
        seed=seed,
    )
    write_whole(path, html.encode())
    return found


def _names(runs: Sequence[Run]) -> list[str]:
    """Return the names of the runs' folders, or their paths where two names are the same.

    Raises UsageError where a run is given twice.
    """
    paths = [run.path.resolve() for run in runs]
    if len(set(paths)) < len(paths):
        raise UsageError("a run is compared with others, not with itself: name each once")
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(run.path) for run in runs]


def _differences(facts: Sequence[Facts]) -> Table:
    """Return the settings and circumstances that are not the same in all runs."""
    flat = [_flat(each) for each in facts]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = [(name, [each.get(name, "-") for each in flat]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _flat(facts: Facts) -> dict[str, str]:
    """Return all settings, and the device and versions of a run, in words by name."""
    made, data, ran = facts.architecture, facts.data, facts.circumstances
    return {
        "architecture": made.name,
        "package": f"{made.package} {made.version}",
        "data": data.name,
        "images": f"{data.images:,}",
        "fingerprint of the data": data.fingerprint[:16],
        **{f"option {name}": unparse(value) for name, value in made.options.items()},
        **dict(words.config(facts)),
        "device": ran.device.name,
        "precision": ran.precision.name,
        "processes": str(ran.processes),
        "threads": str(ran.threads),
        **ran.versions,
    }


def _results(
    runs: Sequence[Run], facts: Sequence[Facts], entries: Sequence[words.Entries]
) -> Table:
    times = [dict(words.times(run)) for run in runs]
    rows: Table = [
        ("outcome", [words.outcome(run)[0] for run in runs]),
        ("epochs trained", [words.epochs(run) for run in runs]),
    ]
    rows += [(name, [each[name] for each in times]) for name in times[0]]
    last = [words.last_numbers(*each) for each in zip(facts, entries, strict=True)]
    names = dict.fromkeys(name for each in last for name in each)
    for name in (name for name in names if name not in QUALITY.values()):  # see the rankings
        rows.append((f"last {name}", [each.get(name, "-") for each in last]))
    return rows


def _tables(found: Comparison) -> list[tuple[str, Table]]:
    """Return the tables of a page of paper, each with a heading."""
    tables: list[tuple[str, Table]] = []
    for ranking in found.rankings:
        cells = {row.name: row.cells for row in ranking.rows}
        rows = [
            (column, [cells[name][place] if name in cells else "-" for name in found.names])
            for place, column in enumerate(ranking.columns)
        ]
        said = NOT_ON_PAPER.union(TRAINING)  # also below
        tables.append(("how good", [row for row in rows if row[0] not in said]))
    measured = [row for row in found.results if row[0] not in NOT_ON_PAPER]
    tables += [("what was different", found.differences)] * bool(found.differences)
    return [*tables, ("measured", measured)]


def _picture(run: Run, seed: int) -> tuple[str, Picture | None]:
    """Return the first images of a seed, drawn by the newest checkpoint, or why there are none."""
    try:
        generator, known = load_generator(run.path)[0], gallery.snapshots(run)
    except GanzooError as error:
        return str(error), None
    images = generator.sample(16, seed)
    sheet = Sheet(images.reshape(4, 1, 4, *images.shape[1:]))
    return known[-1].label, sheet.draw()
