"""Judge several models by the same real images and features."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from ganzoo.api.evaluating.fitting import require_enough, shape_of, try_out
from ganzoo.api.evaluating.remarks import is_foreign, remarks
from ganzoo.api.evaluating.subjects import Spec, Subject
from ganzoo.errors import DataError
from ganzoo.evaluate.evaluation import Evaluation, Score
from ganzoo.evaluate.judging import Judge, Judged
from ganzoo.evaluate.opening import Opened, open_judge, remembered
from ganzoo.evaluate.sheets import sheets
from ganzoo.runs import evaluations


@dataclass(frozen=True)
class Evaluator:
    """Real images and features, by which models are judged.

    `asked` is the number of images that the user asked for; there may be fewer.
    """

    judge: Judge
    opened: Opened
    asked: int

    @classmethod
    def open(
        cls,
        judged: Subject,
        spec: Spec,
        images: int,
        features: str | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
        skip_bad: bool = False,
    ) -> Evaluator:
        """Open the real images of `spec`, in the size of the pictures of `judged`, and features.

        `images` is how many pictures are to be judged. With `skip_bad`, images that cannot be read
        are left out. Raises UsageError and DataError where there are too few or they do not fit,
        PluginError where the features are broken. Pictures are tried first, because features may
        train for minutes: every file is read, and a model draws eight, by `seed`.
        """
        require_enough(judged, images)
        try:
            judge, opened = open_judge(
                *spec, shape_of(judged, spec), min(images, judged.count or images),
                features=features, options=options, skip_bad=skip_bad or judged.skip_bad,
                before=lambda real: try_out(judged, real, seed),
            )  # fmt: skip
        except DataError as error:
            if "against" not in error.fields:
                raise
            raise DataError(f"{error}; against=DATA names others", "against") from error
        return cls(judge, opened, images)

    def evaluate(self, judged: Subject, seed: int = 0) -> Evaluation:
        """Judge `judged`, write the result into its run, if it has one, and return it."""
        began = time.perf_counter()
        real, train = self.judge.real, self.judge.real.splits.train
        pictures = self.judge.look(judged.batches(real.count, seed, real.shape))
        found = self.judge.judge(pictures)
        floor = remembered(self.judge, "floor", lambda: real.floor)
        floor |= self.judge.unseen
        ceiling, what = self._ceiling(judged)
        foreign, warning = is_foreign(judged, train), self.opened.model.remark
        evaluation = Evaluation(
            model=judged.name,
            sha256=judged.sha256,
            step=judged.step,
            samples_seen=judged.samples_seen,
            against={
                "name": train.name,
                "source": train.source,
                "split": real.split,
                "note": real.splits.note,
                "training_images": len(train.pixels),
                "fingerprint": real.reference.images.fingerprint,
            },
            features=self.opened.describe(),
            images=real.count,
            seed=seed,
            scores={
                name: Score(
                    value=value,
                    error=error,
                    floor=floor[name][0],
                    ceiling=ceiling[name][0],
                )
                for name, (value, error) in found.values.items()
                if not (foreign and name == "copies")
            },
            ceiling=what,
            classes=self._classes(found),
            remarks=(*([warning] if warning else []), *remarks(judged, real, self.asked)),
            seconds=round(time.perf_counter() - began, 2),
            versions={name: version(name) for name in ("ganzoo", "numpy", "onnxruntime")},
            pictures=sheets(found, pictures, None if foreign else real.training),
        )
        if judged.run is None:
            return evaluation
        try:
            folder = evaluations.save(judged.run, evaluation)
        except OSError as error:  # the numbers took minutes, and are good without the files
            logging.getLogger("ganzoo").warning(
                "the evaluation is not kept in %s: %s", judged.run.path, error.strerror or error
            )
            return evaluation
        files = {name: str(folder / f"{name}.png") for name in evaluation.pictures}
        return replace(evaluation, sheets=files)

    def makes(self, known: Evaluation, judged: Subject, seed: int = 0) -> bool:
        """Return whether `evaluate` would give `known` again."""
        ours = (judged.sha256, seed, self.judge.yardstick)
        return ours == (known.sha256, known.seed, known.yardstick)

    def _ceiling(self, judged: Subject) -> tuple[dict[str, Any], str]:
        """Return the measures of pictures that nothing was learned for, and what they are."""
        real = self.judge.real
        untrained = judged.untrained()
        if untrained is None:
            return remembered(self.judge, "noise", real.noise), "grey noise"
        drawn = remembered(
            self.judge, f"untrained {untrained.sha256}", lambda: untrained.stream(real.count)
        )
        return drawn, "the untrained generator"

    def _classes(self, found: Judged) -> dict[str, tuple[float, float]]:
        """Return the share of each class in the pictures and in the real images."""
        if self.judge.classes is None:
            return {}
        pairs = zip(found.shares.items(), self.judge.classes.shares.tolist(), strict=True)
        return {name: (share, real) for (name, share), real in pairs}
