"""Check what a file says of an evaluation, so that nothing damaged gets further."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.evaluate.measures import ALWAYS

LARGEST = 1e300
"""Largest number that is taken for a measurement."""

Check = Callable[[Any], bool]


def check(content: Mapping[str, Any]) -> None:
    """Raise ValueError, which names the field, where `content` is not that of an evaluation.

    Fields that only an evaluation of a model has may be missing.
    """
    if unknown := content.keys() - FIELDS.keys():
        raise ValueError(f"it has '{min(unknown)}', which this ganzoo does not know")
    for name, holds in FIELDS.items():
        if name not in content and name not in OPTIONAL:
            raise ValueError(f"it has no '{name}'")
        if name in content and not holds(content[name]):
            raise ValueError(f"its '{name}' is {content[name]!r:.60}")
    if missing := [name for name in ALWAYS if name not in content["scores"]]:
        raise ValueError(f"it has no {', '.join(missing)}")


def _text(value: Any) -> bool:
    """Whether the value is text that can be written: half of a surrogate pair cannot."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def _whole(least: float = 0) -> Check:
    return lambda value: type(value) is int and least <= value < LARGEST


def _number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) < LARGEST  # NaN is not less


def _or_none(holds: Check) -> Check:
    return lambda value: value is None or holds(value)


def _each(holds: Check) -> Check:
    """Whether the value has texts as its keys, and all values hold."""
    return lambda value: (
        isinstance(value, dict) and all(_text(k) and holds(v) for k, v in value.items())
    )


def _has(**fields: Check) -> Check:
    """Whether the value has all these fields, and they hold."""
    return lambda value: (
        isinstance(value, dict)
        and all(n in value and holds(value[n]) for n, holds in fields.items())
    )


def _score(value: Any) -> bool:
    return _has(value=_number)(value) and _each(_or_none(_number))(value)


def _pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_number, value))


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_text, value))


def _options(value: Any) -> bool:
    return isinstance(value, dict)


FIELDS: dict[str, Check] = {
    "model": _text,
    "sha256": _text,
    "step": _or_none(_whole()),
    "samples_seen": _or_none(_whole()),
    "against": _has(
        name=_text, source=_options, split=_text, note=_text, training_images=_whole(),
        fingerprint=_text,
    ),
    "features": _has(
        name=_text, package=_text, version=_text, options=_options, sha256=_text, note=_text
    ),
    "images": _whole(1),
    "seed": _whole(-LARGEST),
    "scores": _each(_score),
    "ceiling": _text,
    "classes": _each(_pair),
    "remarks": _texts,
    "seconds": _number,
    "versions": _each(_text),
    "sheets": _each(_text),
}  # fmt: skip
"""What holds for each field of the file."""
OPTIONAL = {"step", "samples_seen", "seconds", "versions", "sheets"}
