"""Which evaluations can be compared, and in which order they then stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ganzoo.evaluate.evaluation import Evaluation

Group = dict[str, Evaluation]
"""Evaluations by the name of what was judged; all can be compared, and the best comes first."""


def ranked(candidates: Mapping[str, Sequence[Evaluation]]) -> list[Group]:
    """Return groups of evaluations that can be compared, one evaluation for each name that has any.

    A name may have several, of other features, real images or numbers of images. Those are chosen
    by which most names can be compared, then those of most images, then those of the latest step.
    The largest group comes first; in a group the smallest Fréchet distance comes first.
    """
    kinds = Counter(kind for several in candidates.values() for kind in {e.kind for e in several})
    images = {e.kind: e.images for several in candidates.values() for e in several}
    order = sorted(kinds, key=lambda kind: (-kinds[kind], -images[kind], kind))
    groups: dict[tuple[str, ...], Group] = {kind: {} for kind in order}
    for name, several in candidates.items():
        if several:
            kind = min((e.kind for e in several), key=order.index)
            same = [e for e in several if e.kind == kind]
            groups[kind][name] = max(same, key=lambda e: e.step or 0)
    found = [
        dict(sorted(group.items(), key=lambda pair: distance(pair[1])))
        for group in groups.values()
        if group
    ]
    return sorted(found, key=len, reverse=True)


def distance(evaluation: Evaluation) -> float:
    """Return the Fréchet distance, infinity where it was not measured."""
    return evaluation["frechet"] if "frechet" in evaluation.scores else math.inf
