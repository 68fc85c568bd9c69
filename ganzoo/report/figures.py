"""The figures of a run as files in one folder: charts, sheets, and the networks as a graph."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.draw.pictures import SUFFIXES
from ganzoo.errors import OutputError, UsageError, reason
from ganzoo.printable import caption
from ganzoo.report import colours, curves, gallery, judgements, plotting
from ganzoo.report.curves import Chart
from ganzoo.runs.finding import Words, as_run
from ganzoo.runs.folder import Run
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from ganzoo.report.network.drawing import NetworkDrawing

_log = logging.getLogger("ganzoo")
PLOTS = "plots"
"""The folder of a run in which its figures are, unless you say otherwise."""
PICTURES = {*SUFFIXES, ".jpg"}


def write(
    run: Run | Words,
    folder: Path,
    kind: str = "png",
    *,
    title: str = "",
    smooth: bool = True,
    dark: bool = False,
    snapshots: str | None = None,
    everything: bool = False,
) -> list[Path]:
    """Write a run's charts, its strip, and what it draws beside real images, into a folder.

    Each is a "png", "svg" or "pdf", and `title` names the model in it. `snapshots` is a list of
    epochs, or "all", for one sheet more: see `gallery.snapshot_sheet`. With `everything` that sheet
    is there anyway, and so are the latest sample grid, the chart of the evaluations, where there
    are two, and the networks as a graph. Returns the paths; logs what could not be drawn.

    Raises UsageError for another `kind`, and OutputError for a folder that has a picture's name.
    """
    if f".{kind}" not in SUFFIXES:
        raise UsageError(f"kind must be png, svg or pdf, not '{kind}'", "kind")
    if folder.suffix.lower() in PICTURES and not folder.is_dir():
        raise OutputError(f"'{folder}' is to be a folder of pictures: leave {folder.suffix} out")
    run, theme = as_run(run), colours.DARK if dark else colours.LIGHT
    charts = curves.charts(run)
    sheets = {name: sheet.draw() for name, sheet in gallery.pictures(run, title).items()}
    if snapshots is not None or everything:
        epochs = "all" if snapshots is None else snapshots
        sheets["snapshots"] = gallery.snapshot_sheet(run, epochs, title=title)
    if everything:
        sheets["grid"] = gallery.latest(run, title=title)
        charts += [chart for chart in (judgements.chart(run),) if chart]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in charts:
        path, content = folder / f"{chart.name}.{kind}", b""
        base = colours.LIGHT if kind == "svg" else theme
        with plotting.or_remark(chart):
            drawn = plotting.draw(_titled(chart, title), base, smooth=smooth)
            content = plotting.encoded(drawn, path, theme)
        if content:
            write_whole(path, content)
            written.append(path)
    for name, picture in sheets.items():
        written.append(folder / f"{name}.{kind}")
        picture.save(written[-1])
    if everything and (graph := _graph(run, title)):
        written.append(folder / f"graph.{kind}")
        graph.save(written[-1])
    return written


def _titled(chart: Chart, title: str) -> Chart:
    return replace(chart, title=f"{caption(title)}: {chart.title}") if title else chart


def _graph(run: Run, title: str) -> NetworkDrawing | None:
    """Return the networks of a run as a graph; None and a remark where it cannot be drawn."""
    made = run.facts().architecture
    try:
        from ganzoo.report.network import of_architecture

        title = title or run.path.resolve().name
        return of_architecture.draw(title, made.qualified, made.options, _log.warning)
    except Exception as error:
        _log.warning("the graph of %s cannot be drawn: %s", made.qualified, reason(error))
        return None
