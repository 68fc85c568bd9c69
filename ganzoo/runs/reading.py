"""Reads fields of parsed JSON: each has its type, and a text in it steers nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ganzoo.errors import ModelFileError
from ganzoo.printable import caption, line, lines, names

LONGEST = 40
"""Most digits of a whole number: products of a few such numbers are still what float can hold."""


def parsed(content: bytes | str) -> Any:
    """Return parsed JSON of a run; raise ValueError where it is none, or a number is too long."""
    return json.loads(content, parse_int=_whole)


def _whole(digits: str) -> int:
    if len(digits) > LONGEST:
        raise ValueError(f"it has a whole number of {len(digits):,} digits")
    return int(digits)


class Reading:
    """Reads fields of parsed JSON, and turns every error into a ModelFileError that says where."""

    def __init__(self, where: object) -> None:
        self.where = where

    def __enter__(self) -> Reading:
        return self

    def __call__(self, content: Any, name: str, kind: type, *default: Any) -> Any:
        """Return the field `name`, which must be a `kind`; `default` where it is not there.

        A text is a line that steers nothing: it may be a folder's name, or a stranger's.
        """
        if not isinstance(content, Mapping):
            raise TypeError("it has no fields")
        value = content.get(name, *default)
        if value is None and not default:
            raise KeyError(name)
        if not isinstance(value, kind) and value not in default:
            raise TypeError(f"'{name}' is {value!r:.50}")
        return line(value) if isinstance(value, str) else value

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            raise ModelFileError(
                f"{self.where} has no {error}: an older ganzoo wrote it, or it is damaged; its "
                "checkpoints can be exported, and `ganzoo train` begins a new run"
            ) from error
        if isinstance(error, TypeError | ValueError | AttributeError):
            raise ModelFileError(f"{self.where} is damaged: {caption(str(error))}") from error


def texts_by_name(found: dict[str, Any], name: str) -> dict[str, str]:
    """Return the texts of a table; raise ValueError, which names the field, where one is none."""
    texts([*found.values()], name)
    return dict(lines(found))


def optimizers(found: dict[str, Any], read: Reading) -> dict[str, dict[str, Any]]:
    """Return what is told of each optimizer; raise ValueError for betas that are no numbers."""
    for network in found:
        betas = read(read(found, network, dict), "betas", list, [])
        if not all(isinstance(beta, int | float) for beta in betas):
            raise ValueError(f"'betas' is {betas!r:.50}")
    return dict(lines(found))


def spreads(found: dict[str, Any], read: Reading) -> dict[str, dict[str, list[float]]]:
    """Return how weights spread, by network and kind of layer; raise ValueError for other data."""
    for network in found:
        for kind in (layers := read(found, network, dict)):
            numbers = read(layers, kind, list)
            if len(numbers) != 4 or not all(isinstance(n, int | float) for n in numbers):
                raise ValueError(f"'{kind}' is {numbers!r:.50}")
    return dict(lines(found))


def image_source(source: dict[str, Any], read: Reading) -> dict[str, Any]:
    """Return where images are from, which has a path, or all that names a data set."""
    if "path" in source:
        read(source, "path", str)
        read(source, "array", str, None)  # files of before there was it have none
    else:
        for name, kind in (("package", str), ("name", str), ("options", dict)):
            read(source, name, kind)
    return source


def class_names(classes: list[Any]) -> tuple[str, ...]:
    """Return the names of classes; raise ValueError where one is no text."""
    return names(texts(classes, "classes"))


def texts(found: list[Any], name: str) -> tuple[str, ...]:
    """Return the texts of a list; raise ValueError, which names the field, where one is none."""
    if not all(isinstance(each, str) for each in found):
        raise ValueError(f"'{name}' is {found!r:.50}")
    return tuple(found)


def count(content: Any, name: str, read: Reading) -> int:
    """Return the field `name`, of which there is at least 1; raise ValueError for another number.

    Others divide by it.
    """
    found: int = read(content, name, int)
    if isinstance(found, bool) or found < 1:
        raise ValueError(f"'{name}' is {found}")
    return found


def image_size(size: list[Any]) -> tuple[int, int, int]:
    """Return height, width and channels; raise ValueError for anything else."""
    if len(size) != 3 or not all(type(side) is int and side > 0 for side in size):
        raise ValueError(f"'size' is {size!r:.50}")
    height, width, channels = size
    return height, width, channels
