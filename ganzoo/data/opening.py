"""Open images in the shape that is wanted: those to train on, and those that are held back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ganzoo.architecture import Dataset
from ganzoo.data.cache import IMAGES
from ganzoo.data.decoding import require_size
from ganzoo.data.prepare import Images, Progress, prepare
from ganzoo.data.sources import Source, find
from ganzoo.errors import DataError
from ganzoo.printable import names
from ganzoo.storage import cache_folder
from ganzoo.zoo.guard import explained


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The images of a data set in two parts; a class has the same number in both."""

    train: Images
    """The images to train on, as `open_images` returns them."""

    test: Images | None
    """The images that are held back; None where there are none."""

    note: str
    """Where `test` comes from, or why there is none, in a few words to show to the user."""


class NativeShape(NamedTuple):
    """The size that the images of a data set have before they are cropped and resized."""

    channels: int
    height: int
    width: int
    fixed: bool
    """Whether all images are known to be of that size; otherwise it is that of the first."""


@contextmanager
def _room_asked() -> Iterator[None]:
    """Say of images that there is no memory for them: nothing is trained yet that takes any."""
    try:
        yield
    except MemoryError as error:
        raise DataError(
            "there is not enough memory to read the images: give fewer, or close other programs"
        ) from error


@_room_asked()
def open_images(
    spec: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    check_later: bool = False,
    progress: Progress = lambda done, total: None,
) -> Images:
    """Return the images that `spec` names, as `shape` (C, H, W), ready to train on.

    `spec` is a registered data set (`options` are its options), or a path: a folder or zip of
    images, a folder of IDX files, an .npz, or FILE.npz:ARRAY. If it could be both, it is the
    registered name; write ./name for the path. A test split is left out. Pixels from the cache are
    what was decoded: they are hashed first. With `check_later`, that is done while they are used,
    and `Images.settle` says what came of it. Raises DataError, which says what to do, if there are
    no images or some cannot be read.
    """
    source = find(spec, options or {})
    return _training(source, shape, skip_bad, progress, check_later)


@_room_asked()
def open_splits(
    spec: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    progress: Progress = lambda done, total: None,
) -> Splits:
    """Return the images that `spec` names, and those that are held back; see `open_images`.

    A registered data set holds back what its option `split` calls "test", where the annotation is a
    Literal that has this word. If these images are not on the machine, `test` is None and `note`
    says why. `progress` is told of each part by itself. Raises DataError also where the two parts
    have different classes.
    """
    source = find(spec, options or {})
    train = _training(source, shape, skip_bad, progress)
    note = source.parts.note
    if source.parts.test is None:
        return Splits(train=train, test=None, note=note)
    try:
        with source.blamed():
            dataset = source.parts.test()
    except DataError as error:
        if "path" in source.facts:
            raise
        return Splits(train=train, test=None, note=f"{note} cannot be had: {error}")
    test = _prepared(source, dataset, source.test_facts, shape, skip_bad, progress)
    return Splits(**_same_classes(train, test), note=note)


@_room_asked()
def native_shape(spec: str, options: Mapping[str, Any] | None = None) -> NativeShape:
    """Return the size of the images that `spec` names; see `open_images`.

    Raises DataError where there are none, or where an array holds images that are too small.
    """
    source = find(spec, options or {})
    images = source.parts.train.images
    if len(images) == 0:
        raise DataError("the data set is empty")
    with source.blamed(), explained("its image 0 cannot be read"):
        height, width, *channels = images[0].shape
    fixed = isinstance(images, np.ndarray)
    if fixed:
        require_size(height, width)
    return NativeShape(channels[0] if channels else 1, height, width, fixed)


@_room_asked()
def count_images(
    spec: str, options: Mapping[str, Any] | None = None
) -> tuple[str, int, int | None]:
    """Return the name of what `spec` names, and the numbers of images of both `Splits`.

    No image is decoded, so those that cannot be read count, too. Raises DataError where `spec`
    names nothing.
    """
    source, held_back = find(spec, options or {}), None
    if source.parts.test is not None:
        with suppress(DataError):  # as in `open_splits`
            held_back = len(source.parts.test().images)
    return source.name, len(source.parts.train.images), held_back


def _same_classes(train: Images, test: Images) -> dict[str, Images]:
    """Return both parts with the same names of classes; raise DataError where they contradict.

    Where classes have no names, the part with the highest label says how many there are.
    """
    if train.labels is None or test.labels is None:
        return {"train": train, "test": test}
    classes = max(train.classes, test.classes, key=len)
    for images in (train, test):
        if images.classes != classes[: len(images.classes)]:
            others = "; ".join(test.classes)
            raise DataError(
                f"{train.name}: the classes of its test split are others ({others:.100}) than "
                f"those of the training images ({'; '.join(train.classes):.100}): give both the "
                "same names, in the same order"
            )
    return {"train": replace(train, classes=classes), "test": replace(test, classes=classes)}


def _training(
    source: Source,
    shape: tuple[int, int, int],
    skip_bad: bool,
    progress: Progress,
    check_later: bool = False,
) -> Images:
    """Return the images to train on; those of a path say what of it was found to be held back."""
    parts = source.parts
    images = _prepared(source, parts.train, source.facts, shape, skip_bad, progress, check_later)
    found = parts.test is not None and "path" in source.facts
    return replace(
        images,
        held_back=parts.note if found else "",
        no_labels=parts.no_labels,
        to_label=parts.to_label,
        left_out=parts.left_out,
    )


def _prepared(
    source: Source,
    dataset: Dataset,
    facts: dict[str, Any],
    shape: tuple[int, int, int],
    skip_bad: bool,
    progress: Progress,
    check_later: bool = False,
) -> Images:
    """Return the images of one part of a data set."""
    with source.blamed():
        found = prepare(
            dataset, shape, cache=cache_folder() / IMAGES, of={"name": source.name, **facts},
            skip_bad=skip_bad, check_later=check_later, progress=progress,
        )  # fmt: skip
    return Images(
        name=source.name, source=facts, classes=names(dataset.classes), **found._asdict()
    )  # fmt: skip
