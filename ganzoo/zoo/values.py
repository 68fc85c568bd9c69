"""Check the values that a stranger's JSON may hold; each function raises some error or returns it.

Whoever reads the file catches TypeError, ValueError, AttributeError and OverflowError.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.printable import line

MAX_WORDS = 200
"""Most characters of a name."""
MAX_WHOLE = 2**30
"""Largest number of pixels, channels or bytes."""


def word(value: Any) -> str:
    """Return a text of one line, without what steers a terminal."""
    if not isinstance(value, str) or len(value) > MAX_WORDS:
        raise ValueError(value)
    return line(value)


def whole(value: Any) -> int:
    """Return a whole number of at least 1."""
    if type(value) is not int or not 1 <= value <= MAX_WHOLE:
        raise ValueError(value)
    return value


def number(value: Any) -> float:
    """Return a finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def numbers(found: Mapping[str, Any]) -> dict[str, float]:
    """Return finite numbers by name."""
    return {word(key): number(value) for key, value in found.items()}


def scalar(value: Any) -> Any:
    """Return a text, a truth value, a number or null."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int:
        number(value)
        return value
    return word(value) if isinstance(value, str) else number(value)


def one_of(words: Sequence[str], value: Any) -> str:
    """Return one of the words."""
    if value not in words:
        raise ValueError(value)
    return str(value)


def file_name(value: Any, suffix: str) -> str:
    """Return the name of a file that lies beside the JSON."""
    name = word(value)
    if Path(name).name != name or not name.endswith(suffix):
        raise ValueError(name)
    return name


def sha256(value: Any) -> str:
    """Return a hash in hex."""
    if not re.fullmatch("[0-9a-f]{64}", word(value)):
        raise ValueError(value)
    return str(value)
