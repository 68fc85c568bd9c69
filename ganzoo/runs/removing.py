"""Remove runs, each as a whole: what is left of an interrupted removal looks like no run."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ganzoo.errors import OutputError
from ganzoo.runs.finding import Words, as_run
from ganzoo.runs.folder import REMOVED, Run
from ganzoo.runs.held import locked


def size(run: Run) -> int:
    """Return the bytes of all files in a run's folder; no link is followed."""
    total = 0
    for folder, _, names in os.walk(run.path):
        for name in names:
            with suppress(OSError):  # a training may remove it meanwhile
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def removable(run: Run | Words) -> Run:
    """Return a run that may be removed.

    Raises RunInUseError where it is being trained, and OutputError where its folder is a link: what
    that leads to may be somebody else's.
    """
    found = Run(Path(os.path.abspath(as_run(run).path)))
    if found.path.is_symlink():
        raise OutputError(
            f"{found.path} is a link to {os.readlink(found.path)}: remove it yourself"
        )
    with locked(found.path):
        return found


def remove(run: Run | Words) -> int:
    """Remove a run's folder and all that is in it; return how many bytes that were.

    The folder first gets a name that no command takes for a run's. What an interrupted removal has
    left is removed by the next one of that folder of runs. Raises as `removable` does.
    """
    found = removable(run)
    bytes_freed = size(found)
    beside = found.path.parent
    os.rename(found.path, beside / f".{found.path.name[:150]}-{secrets.token_hex(4)}{REMOVED}")
    for leftover in beside.glob(f".*{REMOVED}"):
        shutil.rmtree(leftover)
    return bytes_freed
