"""The classes of an architecture, and those of the images that it is to be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganzoo.architecture import Architecture
from ganzoo.data import Images
from ganzoo.errors import DataError
from ganzoo.runs.filling import filled, takes
from ganzoo.runs.job import Say
from ganzoo.zoo.registry import Loaded


def with_classes(
    loaded: Loaded[Architecture],
    given: Mapping[str, Any],
    images: Images,
    say: Say = lambda remark: None,
) -> Loaded[Architecture]:
    """Return the architecture for the classes of `images`; `given` are the options of the user.

    If the plugin has an option `classes`, a number, that the user leaves alone, it is that of the
    data's classes. Calls `say` where there are classes without images. Raises DataError where the
    networks want labels, or the user asked for an architecture that is `conditional`, and there are
    none, all the same, or of another number of classes.
    """
    found = len(images.classes)
    if found and takes(loaded, given, "classes"):
        loaded = filled(loaded, "classes", found)
    wanted, name = loaded.value.classes, loaded.entry.name
    asked = bool(loaded.options.get("conditional")) and "conditional" in given
    if (wanted or asked) and images.labels is None:
        why = images.no_labels or images.to_label
        needs = "needs labels" if wanted else "needs labels to be conditional"
        raise DataError(f"{name} {needs}, and {images.name} has none: {why}", "data")
    if not wanted or images.labels is None:
        return loaded
    if wanted != found:
        hint = f"train it on data of {wanted}, with data=PATH"
        if "classes" in given:
            hint = "leave its option classes out, and it takes those of the data"
        both = f"{name} has {_counted(wanted)}, and {images.name} has {found}"
        raise DataError(f"{both}{_numbered_from(images)}: {hint}", "data")
    counts = np.bincount(images.labels, minlength=found)
    if np.count_nonzero(counts) < 2:
        of = images.classes[int(counts.argmax())]
        raise DataError(
            f"{name} tells classes apart, and all images of {images.name} are of the class {of}: "
            "add images of another, or train an architecture without classes"
        )
    if empty := [images.classes[label] for label in np.flatnonzero(counts == 0)]:
        named = "; ".join(empty[:5]) + (f" and {len(empty) - 5:,} more" if len(empty) > 5 else "")
        say(
            f"{images.name} has no images of {len(empty):,} of its {_counted(found)} ({named}): "
            "what will be drawn of them means nothing"
        )
    return loaded


def _counted(classes: int) -> str:
    """Return a number of classes in words."""
    return f"{classes:,} class{'' if classes == 1 else 'es'}"


def _numbered_from(images: Images) -> str:
    """Return a remark on labels that do not begin with 0, as is usual in some places."""
    lowest = 0 if images.labels is None else int(images.labels.min())
    return f" (its labels are from {lowest} on, and ganzoo counts from 0)" if lowest else ""
