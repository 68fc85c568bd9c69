"""Which class a word means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganzoo.errors import UsageError

MOST_NAMED = 20
"""Classes that a message names."""


def number_of(label: str | int, classes: Sequence[str]) -> int:
    """Return the number of the class that is called `label`, or has this number.

    A name may be written in any case, and a number as a text; a text that is both is the name.
    Raises UsageError, which names the classes, where there is none, or where it could be several.
    """
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    wanted = str(label).casefold()
    if isinstance(label, str):
        found = [number for number, name in enumerate(classes) if name.casefold() == wanted]
        if len(found) > 1:
            both = _named(found[:MOST_NAMED], classes)
            raise UsageError(f"{label!r} could be each of {both}: write it as there", "label")
        if found:
            return found[0]
    if wanted.isdecimal() and len(wanted) < 20 and int(wanted) < len(classes):
        return int(wanted)
    last = len(classes) - 1
    known = _named(range(min(MOST_NAMED, len(classes))), classes)
    more = f", … {_named([last], classes)}" if last >= MOST_NAMED else ""
    raise UsageError(f"there is no class {str(label)!r:.42}: choose of {known}{more}", "label")


def _named(numbers: Iterable[int], classes: Sequence[str]) -> str:
    """Return numbers of classes with the beginnings of their names."""
    return ", ".join(f"{number} {classes[number]:.40}" for number in numbers)
