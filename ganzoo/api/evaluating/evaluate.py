"""`ganzoo.evaluate`: how good a model's pictures are, between real ones and untrained ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from ganzoo.api.evaluating.subjects import Spec, Subject, of_torch, subject
from ganzoo.data import native_shape, open_splits
from ganzoo.draw.pixels import Pixels, grid
from ganzoo.errors import DataError, UsageError
from ganzoo.evaluate.evaluation import Evaluation, Score
from ganzoo.evaluate.judging import Judge, Judged, Pictures
from ganzoo.evaluate.opening import Opened, judge_of, open_features, remembered
from ganzoo.evaluate.sets import FEWEST, Real
from ganzoo.runs import evaluations
from ganzoo.runs.checkpoints import Checkpoints
from ganzoo.runs.finding import Found, Words, find_run, runs_folder
from ganzoo.seeds import derive

IMAGES = 10_000
"""Pictures that are judged unless you say otherwise."""

Say = Callable[[str], None]
"""A function that is told what happens."""


def evaluate(
    model: Words | None = None,
    *,
    against: Words | None = None,
    data_options: Mapping[str, Any] | None = None,
    images: int = IMAGES,
    seed: int = 0,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    runs: Words | None = None,
    say: Say = lambda remark: None,
) -> Evaluation:
    """Return how good a model's pictures are; the same as `ganzoo eval`.

    `model` is what `ganzoo.load` takes, or a folder, zip or npz of pictures that another program
    drew; the default is the latest run. `against` is a registered data set (`data_options` are
    its options) or a path; the default is what the model was trained on. Its test split is used
    where it has one, otherwise one half of it. `images` pictures are judged, or fewer where the
    data has not as many. `seed` decides which pictures are drawn, `features` is a name from
    `ganzoo list` (`options` are its options). By default they are those of a classifier
    where the data has labels, and of patches where it has none. A model of a run, checkpoint or
    weights is drawn on `device`. The result is also written into the run's folder, if the model is
    of a run.

    Raises a `ganzoo.errors.GanzooError`: ModelFileError where there is no such model, DataError
    where there are fewer than 100 images or they do not fit, PluginError where the features are
    broken.
    """
    began = time.perf_counter()
    judged = subject(model, runs_folder(runs), device)
    bench = _bench(judged, _spec(judged, against, data_options), images, features, options, say)
    return bench.evaluate(judged, seed, began)


def evaluate_checkpoints(
    run: Words | None = None,
    *,
    against: Words | None = None,
    data_options: Mapping[str, Any] | None = None,
    images: int = IMAGES,
    seed: int = 0,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    runs: Words | None = None,
    say: Say = lambda remark: None,
) -> Iterator[Evaluation]:
    """Yield an evaluation for each checkpoint of a run that is kept, the oldest first.

    The parameters are those of `evaluate`. All of them draw the same latents.
    """
    opened = find_run(run, runs_folder(runs))
    bench = None
    for path in reversed([*Checkpoints(opened.path / "checkpoints").newest_first()]):
        began = time.perf_counter()
        judged = of_torch(Found("checkpoint", path), device)
        bench = bench or _bench(
            judged, _spec(judged, against, data_options), images, features, options, say
        )
        yield bench.evaluate(judged, seed, began)


@dataclass(frozen=True)
class _Bench:
    """Real images and features, by which several models can be judged."""

    spec: Spec
    judge: Judge
    opened: Opened
    asked: int

    def evaluate(self, judged: Subject, seed: int, began: float) -> Evaluation:
        """Judge `judged`, write the result into its run, if it has one, and return it."""
        real, shape = self.judge.real, self.judge.real.training.shape[1:]
        height, width, channels = map(int, shape)
        pictures = self.judge.look(judged.batches(real.count, seed, (height, width, channels)))
        found = self.judge.judge(pictures)
        floor = remembered(self.judge, "floor", lambda: real.floor)
        ceiling, what = self._ceiling(judged)
        train = real.splits.train
        evaluation = Evaluation(
            model=judged.name,
            sha256=judged.sha256,
            step=judged.step,
            samples_seen=judged.samples_seen,
            against={
                "name": train.name,
                "source": train.source,
                "split": real.split,
                "images": len(train.pixels),
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
            },
            ceiling=what,
            classes=self._classes(found),
            remarks=self._remarks(),
            seconds=round(time.perf_counter() - began, 2),
            versions={name: version(name) for name in ("ganzoo", "numpy", "onnxruntime")},
            pictures=_sheets(found, pictures, real),
        )
        if judged.run:
            evaluations.save(judged.run, evaluation)
        return evaluation

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
        real = self.judge.reference_shares
        return {name: (share, real[name]) for name, share in found.shares.items()}

    def _remarks(self) -> tuple[str, ...]:
        """Return what a reader should know of the numbers of images."""
        real = self.judge.real
        if real.count >= self.asked:
            return ()
        return (
            f"{self.asked:,} images were asked for, and there are {real.count:,} to compare with.",
        )


def _bench(
    judged: Subject,
    spec: Spec,
    images: int,
    features: str | None,
    options: Mapping[str, Any] | None,
    say: Say,
) -> _Bench:
    """Open the real images and the features by which `judged` is judged."""
    if images < FEWEST:
        raise UsageError(f"images must be at least {FEWEST}, not {images}", "images")
    if judged.count is not None and judged.count < FEWEST:
        raise DataError(f"{judged.name} has {judged.count} pictures: {FEWEST} at least are judged")
    splits = open_splits(spec[0], _shape(judged, spec), options=spec[1])
    real = Real.choose(splits, min(images, judged.count or images))
    opened = open_features(features, splits.train, options)
    return _Bench(spec, judge_of(real, opened), opened, images)


def _spec(judged: Subject, against: Words | None, options: Mapping[str, Any] | None) -> Spec:
    """Return the data set to judge against."""
    if against is not None:
        return str(against), dict(options or {})
    if judged.data is None:
        raise UsageError(
            f"{judged.name} does not say what its pictures should look like: name the real images "
            "with against=", "against",
        )  # fmt: skip
    name, known = judged.data
    return name, known | dict(options or {})


def _shape(judged: Subject, spec: Spec) -> tuple[int, int, int]:
    """Return the shape (C, H, W) in which the real images are to be.

    Raises DataError where the pictures are not of the size that all real images have.
    """
    height, width = judged.size
    if judged.channels is not None:
        return judged.channels, height, width
    native = native_shape(*spec)
    if native.fixed and (native.height, native.width) != judged.size:
        raise DataError(
            f"the pictures of {judged.name} are {width}x{height}, and the images of {spec[0]} are "
            f"{native.width}x{native.height}: draw or save them in that size"
        )
    return native.channels, height, width


def _noise(real: Real) -> Iterator[Pixels]:
    """Yield as many pictures of grey noise as there are real images, batch by batch."""
    random = np.random.default_rng(derive(0, "evaluate/noise"))
    for batch in real.reference:
        yield random.integers(0, 256, batch.shape, np.uint8)


def _sheets(found: Judged, pictures: Pictures, real: Real) -> dict[str, Pixels]:
    """Return sheets of the best and worst pictures, and of the nearest training pictures below."""
    sheets = {
        name: grid(pictures.pixels[chosen], 8)[0]
        for name, chosen in (("best", found.best), ("worst", found.worst))
    }
    if found.pairs:
        ours = pictures.pixels[[pair[0] for pair in found.pairs]]
        theirs = np.asarray(real.training[[pair[1] for pair in found.pairs]])
        sheets["nearest"] = grid(np.concatenate([ours, theirs]), len(found.pairs))[0]
    return sheets
