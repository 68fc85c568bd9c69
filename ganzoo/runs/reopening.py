"""Open the images that a run was begun with again, or say how they are others now."""

from __future__ import annotations

from ganzoo.architecture import Architecture
from ganzoo.data import Images
from ganzoo.data.npz import FIRST
from ganzoo.errors import DataError
from ganzoo.runs.facts import Data, Facts
from ganzoo.runs.job import Preparing, open_data
from ganzoo.train.world import World
from ganzoo.zoo.registry import Loaded


def same_images(
    facts: Facts,
    moved: str | None,
    loaded: Loaded[Architecture],
    world: World,
    preparing: Preparing,
) -> Images:
    """Return the images that the run was begun with; raise DataError where they are others now."""
    spec, options = facts.data.spec()
    if moved and moved not in (spec, facts.data.source.get("name")):
        spec, options = moved, {}
    skip_bad = bool(facts.data.skipped)
    images = open_data(spec, loaded.value.image_shape, options, skip_bad, world, preparing)
    spec = spec.removesuffix(f":{FIRST}")  # from here on for readers
    if images.fingerprint != facts.data.fingerprint:
        raise DataError(
            f"the images in '{spec}' are not the {facts.data.images:,} that the run was begun "
            f"with: say where those are with data=PATH, or begin a new run with `ganzoo train`"
            f"{_now_held_back(facts, images)}",
            "data",
        )
    if others := _other_labels(facts.data, images):
        raise DataError(
            f"the images in '{spec}' {others}: say where those of the run are with data=PATH, or "
            "begin a new run with `ganzoo train`",
            "data",
        )
    wanted = loaded.value.classes
    if wanted and wanted != len(images.classes):
        raise DataError(
            f"{loaded.entry.name} is now of {wanted:,} classes, and the run was begun with "
            f"{len(images.classes):,}: install the plugin of then, or begin a new run with "
            "`ganzoo train`"
        )
    return images


def _now_held_back(facts: Facts, images: Images) -> str:
    """Return what to say of a run that an early ganzoo began on a test split as well."""
    if not images.held_back or "split" in facts.data.source:
        return ""
    return (
        f". Not among the {len(images.pixels):,} images are now {images.held_back}. To train on "
        "them too, give the folders other names"
    )


def _other_labels(begun: Data, images: Images) -> str:
    """Return how labels are others than a run was begun with; "" where it had the same or none."""
    if not begun.labels:
        return ""
    if images.labels is None:
        return f"have no labels any more ({images.no_labels or images.to_label})"
    if images.classes != begun.classes:
        now, then = ("; ".join(names) for names in (images.classes, begun.classes))
        return f"are of other classes ({now:.100}) than the run was begun with ({then:.100})"
    return "" if images.labels_sha256 == begun.labels else "have other labels than at the beginning"
