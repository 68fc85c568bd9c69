"""Judge several models by the same real images and features."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from ganzoo.api.evaluating.subjects import Spec, Subject
from ganzoo.data import native_shape
from ganzoo.draw.pixels import Pixels, grid
from ganzoo.errors import DataError, UsageError
from ganzoo.evaluate.evaluation import Evaluation, Score
from ganzoo.evaluate.judging import Judge, Judged, Pictures
from ganzoo.evaluate.opening import Opened, open_judge, remembered
from ganzoo.evaluate.sets import FEWEST, Real
from ganzoo.runs import evaluations
from ganzoo.seeds import derive

TRIED = 8
"""Pictures that a model draws before the features are opened."""


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
        PluginError where the features are broken. The features may train for minutes, so what is
        wrong with the pictures of `seed` is found before: each file is read, and a model draws a
        few.
        """

        def look(real: Real) -> None:
            count = TRIED if judged.count is None else real.count
            height, width, channels = map(int, real.training.shape[1:])
            for _ in judged.batches(count, seed, (height, width, channels)):
                pass

        if images < FEWEST:
            raise UsageError(f"images must be at least {FEWEST}, not {images}", "images")
        if judged.count is not None and judged.count < FEWEST:
            there = f"{judged.name} has {judged.count} pictures"
            raise DataError(f"{there}, and at least {FEWEST} are needed for a judgement")
        judge, opened = open_judge(
            *spec, _shape(judged, spec), min(images, judged.count or images),
            features=features, options=options, skip_bad=skip_bad or judged.skip_bad, before=look,
        )  # fmt: skip
        return cls(judge, opened, images)

    def evaluate(self, judged: Subject, seed: int = 0) -> Evaluation:
        """Judge `judged`, write the result into its run, if it has one, and return it."""
        began = time.perf_counter()
        real, shape = self.judge.real, self.judge.real.training.shape[1:]
        height, width, channels = map(int, shape)
        pictures = self.judge.look(judged.batches(real.count, seed, (height, width, channels)))
        found = self.judge.judge(pictures)
        floor = remembered(self.judge, "floor", lambda: real.floor)
        floor |= self.judge.unseen
        ceiling, what = self._ceiling(judged)
        train, foreign = real.splits.train, self._is_foreign_to(judged)
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
            remarks=self._remarks(judged),
            seconds=round(time.perf_counter() - began, 2),
            versions={name: version(name) for name in ("ganzoo", "numpy", "onnxruntime")},
            pictures=_sheets(found, pictures, None if foreign else real.training),
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
        sheets = {name: str(folder / f"{name}.png") for name in evaluation.pictures}
        return replace(evaluation, sheets=sheets)

    def makes(self, known: Evaluation, judged: Subject, seed: int = 0) -> bool:
        """Return whether `evaluate` would give `known` again."""
        ours = (judged.sha256, seed, self.judge.yardstick)
        return ours == (known.sha256, known.seed, known.yardstick)

    def _is_foreign_to(self, judged: Subject) -> bool:
        """Return whether `judged` is known to be trained on other images than those here."""
        return judged.fingerprint not in {"", self.judge.real.splits.train.fingerprint}

    def _ceiling(self, judged: Subject) -> tuple[dict[str, Any], str]:
        """Return the measures of pictures that nothing was learned for, and what they are."""
        real = self.judge.real
        untrained = judged.untrained()
        if untrained is None:
            return remembered(self.judge, "noise", lambda: _noise(real)), "grey noise"
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

    def _remarks(self, judged: Subject) -> tuple[str, ...]:
        """Return what a reader should know of the real images."""
        real, found = self.judge.real, list[str]()
        if remark := self.opened.model.remark:
            found.append(remark)
        if real.splits.test is None:
            found.append(
                "No images are held back: the real ones are half of those that models are trained "
                f"on{f' ({real.splits.note})' if real.splits.note else ''}."
            )
        if self._is_foreign_to(judged):
            found.append("It was trained on other images, so copies of them are not looked for.")
        source = real.splits.train.source.get("options", {})
        known = [f"{n}={v}" for n, v in source.items() if n not in {"split", "download"}]
        if judged.data and not judged.fingerprint and known:
            found.append(
                f"Its file does not say with which options of {real.splits.train.name} it was "
                f"trained; the real images are those of {', '.join(known)}."
            )
        if real.count < self.asked:
            found.append(
                f"{self.asked:,} images were asked for, and there are {real.count:,} to compare."
            )
        return tuple(found)


def _shape(judged: Subject, spec: Spec) -> tuple[int, int, int]:
    """Return the shape (C, H, W) in which the real images are to be.

    Raises DataError where the pictures are not of the size that all real images have.
    """
    height, width = judged.size
    if judged.count is None:  # a model, which was trained on images of any size
        return judged.channels, height, width
    native = native_shape(*spec)
    if native.fixed and (native.height, native.width) != judged.size:
        raise DataError(
            f"the pictures of {judged.name} are {width}x{height}, and the images of {spec[0]} are "
            f"{native.width}x{native.height}: draw or save them in that size"
        )
    return min(judged.channels, native.channels), height, width


def _noise(real: Real) -> Iterator[Pixels]:
    """Yield as many pictures of grey noise as there are real images, batch by batch."""
    random = np.random.default_rng(derive(0, "evaluate/noise"))
    for batch in real.reference:
        yield random.integers(0, 256, batch.shape, np.uint8)


def _sheets(found: Judged, pictures: Pictures, training: Pixels | None) -> dict[str, Pixels]:
    """Return sheets of the best and worst pictures, and of those nearest to training images."""
    sheets = {
        name: grid(pictures.pixels[chosen], 8)[0]
        for name, chosen in (("best", found.best), ("worst", found.worst))
    }
    if training is not None:
        ours = pictures.pixels[[pair[0] for pair in found.pairs]]
        theirs = np.asarray(training[[pair[1] for pair in found.pairs]])
        sheets["nearest"] = grid(np.concatenate([ours, theirs]), len(found.pairs))[0]
    return sheets
