"""How a run is doing or how it ended: status.json, which is written whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ganzoo.errors import DivergedError, GanzooError, OutputError
from ganzoo.runs.checkpoints import Checkpoints, step_of
from ganzoo.runs.folder import STATUS, Run, now
from ganzoo.runs.held import Held


class Status:
    """The status of a run whose folder is held; nothing is written where that folder is gone."""

    def __init__(self, run: Run, checkpoints: Checkpoints, held: Held | None = None) -> None:
        self.run, self.checkpoints = run, checkpoints
        self.held, self._ours = held or Held(run.path), held is None

    def write(self, outcome: str, why: str = "") -> None:
        """Write status.json; raise OutputError where the run's folder is gone."""
        self.held.check()
        newest = next(self.checkpoints.newest_first(), None)
        step = newest and step_of(newest)
        self.run.write(STATUS, {"outcome": outcome, "why": why, "step": step, "time": now()})

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write how the run ended where an exception ends it inside."""
        try:
            self.held.check()
            yield
        except (GeneratorExit, KeyboardInterrupt):  # the caller stopped iterating
            self._try("interrupted")
            raise
        except DivergedError as error:
            self._try("diverged", str(error))
            hint = f"{error}; {self._saved}; try a smaller learning_rate="
            raise DivergedError(hint, "learning_rate") from error
        except BaseException as error:
            known = isinstance(error, GanzooError)
            self._try("failed", str(error) if known else f"{type(error).__name__}: {error}")
            raise
        finally:
            if self._ours:
                self.held.close()

    def _try(self, outcome: str, why: str = "") -> None:
        """Write status.json where that is possible: the disk may be full, or the folder gone."""
        with suppress(OSError, OutputError):
            self.write(outcome, why)

    @property
    def _saved(self) -> str:
        """The newest checkpoint, in words."""
        newest = next(self.checkpoints.newest_first(), None)
        return f"the last good checkpoint is {newest}" if newest else "it has no checkpoint yet"
