"""What the folders that images lie in say about them: the split, and the class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePath
from typing import NamedTuple

from ganzoo.architecture import Dataset
from ganzoo.data.dataset_json import NAME, LabelList
from ganzoo.data.parts import Parts

TRAINING = ("train", "training")
HELD_BACK = ("test", "testing", "val", "valid", "validation")  # the first that is there

Lists = Callable[[tuple[str, ...]], LabelList | None]
"""Function that returns the dataset.json in a folder, if there is one."""


@dataclass(frozen=True)
class Split:
    """Some of the images: their indices and paths, and how many folders stand above the classes."""

    indices: list[int]
    paths: list[tuple[str, ...]]
    above: int

    @property
    def folders(self) -> list[str]:
        """The class folder of each image; "" for one that lies in none."""
        return [(*path[self.above : -1], "")[0] for path in self.paths]


class Labels(NamedTuple):
    """Labels of a split and the names of their classes, or why there are none."""

    labels: list[int] | None
    classes: tuple[str, ...]
    why: str


def arranged(
    paths: Sequence[PurePath], dataset: Callable[..., Dataset], list_in: Lists = lambda _: None
) -> Parts:
    """Return the images at `paths`, in the order given, as their folders arrange them.

    Where there are both a folder train/ and a folder test/, the images below the first are trained
    on, and those below the second are held back. A dataset.json in a folder that all images of a
    part share lists their labels. Without one, where all images lie in two or more folders, these
    are the classes, in the order of their names. Folders that all images share do not matter.

    `dataset` makes a data set of some indices and the keywords `labels` and `classes`.
    """
    parts = [path.parts for path in paths]
    shared = len(_shared(parts))
    heads = Counter(path[shared] for path in parts if len(path) > shared + 1)
    train = _named(heads, TRAINING)
    test = _named(heads, HELD_BACK) if train else None
    if not (train and test):
        whole = Split(list(range(len(parts))), parts, shared)
        labels = _listed(whole, list_in) or _by_folder(whole, _classes(whole))
        images, why = _labelled(whole, labels, dataset)
        return Parts(images, no_labels=why)
    first, second = _below(parts, shared, train), _below(parts, shared, test)
    # A class has the same number in both.
    classes = _classes(first) and sorted({*first.folders, *second.folders} - {""})
    listed = _listed(first, list_in)
    note = f"the images below {test}/ ({heads[test]:,})"
    if others := len(paths) - heads[train] - heads[test]:
        note += f"; {others:,} lie neither there nor below {train}/, and are not used"

    def held_back() -> Dataset:
        labels = _listed(second, list_in) if listed else _by_folder(second, classes)
        return _labelled(second, labels or Labels(None, (), ""), dataset)[0]

    images, why = _labelled(first, listed or _by_folder(first, classes), dataset)
    return Parts(images, held_back, note, why)


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders that all `paths` have in common."""
    folders = [path[:-1] for path in paths]
    pairs = zip(min(folders), max(folders), strict=False)  # and so all between them
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _named(heads: Counter[str], names: Sequence[str]) -> str | None:
    """Return the folder that has the first possible of `names`, in small or capital letters."""
    return next((head for name in names for head in heads if head.lower() == name), None)


def _below(paths: Sequence[tuple[str, ...]], shared: int, head: str) -> Split:
    """Return the images below the folder `head`."""
    indices = [i for i, path in enumerate(paths) if path[shared:-1][:1] == (head,)]
    return Split(indices, [paths[i] for i in indices], shared + 1)


def _listed(split: Split, list_in: Lists) -> Labels | None:
    """Return what dataset.json says; None where there is none, or one that is about other things.

    It lies in a folder that all images of the split share.
    """
    shared = _shared(split.paths)
    above = (list_in(shared[:depth]) for depth in range(len(shared) + 1))
    found: dict[str, Labels] = {}
    for each in filter(None, above):
        files = ["/".join(path[len(each.inside) :]) for path in split.paths]
        try:
            if listed := each.labels(files):
                found["/".join((*each.inside, NAME))] = Labels(*listed, "")
        except ValueError as error:
            return Labels(None, (), str(error))
    if len(found) > 1:
        return Labels(None, (), f"it has both {' and '.join(found)}: remove one of them")
    return next(iter(found.values()), None)


def _classes(split: Split) -> list[str]:
    """Return the names of the classes: none where an image lies in no folder, or all in one."""
    names = set(split.folders)
    return sorted(names) if len(names) > 1 and "" not in names else []


def _by_folder(split: Split, classes: list[str]) -> Labels:
    """Return the labels where each image lies in the folder of one of `classes`."""
    folders = split.folders
    if classes and "" not in folders:
        number = {name: label for label, name in enumerate(classes)}
        return Labels([number[folder] for folder in folders], tuple(classes), "")
    count, alone = folders.count(""), ""
    if 0 < count < len(folders):
        first = "/".join(split.paths[folders.index("")])
        alone = (
            f"{count:,} of {len(folders):,} images lie in no class folder, first {first}: move "
            "them into one"
        )
    return Labels(None, (), alone)


def _labelled(split: Split, found: Labels, dataset: Callable[..., Dataset]) -> tuple[Dataset, str]:
    """Return the data set of a split with its labels, or why it has none if that is known."""
    if found.labels is None:
        return dataset(split.indices), found.why
    try:
        return dataset(split.indices, labels=found.labels, classes=found.classes), ""
    except ValueError as error:  # of a dataset.json, or there are too many folders
        how = f"correct its {NAME}, or the names of its folders"
        return dataset(split.indices), f"its labels cannot be used ({error}): {how}"
