"""`ganzoo.evaluate`: how good a model's pictures are, between real ones and untrained ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ganzoo.api.evaluating.evaluator import Evaluator
from ganzoo.api.evaluating.subjects import Spec, Subject, of_torch, subject
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import IMAGES
from ganzoo.runs.checkpoints import Checkpoints
from ganzoo.runs.finding import Found, Words, find_run, runs_folder
from ganzoo.zoo import catalogue


def evaluate(
    model: Words | None = None,
    *,
    against: Words | None = None,
    data_options: Mapping[str, Any] | None = None,
    images: int = IMAGES,
    seed: int = 0,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    device: str = "auto",
    runs: Words | None = None,
) -> Evaluation:
    """Return how good a model's pictures are; the same as `ganzoo eval`.

    `model` is what `ganzoo.load` takes, or a folder, zip or npz of pictures that another program
    drew; the default is the latest run. `against` is a registered data set (`data_options` are its
    options) or a path; the default is what the model was trained on. Its test split is used where
    it has one, otherwise one half of it. With `skip_bad`, real images that cannot be read are left
    out. `images` pictures are judged, or fewer where the data has not as many. `seed` decides which
    pictures are drawn. `features` is a name from `ganzoo list` (`options` are its options); the
    default is a classifier where the data has labels, and patches where it has none. A run, a
    checkpoint or weights are drawn on `device`. A run, or a checkpoint of it, keeps the result.

    Raises a `ganzoo.errors.GanzooError`: ModelFileError where there is no such model, DataError
    where there are fewer than 100 images or they do not fit, PluginError where the features are
    broken.
    """
    judged = subject(model, runs_folder(runs), device)
    spec = spec_of(judged, against, data_options)
    evaluator = Evaluator.open(
        judged, spec, images, features, options, seed=seed, skip_bad=skip_bad
    )
    return evaluator.evaluate(judged, seed)


def evaluate_checkpoints(
    run: Words | None = None,
    *,
    against: Words | None = None,
    data_options: Mapping[str, Any] | None = None,
    images: int = IMAGES,
    seed: int = 0,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    device: str = "auto",
    runs: Words | None = None,
) -> Iterator[Evaluation]:
    """Yield an evaluation for each checkpoint of a run that is kept, the oldest first.

    The parameters are those of `evaluate`. All of them draw the same latents.
    """
    opened = find_run(run, runs_folder(runs))
    evaluator, newest_first = None, [*Checkpoints(opened.path / "checkpoints").newest_first()]
    if not newest_first:
        raise ModelFileError(f"{opened.path} has no checkpoint yet")
    for path in reversed(newest_first):
        judged = of_torch(Found("checkpoint", path), device)
        if evaluator is None:
            spec = spec_of(judged, against, data_options)
            evaluator = Evaluator.open(
                judged, spec, images, features, options, seed=seed, skip_bad=skip_bad
            )
        yield evaluator.evaluate(judged, seed)


def spec_of(judged: Subject, against: Words | None, options: Mapping[str, Any] | None) -> Spec:
    """Return the data set to judge against; raise UsageError where nothing says which it is."""
    if against is not None:
        return str(against), dict(options or {})
    registered = {entry.name for entry in catalogue.datasets()}
    from_file = judged.data is not None and not judged.fingerprint  # that knows only the name
    if judged.data is None:
        raise UsageError(
            f"{judged.name} does not say what its pictures should look like: name the real images "
            "with against=DATA", "against",
        )  # fmt: skip
    if from_file and judged.data[0] not in registered:
        raise UsageError(
            f"{judged.name} was trained on {judged.data[0]}, and does not say where that is: name "
            "the real images with against=PATH", "against",
        )  # fmt: skip
    name, known = judged.data
    return name, {**known, **(options or {})}
