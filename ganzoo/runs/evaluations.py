"""The evaluations of a run, which are kept in its folder: a file of numbers, sheets of pictures."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ganzoo.draw.pixels import save_png
from ganzoo.errors import GanzooError, ModelFileError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.features import digest
from ganzoo.runs.checkpoints import CARD
from ganzoo.runs.folder import Run
from ganzoo.storage import write_whole

EVALUATIONS, NUMBERS = "evaluations", "evaluation.json"


def save(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation into the run's folder, over an older one of the same kind.

    The model card of the checkpoint whose weights were judged gets the numbers, too. Returns the
    evaluation's folder, which holds the numbers and a .png for each sheet.
    """
    of = evaluation.features
    kind = digest(of["sha256"], evaluation.against["fingerprint"], str(evaluation.images))
    name = f"step-{evaluation.step or 0:08d}-{of['name']}-{kind[:8]}-seed{evaluation.seed}"
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
    """Write into the model card of a checkpoint how good the pictures of its weights are.

    Of several evaluations it gets the one of most pictures, and of these the newest. It gets none
    of other weights, such as those without the moving average where a checkpoint has one.
    """
    from ganzoo.runs.card import with_judgement
    from ganzoo.runs.weights import load_weights  # it imports torch

    checkpoint = run.path / "checkpoints" / f"step-{evaluation.step or 0:08d}"
    try:
        text = (checkpoint / CARD).read_text()
        if load_weights(checkpoint).info.weights_sha256 != evaluation.sha256:
            return
    except (OSError, ValueError, GanzooError):  # without a checkpoint there is no card
        return
    same = [e for e, _ in saved(run) if (e.step, e.sha256) == (evaluation.step, evaluation.sha256)]
    if evaluation.images >= max((e.images for e in same), default=0):
        write_whole(checkpoint / CARD, with_judgement(text, evaluation).encode())
