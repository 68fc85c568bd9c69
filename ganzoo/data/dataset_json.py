"""StyleGAN's dataset.json: a file beside images that lists a label for each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

NAME = "dataset.json"
# A list of other things may take thirty times as much memory. ImageNet's has 60 bytes an image.
MOST_BYTES, MORE_BYTES = 10_000_000, 500
"""Size that a list may have, and how much more for each image."""


@dataclass(frozen=True)
class LabelList:
    """A file dataset.json: the folders that it lies in, its size, and how to read it."""

    inside: tuple[str, ...]
    size: int
    read: Callable[[], bytes]

    def labels(self, files: Sequence[str]) -> tuple[list[int], tuple[str, ...]] | None:
        """Return a label for each of `files`, paths from its folder, and the names of the classes.

        Return None where it is no list of labels at all. It is an object with "labels": pairs of
        a file and an integer, or an object of these, or null where there are none. "classes" may
        name the classes. What it lists besides `files` does not matter. Raises ValueError, which
        says why there are no labels and what to do.
        """
        if self.size > (most := MOST_BYTES + MORE_BYTES * len(files)):
            raise ValueError(
                f"its {NAME} is larger than {most:,} bytes: let it list these images alone"
            )
        content = self._content()
        if "labels" not in content:
            return None
        if content["labels"] is None:
            raise ValueError(
                f'its {NAME} says "labels": null: list a label for each image there, or remove it '
                "and put the images of each class into a folder of its own"
            )
        known = _by_file(content["labels"])
        names = [_plain(file) for file in files]
        if missing := [file for file in names if file not in known]:
            raise ValueError(
                f"its {NAME} has no label for {len(missing):,} of {len(names):,} images, first "
                f"{missing[0]}: list theirs as well, or take these images out"
            )
        labels = [known[file] for file in names]
        for file, label in zip(names, labels, strict=True):
            if type(label) is not int:
                raise ValueError(
                    f"its {NAME} has {json.dumps(label):.40} for {file}, and a label is one "
                    "integer from 0 on: list the number of its class"
                )
        classes = content.get("classes")
        return labels, tuple(classes) if isinstance(classes, list) else ()

    def _content(self) -> dict[str, Any]:
        """Return the fields of the object in the file: none where it is no object."""
        try:
            # Objects become tuples of pairs: then a file that is in one twice is seen.
            found = json.loads(self.read(), object_pairs_hook=tuple)
        except Exception as error:  # a damaged zip raises whatever it likes, deep JSON a recursion
            raise ValueError(
                f"its {NAME} is damaged ({error}): make it anew, or remove it"
            ) from error
        return dict(found) if isinstance(found, tuple) else {}


def _by_file(entries: Any) -> dict[str, Any]:
    """Return the label of each file that is listed; raise ValueError where one has two."""
    if not isinstance(entries, list | tuple):
        raise ValueError(f'"labels" of its {NAME} must be a list of pairs [file, label]')
    known: dict[str, Any] = {}
    for entry in entries:
        if not (isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[0], str)):
            raise ValueError(
                f"its {NAME} has the entry {json.dumps(entry):.40}, which is no pair [file, label]"
            )
        file, label = _plain(entry[0]), entry[1]
        if known.setdefault(file, label) != label:
            raise ValueError(
                f"its {NAME} has {json.dumps(known[file]):.40} and {json.dumps(label):.40} for "
                f"{file}: remove one of them"
            )
    return known


def _plain(file: str) -> str:
    """Return a path with slashes, as Windows' programs may not have written it."""
    return file.replace("\\", "/").removeprefix("./")
