"""What a table and a program are told of a run, whether or not its files can be read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ModelFileError
from ganzoo.runs import quantities
from ganzoo.runs.folder import METRICS
from ganzoo.storage import megabytes
from ganzoo.tables import Table

if TYPE_CHECKING:
    from ganzoo.api.run import TrainedRun

LOSSES, DISTANCE = "loss D, G", "Fréchet distance"
SUMMARY = (
    "outcome", "epochs", "images seen", LOSSES, "size", DISTANCE, "last numbers",
)  # fmt: skip
"""What a table says of each run."""


def summary(run: TrainedRun) -> Table:
    """Return, in words, what `SUMMARY` lists."""
    from ganzoo.report import words

    found = Table(dict.fromkeys(SUMMARY, "-"))
    found["outcome"], found["size"] = run.outcome, megabytes(run.size)
    try:
        facts, lines = run.facts, run.folder.lines(METRICS)
        numbers = words.last_numbers(facts, lines)
        found["images seen"] = f"{words.images_seen(run.folder):,}"
        found["epochs"] = words.epochs(run.folder)
    except ModelFileError as error:
        found["last numbers"] = str(error)
        return found
    found[DISTANCE] = _distance(run, facts.data.name)
    if told := [numbers[name] for name in quantities.LOSSES.values() if name in numbers]:
        found[LOSSES] = ", ".join(told)
    found["last numbers"] = ", ".join(f"{name} {value}" for name, value in numbers.items())
    return found


def to_json(run: TrainedRun) -> dict[str, Any]:
    """Return what `TrainedRun.to_json` says."""
    from ganzoo.report import words
    from ganzoo.runs.evaluations import latest

    found: dict[str, Any] = {"name": run.name, "path": str(run.path)}
    found |= {"outcome": run.outcome, "architecture": None, "data": None, "samples_seen": None}
    found |= {"epochs": None, "bytes": run.size, "last": {}}
    with suppress(ModelFileError):
        facts = run.facts
        found |= {"architecture": facts.architecture.qualified, "data": facts.data.name}
        seen = words.images_seen(run.folder)
        found |= {"samples_seen": seen, "epochs": seen / facts.data.images}
    with suppress(ModelFileError):
        lines = run.folder.lines(METRICS)
        found["last"] = {name: value for line in lines for name, value in line.items()}
    evaluation = latest(run.folder)
    return found | {"evaluation": evaluation and evaluation[0].to_json()}


def _distance(run: TrainedRun, data: str) -> str:
    """Return the Fréchet distance of the latest evaluation, or of the last one in training.

    Returns "-" where there is neither.
    """
    from ganzoo.evaluate.measures import number
    from ganzoo.evaluate.words import brief
    from ganzoo.runs.evaluations import latest, newer_step
    from ganzoo.runs.scores import evaluations

    found = latest(run.folder)
    if found is None:
        *_, last = [None, *evaluations(run.folder.lines(METRICS))]
        if last is None:
            return "-"
        return f"{number(last['frechet'])} of {last.get('eval_images', 0):,.0f} (in training)"
    return brief(found[0], newer_step(run.folder, found[0]), data)
