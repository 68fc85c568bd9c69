"""What a report shows of a run's evaluations: numbers on bars, sentences, pictures, a chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.draw.pictures import Picture
from ganzoo.draw.pixels import from_file, to_pil
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.words import meaning, repeat
from ganzoo.report.curves import Chart, Curve
from ganzoo.report.html import image
from ganzoo.report.pace import distance_title, distances
from ganzoo.report.scales import bar
from ganzoo.runs import evaluations
from ganzoo.runs.folder import Run

CAPTIONS = {
    "best": "Pictures with the most real ones around them: what it draws best.",
    "worst": "Pictures with the fewest real ones around them: what goes wrong.",
    "nearest": "Are there copies? Above are the pictures that are nearest to a training image, by "
    "their pixels. Below each is that training image.",
}  # fmt: skip
"""The sheets of an evaluation by name, and what they show."""


def judgement(run: Run) -> dict[str, Any] | None:
    """Return what the template shows of the run's latest evaluation; None where there is none."""
    found = evaluations.latest(run)
    if found is None:
        return None
    evaluation, folder = found
    return {
        "of": evaluation,
        "about": evaluation_of(evaluation),
        "later": evaluations.newer_step(run, evaluation),
        "rows": rows(evaluation),
        "meaning": meaning(evaluation),
        "sheets": [
            {"caption": caption, "image": image(picture)}
            for name, caption in CAPTIONS.items()
            if (picture := _picture(folder / f"{name}.png"))
        ],
        "classes": shares(evaluation),
        "repeat": repeat(evaluation),
    }


def evaluation_of(evaluation: Evaluation) -> str:
    """Return which pictures were judged, against which real ones, and by what, in a sentence."""
    of, real = evaluation.features, evaluation.against
    step = "" if evaluation.step is None else f" of step {evaluation.step:,}"
    return (
        f"{evaluation.images:,} pictures{step}, judged against as many real images of "
        f"{real['name']} ({real['split']}), by the features of {of['name']} {of['version']}"
    )


def rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return a row for each measure: its numbers in words, and their places on a bar."""
    shown = {name: measure for name, measure in MEASURES.items() if name in evaluation.scores}
    return [
        {
            "title": title, "value": value, "error": error, "floor": floor, "ceiling": ceiling,
            "sees": sees, "bar": bar(evaluation.scores[name], measure), "better": measure.better,
        }
        for (name, measure), (title, value, error, floor, ceiling, sees) in zip(
            shown.items(), evaluation.rows(), strict=True
        )
    ]  # fmt: skip


def shares(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return, for each class, its shares as text, and as places on a bar from 0 to 100."""
    longest = max((max(pair) for pair in evaluation.classes.values()), default=0) or 1
    return [
        {
            "name": name, "share": f"{share:.1%}", "real": f"{real:.1%}",
            "place": round(100 * share / longest, 2), "real_place": round(100 * real / longest, 2),
        }
        for name, (share, real) in evaluation.classes.items()
    ]  # fmt: skip


def chart(run: Run) -> Chart | None:
    """Return the Fréchet distance over epochs, of evaluations that can be compared with the latest.

    None where fewer than two steps were judged so.
    """
    found = evaluations.latest(run)
    if found is None:
        return None
    same = {e.step: e for e, _ in evaluations.saved(run) if e.kind == found[0].kind}
    several = [e for e in same.values() if e.samples_seen is not None]
    if len(several) < 2:
        return None
    images = run.facts().data.images
    at = np.array([(e.samples_seen or 0) / images for e in several])
    values, errors = distances(several)
    return Chart(
        "evaluations",
        distance_title(found[0]),
        [Curve("Fréchet distance", at, values, errors)],
        up="Fréchet distance",
        logarithmic=True,
        few=True,
    )


def _picture(path: Path) -> Picture | None:
    """Return the picture in a file; None where it is not there or cannot be read."""
    try:
        return Picture(to_pil(from_file(path)))
    except OSError:
        return None
