"""Check the fields of a file, so that nothing damaged gets further."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ganzoo.evaluate.measures import ALWAYS

LARGEST = 1e300
"""Largest number that is taken for a measurement."""

Check = Callable[[Any], bool]


def check(content: Mapping[str, Any]) -> None:
    """Raise ValueError, which names the field, where `content` is not that of an evaluation.

    Fields that only an evaluation of a model has may be missing.
    """
    check_fields(content, FIELDS, OPTIONAL)
    if missing := [name for name in ALWAYS if name not in content["scores"]]:
        raise ValueError(f"it has no {', '.join(missing)}")


def check_fields(content: Any, fields: Mapping[str, Check], optional: Collection[str] = ()) -> None:
    """Raise ValueError, which names the field, where `content` does not hold what `fields` say."""
    if not isinstance(content, dict):
        raise ValueError(f"it has no fields, but is {content!r:.60}")
    if unknown := content.keys() - fields.keys():
        raise ValueError(f"it has {min(unknown)!r:.60}, which this ganzoo does not know")
    for name, holds in fields.items():
        if name not in content and name not in optional:
            raise ValueError(f"it has no '{name}'")
        if name in content and not holds(content[name]):
            raise ValueError(f"its '{name}' is {content[name]!r:.60}")


def text(value: Any) -> bool:
    """Whether the value is text that can be written: half of a surrogate pair cannot."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def whole(least: float = 0) -> Check:
    """Return a check for a whole number that is not below `least`."""
    return lambda value: type(value) is int and least <= value < LARGEST


def number(value: Any) -> bool:
    """Whether the value is a number that can be calculated with."""
    return type(value) in {int, float} and abs(value) < LARGEST  # NaN is not less


def or_none(holds: Check) -> Check:
    """Return a check for None, or for what `holds`."""
    return lambda value: value is None or holds(value)


def _each(holds: Check) -> Check:
    """Whether the value has texts as its keys, and all values hold."""
    return lambda value: (
        isinstance(value, dict) and all(text(k) and holds(v) for k, v in value.items())
    )


def _has(**fields: Check) -> Check:
    """Whether the value has all these fields, and they hold."""
    return lambda value: (
        isinstance(value, dict)
        and all(n in value and holds(value[n]) for n, holds in fields.items())
    )


def _score(value: Any) -> bool:
    return _has(value=number)(value) and _each(or_none(number))(value)


def _pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(number, value))


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(text, value))


def options(value: Any) -> bool:
    """Whether the value has names, as the options of a plugin do."""
    return isinstance(value, dict)


FIELDS: dict[str, Check] = {
    "model": text,
    "sha256": text,
    "step": or_none(whole()),
    "samples_seen": or_none(whole()),
    "against": _has(
        name=text, source=options, split=text, note=text, training_images=whole(),
        fingerprint=text,
    ),
    "features": _has(
        name=text, package=text, version=text, options=options, sha256=text, note=text
    ),
    "images": whole(1),
    "seed": whole(-LARGEST),
    "scores": _each(_score),
    "ceiling": text,
    "classes": _each(_pair),
    "remarks": _texts,
    "seconds": number,
    "versions": _each(text),
    "sheets": _each(text),
}  # fmt: skip
"""What holds for each field of the file."""
OPTIONAL = {"step", "samples_seen", "seconds", "versions", "sheets"}
