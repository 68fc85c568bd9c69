"""The report of one run: everything to be seen of it, in one HTML file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganzoo import figures, gallery, health, history
from ganzoo.errors import UsageError
from ganzoo.generator import Generator
from ganzoo.networks import count_parameters
from ganzoo.registry import load_architecture
from ganzoo.report import story
from ganzoo.report.page import image, render
from ganzoo.run import Run
from ganzoo.sheets import Sheet
from ganzoo.show import describe_networks
from ganzoo.storage import write_whole
from ganzoo.weights import load_generator

REPORT, PLOTS, ANIMATION = "report.html", "plots", "training.gif"
SWEPT, VALUES = 5, (-3.0, 0.0, 3.0)
"""How many coordinates of z the report sweeps, those that move the picture most, and to what."""


def report(run: Run, exports: Path = Path("exports")) -> Path:
    """Write the report of a run into its folder, and return where it is.

    `exports` is where ONNX files of its weights are looked for. UsageError where there is nothing
    to be told yet, ModelFileError where the run has no whole checkpoint.
    """
    facts, entries = story.facts_of(run), run.lines("metrics.jsonl")
    if "size" not in facts["data"]:
        raise UsageError(f"{run.path} was trained by an older ganzoo, which noted too little")
    charts = [figures.svg(figures.draw(chart)) for chart in history.charts(run)]
    known = gallery.snapshots(run)
    generator, _ = load_generator(run.path)
    now, said = story.health(facts, entries)
    made = facts["architecture"]
    loaded = load_architecture(f"{made['package']}:{made['name']}", made["options"])
    path = run.path / REPORT
    text = render(
        "report.html",
        title=run.path.resolve().name,
        lead=story.trained_on(facts),
        summary=loaded.entry.summary() or "",
        outcome=story.outcome(run),
        epochs=known[-1].epoch,
        numbers=_in_words(entries),
        samples=image(known[-1].picture()),
        last=known[-1].label,
        charts=charts,
        pictures={name: image(sheet.draw()) for name, sheet in gallery.pictures(run).items()},
        snapshots=[
            {"label": s.label, "image": image(s.picture())} for s in gallery.evenly(known, 12)
        ],
        sweep=image(_sweep(generator, facts["config"]["seed"]).draw()),
        networks={
            name: (count_parameters(network), layers)
            for name, (network, layers) in describe_networks(loaded.value).items()
        },
        critic=history.is_critic(facts),
        health=now,
        said=said,
        alike=health.ALIKE,
        times=story.times(entries),
        settings=story.settings(facts),
        commands=story.commands(run),
        versions=story.versions(facts),
        exports=story.exports(generator.info.weights_sha256, exports),
        weights=generator.info.weights_sha256,
        run=run.path,
    )
    write_whole(path, text.encode())
    return path


def leave(run: Run) -> None:
    """Write all pictures of a run into its folder: charts, sheets, an animation, the report."""
    plot(run, run.path / PLOTS)
    gallery.animate(run, run.path / ANIMATION)
    report(run)


def plot(
    run: Run, folder: Path, kind: str = "png", window: int | None = None, dark: bool = False
) -> list[Path]:
    """Write a run's charts as .png or .svg, and its sheets as .png, into a folder."""
    theme = figures.DARK if dark else figures.LIGHT
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in history.charts(run):
        written.append(folder / f"{chart.name}.{kind}")
        base = figures.LIGHT if kind == "svg" else theme
        figures.save(figures.draw(chart, base, window), written[-1], theme)
    for name, sheet in gallery.pictures(run).items():
        written.append(folder / f"{name}.png")
        sheet.save(written[-1])
    return written


def _in_words(entries: story.Entries) -> list[tuple[str, str]]:
    found = story.last_numbers(entries)
    return [(label, f"{found[name]:.3f}") for name, label in story.NUMBERS.items() if name in found]


def _sweep(generator: Generator, seed: int) -> Sheet:
    """What the coordinates do that move the picture most, in eight images."""
    chosen = [int(i) for i in (-generator.movement(seed=seed)).argsort(kind="stable")[:SWEPT]]
    return Sheet(
        np.stack([generator.sweep(i, VALUES, seed=seed) for i in chosen], axis=1),
        columns=[f"{value:g}" for value in VALUES],
        groups=[f"z[{i}]" for i in chosen],
    )
