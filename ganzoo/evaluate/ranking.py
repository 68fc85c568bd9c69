"""Which evaluations can be compared, and in which order they then stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ganzoo.evaluate.evaluation import Evaluation

Group = dict[str, Evaluation]
"""Evaluations by the name of what was judged; all can be compared, and the best comes first."""


def ranked(judged: Mapping[str, Evaluation]) -> list[Group]:
    """Return groups of evaluations that can be compared; `judged` has one for each name.

    The largest group comes first, of equal ones that of most images; in a group the smallest
    Fréchet distance comes first.
    """
    kinds = Counter(evaluation.kind for evaluation in judged.values())
    images = {evaluation.kind: evaluation.images for evaluation in judged.values()}
    order = sorted(kinds, key=lambda kind: (-kinds[kind], -images[kind], kind))
    names = sorted(judged, key=lambda name: distance(judged[name]))
    return [{n: judged[n] for n in names if judged[n].kind == kind} for kind in order]


def distance(evaluation: Evaluation) -> float:
    """Return the Fréchet distance, infinity where it was not measured."""
    return evaluation["frechet"] if "frechet" in evaluation.scores else math.inf


def best_of(several: Sequence[Evaluation]) -> tuple[Evaluation, list[Evaluation]]:
    """Return the evaluation with the smallest Fréchet distance, and those that are as good.

    As good are those whose distance is larger by at most two of its standard errors. All must be
    comparable.
    """
    best, *others = sorted(several, key=lambda evaluation: evaluation["frechet"])
    limit = best["frechet"] + 2 * (best.scores["frechet"].error or 0.0)
    return best, [evaluation for evaluation in others if evaluation["frechet"] <= limit]
