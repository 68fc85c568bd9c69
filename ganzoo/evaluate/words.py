"""What an evaluation means, in sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.evaluate.measures import IMAGES, number

if TYPE_CHECKING:
    from ganzoo.evaluate.evaluation import Evaluation, Kind

NEAR_ZERO = 0.02
"""Largest precision, recall and coverage of pictures that are far from all real ones."""
AROUND = ("precision", "recall", "coverage")
"""Measures that are about 0 for such pictures."""
RARE = 0.2
"""Share of its real frequency below which a class is called rare."""
COUNTED = 20
"""Real pictures of a class from which on its share is more than chance."""
NAMED = 5
"""Most classes that a sentence names; the table beside it has all."""
COPIED = 3.0
"""Standard errors by which the copies must be more than the floor before they are named."""


def meaning(evaluation: Evaluation) -> list[str]:
    """Return what the numbers say, one sentence each."""
    found = [_distance(evaluation)]
    if blind(evaluation):
        found.append(
            "Even of real pictures, precision to coverage are about 0: the data repeats itself, or "
            "the features hardly vary. They tell nothing."
        )
    elif far(evaluation):
        found.append(
            "No picture is near a real one: precision to coverage are about 0, and tell nothing. "
            "KID and the SWD can still tell which of two models is nearer."
        )
    else:
        found += _plausible(evaluation)
    if rare := [
        name
        for name, (share, real) in evaluation.classes.items()
        if real * evaluation.images >= COUNTED and share < RARE * real
    ]:
        many = len(rare) > NAMED
        what = f"{len(rare)} of the {len(evaluation.classes)} classes" if many else _listed(rare)
        found.append(f"It hardly draws {what}.")
    found += _copies(evaluation)
    if evaluation.images < IMAGES:
        found.append(
            "With fewer images a Fréchet distance is larger, and precision and density of bad "
            f"pictures change much: compare them only with others of {evaluation.images:,}. KID "
            "has no such bias."
        )
    return [*found, *evaluation.remarks]


def repeat(evaluation: Evaluation) -> list[str]:
    """Return what is needed to get the same numbers again, and how long it took."""
    of, real = evaluation.features, evaluation.against
    step = "" if evaluation.step is None else f", step {evaluation.step:,}"
    weights = f" ({evaluation.sha256[:12]})" if evaluation.sha256 else ""
    versions = ", ".join(" ".join(pair) for pair in evaluation.versions.items())
    count = f"{evaluation.images:,}"
    return [
        f"pictures: {count} of seed {evaluation.seed}, {evaluation.model}{step}{weights}",
        f"real: {count} of {real['name']}, {real['split']} ({real['fingerprint'][:12]})"
        + (f", {real['note']}" if real.get("note") else ""),
        f"features: {of['name']} {of['version']} of {of['package']} ({of['sha256'][:12]})"
        + (f", {of['note']}" if of["note"] else ""),
        f"{versions}; it took {evaluation.seconds:.0f} s",
    ]


def brief(evaluation: Evaluation, newer: int | None = None, data: str | None = None) -> str:
    """Return the Fréchet distance of how many pictures: `5.31 of 10,000 (patches)`.

    In brackets is what is not as usual. Usual are the features of a classifier, and real images of
    `data` where that is given. `newer` is the step of newer weights of the model, if there
    are any: then the step that was judged is unusual. Two of these cannot always be compared, even
    if both are as usual: see `ganzoo.evaluate.ranking.kinds`.
    """
    of, real = evaluation.features["name"], evaluation.against["name"]
    unusual = [
        *([of] if of != "classifier" else []),
        *([f"against {real}"] if data not in {None, real} else []),
        *([f"step {evaluation.step:,}"] if newer is not None else []),
    ]
    distance = f"{number(evaluation['frechet'])} of {evaluation.images:,}"
    return distance + (f" ({', '.join(unusual)})" if unusual else "")


def about(kind: Kind) -> str:
    """Return by what pictures of a kind were judged, in words without a full stop."""
    features, real, images = kind
    return f"{images} pictures each, against as many real images of {real}, by {features}"


def far(evaluation: Evaluation) -> bool:
    """Return whether the pictures are so far from the real ones that no real one is around any."""
    return all(evaluation[n] <= NEAR_ZERO for n in AROUND)


def blind(evaluation: Evaluation) -> bool:
    """Return whether even real pictures have nothing around them, as where the data repeats."""
    floors = [evaluation.scores[n].floor for n in AROUND]
    return all(floor is not None and floor <= NEAR_ZERO for floor in floors)


def _distance(evaluation: Evaluation) -> str:
    """Return where the Fréchet distance is between floor and ceiling."""
    score = evaluation.scores["frechet"]
    text = f"The Fréchet distance of {evaluation.images:,} pictures is {number(score.value)}"
    if score.floor is not None:
        text += f", of real pictures {number(score.floor)}"
    if score.ceiling is not None:
        text += f", of {evaluation.ceiling} {number(score.ceiling)}"
    if score.ceiling is not None and score.value > score.ceiling:
        return f"{text}: it is farther from real pictures than what was never trained."
    return f"{text}."


def _plausible(evaluation: Evaluation) -> list[str]:
    """Return whether its pictures look real, and whether they are as varied as real ones."""
    precision, recall = evaluation["precision"], evaluation["recall"]
    coverage = evaluation["coverage"]
    untrained = evaluation.scores["precision"].ceiling
    if untrained is not None and untrained >= precision:
        return [
            f"{precision:.0%} of its pictures lie among real ones, but so do {untrained:.0%} of "
            f"{evaluation.ceiling}: that tells nothing. {coverage:.0%} of the real ones have a "
            "picture close to them."
        ]
    return [
        f"{precision:.0%} of its pictures lie among real ones, and {recall:.0%} of the real ones "
        f"lie among its pictures; {coverage:.0%} of the real ones have a picture close to them."
    ]


def _copies(evaluation: Evaluation) -> list[str]:
    """Return whether it copies training pictures, in one sentence, if that was measured."""
    score = evaluation.scores.get("copies")
    if score is None or score.floor is None:
        return []
    margin = COPIED * (score.error or 0.0)
    real = evaluation.against["name"]
    if score.value > max(2 * score.floor, score.floor + margin):
        return [
            f"{score.value:.1%} of the pictures that were looked at are nearly training pictures "
            f"of {real}, and of other real ones {score.floor:.1%} are: look at the nearest ones."
        ]
    return [
        f"Pixel by pixel, it shows no sign of copying training pictures of {real}; moved or "
        "mirrored copies are not looked for."
    ]


def _listed(names: list[str]) -> str:
    """Return names with commas, and "and" before the last."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
