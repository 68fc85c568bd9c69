"""Judge the checkpoints of a comparison, each once."""

from __future__ import annotations

import json

from ganzoo.api.bench.plan import Plan
from ganzoo.api.evaluating.evaluate import spec_of
from ganzoo.api.evaluating.evaluator import Evaluator
from ganzoo.api.evaluating.subjects import of_torch
from ganzoo.data import count_images
from ganzoo.errors import DataError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.sets import require_enough
from ganzoo.runs import evaluations
from ganzoo.runs.finding import Found
from ganzoo.runs.folder import Run
from ganzoo.runs.laps import Finish


def require_images(plan: Plan) -> None:
    """Raise DataError where `plan.data` has too few images: all of the training would be in vain.

    What else is wrong with the data is found when it is opened.
    """
    if plan.data is None:
        return
    try:
        name, train, held_back = count_images(plan.data)
    except DataError:
        return
    require_enough(name, train, held_back)


class Judges:
    """The evaluations of checkpoints; each kind of real images and features is opened once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.opened: dict[object, Evaluator] = {}

    def evaluation(self, run: Run, finish: Finish) -> Evaluation | None:
        """Return the evaluation of a lap's checkpoint; None where there is no checkpoint.

        It is only made where the run has none of the same weights. Raises a GanzooError where that
        fails; a DataError where the run was trained on other images than there are now.
        """
        checkpoint = finish.checkpoint(run)
        if not checkpoint.exists():
            return None
        judged = of_torch(Found("checkpoint", checkpoint), self.plan.device)
        spec = spec_of(judged, None, None)
        kind = (judged.size, judged.channels, json.dumps(spec))
        if kind not in self.opened:
            plan = self.plan
            self.opened[kind] = Evaluator.open(judged, spec, plan.images, plan.features)
        evaluator = self.opened[kind]
        train = evaluator.judge.real.splits.train
        if judged.fingerprint != train.fingerprint:
            raise DataError(
                f"it was trained on other images of {train.name} than there are now: remove "
                f"{run.path.parent}, and it is trained anew"
            )
        for known, _ in evaluations.saved(run):
            if known.step == finish.step and evaluator.makes(known, judged):
                return known
        return evaluator.evaluate(judged)
