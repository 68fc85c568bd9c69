"""A data set in two parts: what is trained on, and what is held back to test with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ganzoo.architecture import Dataset
from ganzoo.errors import DataError


class Parts(NamedTuple):
    """What a source of images holds."""

    train: Dataset
    """The images to train on."""

    test: Callable[[], Dataset] | None = None
    """Function that opens the images that are held back; None where there are none."""

    note: str = "it has no test split"
    """Where the images that are held back are, or why there are none, in a few words."""

    no_labels: str = ""
    """What is there in place of labels of the images to train on, and why it is none."""

    to_label: str = "put the images of each class into a folder of its own"
    """What a user can do to give them labels."""

    left_out: str = ""
    """Which files or arrays are in neither part, with numbers; "" where none is."""

    array: str = ""
    """The array of an .npz that `train` is."""

    test_array: str = ""
    """The array of an .npz that `test` is."""


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn the ValueError of a `Dataset` that is made of a file into a DataError that names it."""
    try:
        yield
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
