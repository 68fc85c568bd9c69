"""In a comparison only what can be compared shares an axis."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from ganzoo.report.common_charts import Told, common_charts
from ganzoo.runs.folder import METRICS, Run

WASSERSTEIN = {
    "words": "Wasserstein",
    "discriminator": "E[D(G(z))] - E[D(x)]",
    "generator": "-E[D(G(z))]",
}


def test_each_kind_of_loss_has_charts_of_its_own(trained: Path) -> None:
    told = Run(trained)
    facts, lines = told.facts(), told.lines(METRICS)
    critic = replace(facts, losses=WASSERSTEIN, scores="other")
    odd = replace(facts, losses={}, scores="other")
    runs: list[Told] = [("a", facts, lines), ("b", critic, lines), ("c", facts, lines)]
    charts = {chart.title: chart for chart in common_charts([*runs, ("d", odd, lines)])}
    entropy, wasserstein = (
        charts["Loss of D: binary cross-entropy on logits"],
        charts["Loss of D: Wasserstein"],
    )
    drawn = [[c.label for c in chart.curves if len(c.values)] for chart in (entropy, wasserstein)]
    assert drawn == [["a", "c"], ["b"]]
    assert [c.label for c in wasserstein.curves] == ["a", "b", "c", "d"]  # each has its own colour
    assert (entropy.lines, wasserstein.lines) == ({2 * math.log(2): "2 ln 2"}, {})
    of_g = charts["Loss of G: binary cross-entropy on logits"]
    assert of_g.lines == {math.log(2): "ln 2"}
    assert list(of_g.curves[0].values) == [entry["loss_g"] for entry in lines if "loss_g" in entry]
    assert f"Loss of D: that of {odd.architecture.name}" in charts
    assert [len(c.values) > 0 for c in charts["D(x)"].curves] == [True, False, True, False]
    assert len({chart.name for chart in charts.values()}) == len(charts)  # ids in one page


def test_one_kind_of_loss_needs_no_name(trained: Path) -> None:
    told = Run(trained)
    facts, lines = told.facts(), told.lines(METRICS)
    titles = [c.title for c in common_charts([("a", facts, lines), ("b", facts, lines)])]
    assert titles[:4] == ["Loss of D", "Loss of G", "D(x)", "D(G(z))"]
