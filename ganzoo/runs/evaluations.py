"""The evaluations of a run, which are kept in its folder: a file of numbers, sheets of pictures."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ganzoo.draw.pixels import save_png
from ganzoo.errors import ModelFileError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs.checkpoints import CARD
from ganzoo.runs.folder import Run
from ganzoo.storage import write_whole

EVALUATIONS, NUMBERS = "evaluations", "evaluation.json"


def save(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation of what a checkpoint shows into the run's folder.

    An older one of the same kind is replaced. The checkpoint's model card gets the numbers, too.
    Returns the evaluation's folder, which holds the numbers and a .png for each sheet.
    """
    step, features = evaluation.step or 0, evaluation.features["name"]
    name = f"step-{step:08d}-{features}-{evaluation.yardstick[:8]}-seed{evaluation.seed}"
    folder = run.path / EVALUATIONS / name
    for sheet, pixels in evaluation.pictures.items():
        save_png(pixels, folder / f"{sheet}.png")
    write_whole(folder / NUMBERS, (json.dumps(evaluation.to_json(), indent=2) + "\n").encode())
    _tell(run, evaluation)
    return folder


def saved(run: Run) -> list[tuple[Evaluation, Path]]:
    """Return the evaluations of a run with their folders, by step; damaged ones are left out."""
    found = []
    for file in sorted(run.path.glob(f"{EVALUATIONS}/*/{NUMBERS}")):
        with suppress(ModelFileError):
            found.append((Evaluation.read(file), file.parent))
    return sorted(found, key=lambda pair: pair[0].step or 0)


def latest(run: Run) -> tuple[Evaluation, Path] | None:
    """Return the evaluation of the latest step, with most images; None where there is none."""
    return max(saved(run), key=lambda pair: (pair[0].step or 0, pair[0].images), default=None)


def _tell(run: Run, evaluation: Evaluation) -> None:
    """Write into the model card of the checkpoint that was judged how good its pictures are.

    Of several evaluations it gets the one of most pictures, and of these the newest.
    """
    from ganzoo.runs.card import with_judgement  # it imports torch

    card = run.path / "checkpoints" / f"step-{evaluation.step or 0:08d}" / CARD
    try:
        text = card.read_text()
    except (OSError, ValueError):  # without a checkpoint there is no card
        return
    same = [e for e, _ in saved(run) if (e.step, e.sha256) == (evaluation.step, evaluation.sha256)]
    if evaluation.images >= max((e.images for e in same), default=0):
        write_whole(card, with_judgement(text, evaluation).encode())
