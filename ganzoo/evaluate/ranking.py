"""Which evaluations can be compared, and in which order they then stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from ganzoo.evaluate.evaluation import Evaluation, Kind

Group = dict[str, Evaluation]
"""Evaluations by the name of what was judged; all can be compared, and the best comes first."""

Name = TypeVar("Name", bound=Hashable)


def ranked(judged: Mapping[Name, Evaluation]) -> list[dict[Name, Evaluation]]:
    """Return groups of evaluations that can be compared; `judged` has one for each name.

    They are in the order of `ordered_kinds`; in a group the smallest Fréchet distance comes first.
    """
    names = sorted(judged, key=lambda name: judged[name]["frechet"])
    return [
        {name: judged[name] for name in names if judged[name].kind == kind}
        for kind in ordered_kinds(judged.values())
    ]


def kinds(several: Iterable[Evaluation]) -> dict[Kind, str]:
    """Return a mark for each kind of evaluation, where there is more than one: `[1]`, `[2]`.

    Distances with the same mark can be compared. Marks are in the order of `ordered_kinds`.
    """
    order = ordered_kinds(several)
    marks = {kind: f"[{place}]" for place, kind in enumerate(order, start=1)}
    return marks if len(marks) > 1 else {}


def ordered_kinds(several: Iterable[Evaluation]) -> list[Kind]:
    """Return the kinds of evaluations: the most frequent first, of equal ones that of most images.

    All that divide evaluations into kinds take this order, so that the first is everywhere the
    same.
    """
    found = [(evaluation.kind, evaluation.images) for evaluation in several]
    counts, images = Counter(kind for kind, _ in found), dict(found)
    return sorted(counts, key=lambda kind: (-counts[kind], -images[kind], kind))


def best_of(several: Sequence[Evaluation]) -> tuple[Evaluation, list[Evaluation]]:
    """Return the evaluation with the smallest Fréchet distance, and those that are as good.

    As good are those whose distance is larger by at most two of its standard errors. All must be
    comparable.
    """
    best, *others = sorted(several, key=lambda evaluation: evaluation["frechet"])
    limit = best["frechet"] + 2 * (best.scores["frechet"].error or 0.0)
    return best, [evaluation for evaluation in others if evaluation["frechet"] <= limit]
