"""Which class a word means."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.errors import UsageError

MOST_NAMED = 20
"""Classes that a message names."""


def number_of(label: str | int, classes: Sequence[str]) -> int:
    """Return the number of the class that is called `label`, or has this number.

    A name may be written in any case, and a number as a text; a text that is both is the name.
    Raises UsageError, which names the classes, where there is none.
    """
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    if not isinstance(label, str) and 0 <= label < len(classes):
        return int(label)
    wanted, names = str(label).casefold(), [name.casefold() for name in classes]
    if isinstance(label, str) and wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(names):
        return int(wanted)
    known = ", ".join(f"{number} {name}" for number, name in enumerate(classes[:MOST_NAMED]))
    more = f", … {len(names) - 1} {classes[-1]}" if len(names) > MOST_NAMED else ""
    raise UsageError(f"there is no class {str(label)!r}: choose of {known}{more}", "label")
