"""Whether words name an architecture, or a run or file: for what takes both."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ganzoo.errors import ModelFileError
from ganzoo.runs.finding import Words, find
from ganzoo.zoo import catalogue


def is_place(what: Words, runs: Path) -> bool:
    """Return whether words name something on the disk, or could name nothing else."""
    name = os.fspath(what)
    return os.path.lexists(what) or (runs / name).is_dir() or os.sep in name


def is_architecture(what: Words, runs: Path, say: Callable[[str], None]) -> bool:
    """Return whether words name an architecture; call `say` where they name something else, too.

    A run or file of the same name is meant rather than the architecture. A folder that is no run is
    not: a plugin's code may lie in one.
    """
    name = os.fspath(what)
    known = [each for each in catalogue.architectures() if each.name == name.rpartition(":")[2]]
    if not known or not is_place(what, runs):
        return bool(known)
    try:
        found = find(what, runs)
    except ModelFileError:
        return True
    say(f"{found.path} is meant, not the architecture '{name}', which is {known[0].qualified}")
    return False


def architectures() -> list[str]:
    """Return the names of all architectures."""
    return [entry.name for entry in catalogue.architectures()]
