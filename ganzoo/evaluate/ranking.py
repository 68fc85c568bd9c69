"""Which evaluations can be compared, and in which order they then stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

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
    names = sorted(judged, key=lambda name: judged[name]["frechet"])
    return [{n: judged[n] for n in names if judged[n].kind == kind} for kind in order]
