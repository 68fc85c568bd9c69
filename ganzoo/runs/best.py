"""Which checkpoint of a run draws best, by the evaluations of its training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import ModelFileError
from ganzoo.runs.checkpoints import Checkpoints, step_of
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.scores import best_step, evaluations


@dataclass(frozen=True)
class Best:
    """The best checkpoint of a run that is kept."""

    path: Path
    frechet: float
    better: tuple[int, float] | None
    """Step and Fréchet distance of a state that was better, but was not kept; None if none was."""


def best_checkpoint(run: Run) -> Best:
    """Return the checkpoint with the smallest Fréchet distance of those that are kept.

    Raises ModelFileError where none of them was judged; it says what to do.
    """
    judged = {int(entry["step"]): entry["frechet"] for entry in evaluations(run.lines(METRICS))}
    kept = {step_of(path): path for path in Checkpoints(run.path / "checkpoints").newest_first()}
    step = best_step(run.lines(METRICS), kept)
    if step is None:
        why = "its pictures were not judged while it was trained"
        if judged:
            why = "none of the checkpoints that were judged is kept"
        raise ModelFileError(
            f"{run.path} has no best checkpoint: {why}. Train with eval_every='1 epoch' and "
            "keep_best=True, or judge single checkpoints with `ganzoo eval`",
            "eval_every",
            "keep_best",
        )
    first = min(judged, key=lambda step: judged[step])
    better = (first, judged[first]) if judged[first] < judged[step] else None
    return Best(kept[step], judged[step], better)
