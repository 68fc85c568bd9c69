"""Open features for a data set, and remember what was measured on the same images before."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.data import Images, open_splits
from ganzoo.errors import PluginError
from ganzoo.evaluate.contract import check_model
from ganzoo.evaluate.features import FeatureModel, Features, Pixels, digest
from ganzoo.evaluate.judging import Judge, Value
from ganzoo.evaluate.measures import MEASURES, OF_CLASSES
from ganzoo.evaluate.sets import Real
from ganzoo.storage import cache_folder, read_checked, write_checked
from ganzoo.zoo import registry
from ganzoo.zoo.catalogue import features as installed
from ganzoo.zoo.catalogue import find
from ganzoo.zoo.guard import guarded
from ganzoo.zoo.registry import Loaded

MEASURED = "1"  # change it when the same pictures would get other numbers
MOST_CLASSES = 200
"""Classes up to which labels are taken for classes: sub-folders may only divide many images."""


@dataclass(frozen=True)
class Opened:
    """Features that are ready to use, and the plugin that they are of."""

    loaded: Loaded[Features]
    model: FeatureModel

    def describe(self) -> dict[str, Any]:
        """Return what an evaluation records of them."""
        return {
            **self.loaded.describe(),
            "version": self.loaded.value.version,
            "sha256": self.model.sha256,
            "note": self.model.note,
        }


def open_features(
    name: str | None, images: Images, options: Mapping[str, Any] | None = None
) -> Opened:
    """Open the features called `name` for the data set of `images`, which may train them.

    By default they are those of a classifier where the images have labels, and of patches where
    they have none. Raises PluginError where the plugin is unknown or broken, DataError where the
    images are not what it needs.
    """
    name = name or _default(images)
    loaded = registry.load(find(installed(), name), options or {}, Features)
    with registry.blame(loaded.entry):
        with guarded(loaded.entry.label, "opened"):
            model = loaded.value.open(images)
        if not isinstance(loaded.value.version, str):
            raise PluginError("its version is no text")
        return Opened(loaded, check_model(model))


def _default(images: Images) -> str:
    """Return the features for a data set where nobody names any; log why its labels are no help."""
    why = images.no_labels
    if images.labels is not None:
        count = len(np.unique(images.labels))
        if 2 <= count <= MOST_CLASSES:
            return "classifier"
        why = f"they are of {count:,} class{'' if count == 1 else 'es'}, not of 2 to {MOST_CLASSES}"
    if why:
        logging.getLogger("ganzoo").warning(
            "the labels of %s are not used, and the features are 'patches': %s", images.name, why
        )
    return "patches"


def open_judge(
    data: str,
    data_options: Mapping[str, Any],
    shape: tuple[int, int, int],
    images: int,
    *,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    before: Callable[[Real], None] = lambda real: None,
) -> tuple[Judge, Opened]:
    """Open the real images of a data set, as `shape` (C, H, W), and features to compare them by.

    Returns a judge of `images` pictures, or of fewer where there are not as many real ones.
    `before` gets the real images before the features are opened, which may train for minutes. It
    may raise.
    """
    splits = open_splits(data, shape, options=data_options, skip_bad=skip_bad)
    real = Real.choose(splits, images)
    before(real)
    opened = open_features(features, splits.train, options)
    return judge_of(real, opened), opened


def judge_of(real: Real, opened: Opened) -> Judge:
    """Return a judge that compares by these features; its messages name the plugin."""
    return Judge(real, opened.model, opened.loaded.entry.label)


def remembered(
    judge: Judge, what: str, batches: Callable[[], Iterable[Pixels]]
) -> dict[str, Value]:
    """Return the measures of the set that `batches` yields; `what` tells it from other sets.

    The numbers are kept in the cache: floors and ceilings are measured once.
    """
    splits = judge.real.splits
    held_back = splits.test.fingerprint if splits.test else ""
    key = digest(
        MEASURED,
        judge.name,  # of the plugin, its package and version
        judge.yardstick,
        *judge.model.classes,
        splits.train.fingerprint,
        held_back,
        what,
    )
    file = cache_folder() / "evaluations" / f"{key[:32]}.json"
    try:
        needed = MEASURES.keys() - (set() if judge.model.classes else OF_CLASSES)
        return _values(read_checked(file)["values"], needed)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        logging.getLogger("ganzoo").warning(
            "%s is not what was written, and what it told of is measured anew", file
        )
    values = judge.judge(judge.look(batches())).values
    with suppress(OSError):  # it is only a cache
        write_checked(file, {"values": values})
    return values


def _values(kept: Any, needed: Set[str]) -> dict[str, Value]:
    """Return the measures in a cached file; raise ValueError or TypeError where it is damaged.

    It is also damaged where one of the `needed` measures is missing.
    """
    found = {name: (value, error) for name, (value, error) in kept.items()}
    for value, error in found.values():
        if type(value) is not float or not math.isfinite(value):
            raise ValueError("a measure is no number")
        if error is not None and not math.isfinite(error):
            raise ValueError("an error is no number")
    if not needed <= found.keys():
        raise ValueError("a measure is missing")
    return found
