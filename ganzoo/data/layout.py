"""What the names of folders say about the images in them: the split, and the class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import PurePath
from typing import NamedTuple

from ganzoo.architecture import Dataset
from ganzoo.data.parts import Parts

TRAINING = ("train", "training")
HELD_BACK = ("test", "testing", "val", "valid", "validation")  # the first that is there


class Split(NamedTuple):
    """Some of the images: their indices, and the folder that each lies in."""

    indices: list[int]
    folders: list[str]  # "" for an image that lies in none


def arranged(paths: Sequence[PurePath], dataset: Callable[..., Dataset]) -> Parts:
    """Return the images at `paths`, in the order given, as their folders arrange them.

    Where there are both a folder train/ and a folder test/, the images below the first are trained
    on, and those below the second are held back. Where all images lie in two or more folders, these
    are the classes, in the order of their names. Folders that all images share do not matter.

    `dataset` makes a data set of some indices and the keywords `labels` and `classes`.
    """
    folders = [path.parts[:-1] for path in paths]
    shared = _shared(min(folders), max(folders))
    inside = [folder[shared:] for folder in folders]
    heads = Counter(folder[0] for folder in inside if folder)
    train = _named(heads, TRAINING)
    test = _named(heads, HELD_BACK) if train else None
    if not (train and test):
        whole = Split(list(range(len(paths))), [folder[0] if folder else "" for folder in inside])
        return Parts(_labelled(whole, _classes(whole), dataset))
    first, second = _below(inside, train), _below(inside, test)
    # A class has the same number in both.
    classes = _classes(first) and sorted({*first.folders, *second.folders} - {""})
    note = f"the images below {test}/ ({heads[test]:,})"
    if others := len(paths) - heads[train] - heads[test]:
        note += f"; {others:,} lie neither there nor below {train}/, and are not used"
    return Parts(
        _labelled(first, classes, dataset), lambda: _labelled(second, classes, dataset), note
    )


def _shared(first: tuple[str, ...], last: tuple[str, ...]) -> int:
    """Return how many folders two paths, and so all between them, have in common."""
    pairs = zip(first, last, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _named(heads: Counter[str], names: Sequence[str]) -> str | None:
    """Return the folder that has the first possible of `names`, in small or capital letters."""
    return next((head for name in names for head in heads if head.lower() == name), None)


def _below(inside: Sequence[tuple[str, ...]], head: str) -> Split:
    """Return the images below the folder `head`."""
    indices = [i for i, folder in enumerate(inside) if folder[:1] == (head,)]
    return Split(indices, [(*inside[i], "")[1] for i in indices])


def _classes(split: Split) -> list[str]:
    """Return the names of the classes: none where an image lies in no folder, or all in one."""
    names = set(split.folders)
    return sorted(names) if len(names) > 1 and "" not in names else []


def _labelled(split: Split, classes: list[str], dataset: Callable[..., Dataset]) -> Dataset:
    """Return the data set of a split, labelled where each of its images is of one of `classes`."""
    if not classes or "" in split.folders:
        return dataset(split.indices)
    number = {name: label for label, name in enumerate(classes)}
    labels = [number[folder] for folder in split.folders]
    return dataset(split.indices, labels=labels, classes=tuple(classes))
