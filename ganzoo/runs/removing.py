"""Removes the folder of a run: all of it, and nothing else.

A folder that is on its way out lies one level deeper than runs do, below `.removing-…`. No command
takes it for a run there, however far the removal got; the next removal in that place ends it.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ganzoo.errors import ModelFileError
from ganzoo.runs.checkpoints import MANIFEST, Checkpoints
from ganzoo.runs.finding import Words, find
from ganzoo.runs.folder import Run
from ganzoo.storage import DISK, Disk

LEAVING = ".removing-"


@dataclass(frozen=True)
class Removed:
    """A run that was removed: where it was, and how many bytes its files had."""

    path: Path
    nbytes: int

    def to_json(self) -> dict[str, str | int]:
        """Return both for a program."""
        return {"path": str(self.path), "bytes": self.nbytes}


def removable(words: Words, runs: Path = Path("runs")) -> Run:
    """Return the run that `words` name, if it may be removed: all of its folder is one run's.

    Raises ModelFileError where they name no run, a checkpoint, a link, or a folder with other runs
    inside; RunInUseError where a process trains in it. Nothing is changed.
    """
    found = find(words, runs)
    path = found.path
    if found.kind != "run":
        raise ModelFileError(f"{path} is no run: name the folder of a run, with its run.json")
    if path.is_symlink():
        raise ModelFileError(
            f"{path} is a link to {path.resolve()}: name that, or remove the link with "
            f"`rm {quote(str(path))}`"
        )
    if path.name in {"", ".."}:
        path = path.resolve()
    run = Run(path.parent.resolve() / path.name)  # "link/../run" is where every program opens it
    if run.path == Path.cwd() or run.path in Path.cwd().parents:
        raise ModelFileError(f"{path} holds the folder in which you are: go to another one")
    _check_ours(run)
    with run.locked():
        return run


def remove(run: Run, disk: Disk = DISK) -> Removed:
    """Remove the folder of a run, and what is left of removals there that were interrupted.

    No link is followed: what one leads to stays. Where the process is killed on the way, what is
    left is no run, as said above. Raises what `removable` raises, and OSError where the folder may
    not be changed: then it stays whole, unless a file deep inside may not be removed.
    """
    run = removable(run.path)
    runs, nbytes = run.path.parent, size(run.path)
    place = runs / f"{LEAVING}{secrets.token_hex(4)}"
    with run.locked():
        disk.create(place)
        try:
            disk.rename(run.path, place / run.path.name)
        except OSError:
            disk.remove(place)
            raise
    disk.sync(runs)
    for left in runs.glob(f"{LEAVING}*"):
        if left.is_dir() and not left.is_symlink():
            _remove_all(left, disk)
    disk.sync(runs)
    return Removed(run.path, nbytes)


def size(folder: Path) -> int:
    """Return how many bytes the removal of a folder frees: those of all files that lie in it alone.

    A file that has other names outside of the folder, by hard links, is not counted.
    """
    found: dict[tuple[int, int], list[os.stat_result]] = {}
    for path in _inside(folder):
        with suppress(OSError):  # a training writes and removes files meanwhile
            known = path.lstat()
            if stat.S_ISREG(known.st_mode):
                found.setdefault((known.st_dev, known.st_ino), []).append(known)
    return sum(same[0].st_size for same in found.values() if len(same) >= same[0].st_nlink)


def _check_ours(run: Run) -> None:
    """Raise ModelFileError where a folder is not that of one run of ganzoo."""
    kept = Checkpoints(run.path / "checkpoints").newest_first()
    if not any((folder / MANIFEST).is_file() for folder in kept):
        told = run.described()  # raises where run.json is damaged, or not of a run
        if not {"schema", "architecture", "data"} <= told.keys():
            raise ModelFileError(
                f"{run.path / 'run.json'} is not ganzoo's: the folder is left alone"
            )
    if (run.path / "lock").is_symlink():
        raise ModelFileError(
            f"{run.path / 'lock'} is a link, which ganzoo makes nowhere: remove it"
        )
    own = run.path / "checkpoints"  # each of these has a run.json to put back
    for path in _inside(run.path):
        if path.name == "run.json" and path.parent != run.path and path.parent.parent != own:
            raise ModelFileError(
                f"{run.path} has another run inside, {path.parent}: move that first"
            )


def _inside(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder, deepest first; links are not followed."""
    for above, folders, files in os.walk(folder, topdown=False):
        yield from (Path(above, name) for name in (*files, *folders))


def _remove_all(folder: Path, disk: Disk) -> None:
    """Remove a folder with all that is in it; another process may be doing the same."""
    for path in (*_inside(folder), folder):
        with suppress(FileNotFoundError):
            disk.remove(path)
