"""The charts of a comparison: a quantity in each, and a curve of it for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganzoo.report.curves import GAPS, Chart, Curve, curve, diversity
from ganzoo.report.words import Entries
from ganzoo.runs.facts import Facts
from ganzoo.runs.quantities import EVEN

UNEQUAL = 3
"""Ratio of the longest run to the shortest from which on the axis of epochs is logarithmic."""

Told = tuple[str, Facts, Entries]
"""Of a run: its name, its facts, and the lines of its metrics.jsonl."""


def common_charts(runs: Sequence[Told]) -> list[Chart]:
    """Return a chart for each quantity; a run has the same colour in all of them.

    Only what can be compared shares an axis. Binary cross-entropy near 0.7 and a Wasserstein loss
    near -5 say nothing about each other, so each kind of loss has charts of its own. A critic's
    scores are no probabilities, so they have no chart, only their gap: it is the Wasserstein
    estimate where the objective is such a one. Charts without any measurement are left out.
    """
    found = _losses(runs)
    for name, title in (("d_real", "D(x)"), ("d_fake", "D(G(z))")):
        curves = [_curve(run, name, run[1].scores == "logits") for run in runs]
        found.append(_chart(name, title, curves, limits=(0, 1), lines={0.5: ""}, up="probability"))
    for name, title in GAPS.items():
        found.append(
            _chart(name, title, [_curve(run, name) for run in runs], lines={0: ""}, up="difference")
        )
    curves = [_curve(run, "diversity") for run in runs]
    found.append(diversity(curves, long=_unequal(curves)))
    return [chart for chart in found if any(len(curve.values) for curve in chart.curves)]


def _losses(runs: Sequence[Told]) -> list[Chart]:
    """Return two charts for each kind of loss, with the value where D cannot tell images apart."""
    by_kind = dict[str, list[Told]]()
    for run in runs:
        by_kind.setdefault(_kind(run[1]), []).append(run)
    charts = list[Chart]()
    for number, (kind, of_kind) in enumerate(by_kind.items()):
        for letter, network in (("D", "discriminator"), ("G", "generator")):
            formulas = [facts.losses.get(network, "") for _, facts, _ in of_kind]
            name = f"loss_{letter.lower()}"
            charts.append(
                _chart(
                    f"{name}-{number}" if number else name,
                    f"Loss of {letter}: {kind}" if len(by_kind) > 1 else f"Loss of {letter}",
                    [_curve(run, name, _kind(run[1]) == kind) for run in runs],
                    lines=dict(EVEN[formula] for formula in formulas if formula in EVEN),
                    up="loss",
                )
            )
    return charts


def _kind(facts: Facts) -> str:
    """Return what kind of loss a run had, in a few words."""
    return facts.losses.get("words", "").partition(",")[0] or f"that of {facts.architecture.name}"


def _curve(run: Told, name: str, counts: bool = True) -> Curve:
    """Return what a run measured of a quantity, or nothing where it does not count."""
    label, facts, lines = run
    return curve(lines if counts else [], name, facts, label)


def _chart(name: str, title: str, curves: Sequence[Curve], **more: Any) -> Chart:
    return Chart(name, title, curves, long=_unequal(curves), **more)


def _unequal(curves: Sequence[Curve]) -> bool:
    """Return whether the longest of some curves would leave the shortest no room on an axis."""
    ends = [float(curve.at[-1]) for curve in curves if len(curve.at)]
    return bool(ends) and max(ends) > UNEQUAL * min(ends) > 0
