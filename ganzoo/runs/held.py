"""The folder of a run while somebody writes in it: the same folder, and nobody else's."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shlex import quote

from ganzoo.errors import OutputError, RunInUseError
from ganzoo.storage import lock


class Held:
    """A folder that stays open, so that it is known again: no other one can have its number.

    A path leads to whatever is there now; somebody may move or remove the folder of a run that is
    trained, or put another one in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor: int | None = None
        if os.name == "posix":  # Windows opens no folder, and removes none that is in use
            self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._folder = os.stat(path if self.descriptor is None else self.descriptor)
        self._names = str(path), str(path / "run.json")

    def close(self) -> None:
        """Let the folder go."""
        if self.descriptor is not None:
            os.close(self.descriptor)
        self.descriptor = None

    def there(self) -> bool:
        """Return whether the path still leads to this folder, and it is still that of a run."""
        folder, facts = self._names  # as texts: this is asked after every step
        try:
            os.lstat(facts)
            return os.path.samestat(self._folder, os.stat(folder))
        except OSError:
            return False

    def check(self) -> None:
        """Raise OutputError where the path leads to this folder no more."""
        if self.there():
            return
        moved = self._moved()
        how = f"to go on: ganzoo resume {quote(moved)}" if moved else "`ganzoo train` begins anew"
        if os.path.lexists(self.path / "run.json"):
            how = f"to go on with the one that is there now: ganzoo resume {quote(str(self.path))}"
        raise OutputError(
            f"the folder {self.path} was moved or removed, or run.json was, while it was written "
            f"in: the training stops, and nothing more is written; {how}"
        )

    def _moved(self) -> str:
        """Return where the folder is now; "" where it is nowhere, or nobody knows."""
        with suppress(OSError):  # Linux alone has this file
            path = os.readlink(f"/proc/self/fd/{self.descriptor}")
            if os.path.samestat(self._folder, os.stat(path)) and path != str(self.path):
                return path if os.path.lexists(os.path.join(path, "run.json")) else ""
        return ""


@contextmanager
def locked(path: Path) -> Iterator[Held]:
    """Be the only process that writes in a run's folder; raise RunInUseError if another one is.

    The kernel holds the lock. So it ends with its process, however that ends. The folder itself is
    locked, as nobody can remove it and leave the run; and a file in it, as some file systems lock
    nothing else. The file says who has the lock.
    """
    with closing(Held(path)) as held, (path / "lock").open("a+") as file:
        if not ((held.descriptor is None or lock(held.descriptor)) and lock(file)):
            file.seek(0)
            owner = file.read() or "another process"
            raise RunInUseError(f"{path} is in use by {owner}: let it, or end it")
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield held
