"""The evaluations of a run, which are kept in its folder: a file of numbers, sheets of pictures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ganzoo.draw.pixels import save_png
from ganzoo.errors import ModelFileError
from ganzoo.evaluate.evaluation import Evaluation, Kind
from ganzoo.runs.checkpoints import CARD, Checkpoints, step_of
from ganzoo.runs.folder import Run
from ganzoo.storage import read_regular, write_whole

EVALUATIONS, NUMBERS = "evaluations", "evaluation.json"


def save(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation of what a checkpoint shows into the run's folder.

    An older one of the same kind is replaced. The checkpoint's model card gets the numbers, too.
    Returns the evaluation's folder, which holds the numbers and a .png for each sheet. Raises
    OSError where they cannot be written, as where somebody has removed the run.
    """
    (run.path / EVALUATIONS).mkdir(exist_ok=True)  # not the folder of the run
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
    return _read(run)[0]


def damaged(run: Run) -> list[str]:
    """Return a line for each evaluation of a run that is left out, because it is damaged."""
    return _read(run)[1]


def _read(run: Run) -> tuple[list[tuple[Evaluation, Path]], list[str]]:
    """Return the evaluations of a run by step, and why others are left out."""
    found, lines = list[tuple[Evaluation, Path]](), list[str]()
    for file in sorted(run.path.glob(f"{EVALUATIONS}/*/{NUMBERS}")):
        try:
            found.append((Evaluation.read(file), file.parent))
        except ModelFileError as error:
            lines.append(f"{error}; it is left out: remove it, and `ganzoo eval` judges again")
    return sorted(found, key=lambda pair: pair[0].step or 0), lines


def latest(run: Run) -> tuple[Evaluation, Path] | None:
    """Return the evaluation that stands for a run, with its folder; None where there is none.

    It is of the latest step that was judged, and of several the one of most pictures.
    """
    return chosen([run])[0]


def of_weights(run: Run, sha256: str, step: int) -> Evaluation | None:
    """Return the evaluation of the generator with this hash; None where it was not judged.

    A generator that collapsed may have the same weights at many steps: then it is the evaluation of
    `step`, if there is one. Of several it is the one of most pictures.
    """
    found = [evaluation for evaluation, _ in saved(run) if evaluation.sha256 == sha256]
    return min(found, key=lambda e: (e.step != step, _place(e)), default=None)


def chosen(runs: Sequence[Run]) -> list[tuple[Evaluation, Path] | None]:
    """Return the evaluation that stands for each run beside the others, with its folder.

    It is of the latest step of the run that was judged. Where that step was judged several times,
    it is by the features, real images and number of images that most of `runs` were judged by; then
    the one of most pictures; then the one of the smallest seed.
    """
    newest = []
    for run in runs:
        several = saved(run)
        newest.append([pair for pair in several if pair[0].step == several[-1][0].step])
    counts = Counter(kind for several in newest for kind in {e.kind for e, _ in several})

    def place(pair: tuple[Evaluation, Path]) -> tuple[int, Place]:
        return -counts[pair[0].kind], _place(pair[0])

    return [min(several, key=place, default=None) for several in newest]


def newer_step(run: Run, evaluation: Evaluation) -> int | None:
    """Return the step of the run's newest checkpoint; None where it is none after `evaluation`."""
    newest = next(Checkpoints(run.path / "checkpoints").newest_first(), None)
    if newest is None or evaluation.step is None or step_of(newest) <= evaluation.step:
        return None
    return step_of(newest)


Place = tuple[int, Kind, int]


def _place(evaluation: Evaluation) -> Place:
    """Return what is smallest for the evaluation that stands for others of the same weights."""
    return -evaluation.images, evaluation.kind, evaluation.seed


def _tell(run: Run, evaluation: Evaluation) -> None:
    """Write into the model card of the checkpoint that was judged how good its pictures are.

    Of several evaluations it gets the one that the report shows: of most pictures, and of these the
    one of the smallest seed.
    """
    from ganzoo.runs.card import with_judgement  # it imports torch

    card = run.path / "checkpoints" / f"step-{evaluation.step or 0:08d}" / CARD
    try:
        text = read_regular(card).decode()
    except (OSError, ValueError):  # without a checkpoint there is no card
        return
    same = [e for e, _ in saved(run) if (e.step, e.sha256) == (evaluation.step, evaluation.sha256)]
    if _place(evaluation) <= min(map(_place, same), default=_place(evaluation)):
        write_whole(card, with_judgement(text, evaluation).encode())
