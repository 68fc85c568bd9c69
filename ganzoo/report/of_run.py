"""The report of one run: everything that there is to see of it, in one HTML file."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.draw import studies
from ganzoo.draw.generator import Generator
from ganzoo.draw.selection import Selection
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import GanzooError, reason
from ganzoo.report import curves, figures, gallery, judgements, plotting, words
from ganzoo.report.html import image, render
from ganzoo.report.network import page as graphs
from ganzoo.report.network.svg import svg
from ganzoo.runs import evaluations, health
from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import METRICS, REPORT, Run
from ganzoo.runs.weights import load_generator
from ganzoo.storage import write_whole
from ganzoo.train.networks import count_parameters, describe_networks
from ganzoo.train.tracing import flows
from ganzoo.zoo.registry import Loaded, load_architecture

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.architecture import Architecture

_log = logging.getLogger("ganzoo")
MOST_CLASSES = 24
"""Largest number of classes that the report shows."""
ANIMATION = "training.gif"
SWEPT, VALUES = 5, (-3.0, 0.0, 3.0)
"""Number of coordinates of z that the report sweeps (those that change the picture most), and the
values that it gives them."""


def report(run: Run, path: Path | None = None, exports: Path = Path("exports")) -> Path:
    """Write the report of a run, by default into its folder, and return where it is.

    `exports` is the folder in which to look for ONNX files of its weights. Parts that need weights
    are left out where there are none; the layers are left out where the architecture is not
    installed. Raises ModelFileError where the run's folder has too little to show.
    """
    facts, entries = run.facts(), run.lines(METRICS)
    drawn = curves.charts(run)
    known, ran = gallery.snapshots(run), facts.circumstances
    outcome, why = words.outcome(run)
    now, said = words.health(facts, entries)
    if outcome in {"diverged", "failed"}:
        now.insert(0, f"it {outcome}: {why}")
    sheets = {name: image(sheet.draw()) for name, sheet in gallery.pictures(run).items()}
    page = render(
        "report.html",
        title=run.path.resolve().name,
        lead=words.trained_on(facts),
        outcome=outcome,
        epochs=words.epochs(run),
        numbers=words.last_numbers(facts, entries),
        drawn=sheets.get("real-and-generated", image(known[-1].picture())),
        strip=sheets["strip"],
        last=known[-1].label,
        charts=[plotting.in_page(chart) for chart in drawn],
        snapshots=[
            {"label": s.label, "image": image(s.picture())} for s in gallery.evenly(known, 12)
        ],
        told=facts.scores,  # what D gives
        judged=judgements.judgement(run),
        damaged=evaluations.damaged(run),
        judged_chart=_drawn(judgements.chart(run)),
        health=now,
        said=said,
        alike=health.alike(entries),
        ALIKE=health.ALIKE,
        STEADY=health.STEADY,
        times=words.times(run),
        settings=words.settings(facts),
        commands=words.commands(run),
        exact=ran.device.name == "cpu" and ran.processes == 1,
        versions=words.versions(facts),
        run=shlex.quote(str(run.path)),
        **_of_weights(run, facts.config.seed, exports),
        **_of_architecture(facts),
    )
    path = path or run.path / REPORT
    write_whole(path, page.encode())
    return path


def leave(run: Run, stop: Callable[[], bool] = lambda: False) -> Iterator[Exception]:
    """Write all pictures of a run into its folder: charts, sheets, an animation, the report.

    Yields an error for each part that could not be drawn. Once `stop` returns True, no further part
    is drawn.
    """
    for draw in (
        lambda: figures.write(run, run.path / figures.PLOTS),
        lambda: gallery.animate(run, run.path / ANIMATION),
        lambda: report(run),
    ):
        if not stop():
            try:
                draw()
            except Exception as error:
                yield error


def _drawn(chart: curves.Chart | None) -> str:
    """Return a chart as SVG; "" where there is none."""
    return "" if chart is None else plotting.in_page(chart)


def _of_weights(run: Run, seed: int, exports: Path) -> dict[str, Any]:
    """Return what the template shows of the newest checkpoint's weights."""
    try:
        generator, _ = load_generator(run.path)
    except GanzooError as error:
        return {"sweep": "", "each_class": "", "weights": str(error), "exports": []}
    weights = generator.info.weights_sha256
    return {
        "sweep": image(_sweep(generator, seed).draw()),
        "each_class": image(_classes(generator, seed).draw()) if generator.classes else "",
        "weights": weights,
        "exports": words.exports(weights, exports),
    }


def _of_architecture(facts: Facts) -> dict[str, Any]:
    """Return the architecture's summary, and both networks' layers and numbers of parameters."""
    made = facts.architecture
    try:
        loaded = load_architecture(made.qualified, made.options)
        described = describe_networks(loaded.value)
    except GanzooError as error:
        return {"summary": str(error), "networks": {}, "graph": ""}
    networks = {
        name: (count_parameters(network), layers) for name, (network, layers) in described.items()
    }
    graph = _graph(loaded, {name: network for name, (network, _) in described.items()})
    return {"summary": loaded.entry.summary() or "", "networks": networks, "graph": graph}


def _graph(loaded: Loaded[Architecture], networks: Mapping[str, nn.Module]) -> str:
    """Return the picture of the networks as SVG; "" and a remark where it cannot be drawn."""
    try:
        return svg(graphs.draw(flows(loaded.value, networks), ""), alone=False)
    except Exception as error:
        _log.warning("the graph of %s cannot be drawn: %s", loaded.entry.label, reason(error))
        return ""


def _classes(generator: Generator, seed: int) -> Sheet:
    """Return a sheet with a row for each class, all from the same z; of many, the first ones."""
    shown = range(min(len(generator.classes), MOST_CLASSES))
    return studies.classes(Selection(generator=generator, n=8, seed=seed, classes=shown))


def _sweep(generator: Generator, seed: int) -> Sheet:
    """Return a sheet that sweeps the coordinates of z that change the picture most."""
    chosen = [index for index, _ in generator.most_moving(SWEPT, seed=seed)]
    return replace(studies.sweep(generator, chosen, VALUES, seed=seed), rows=())
