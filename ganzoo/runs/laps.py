"""The laps of a run that a comparison trained, as a file in its folder says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError
from ganzoo.evaluate.reading import Check, check_fields, number, text, whole
from ganzoo.runs.checkpoints import Checkpoints
from ganzoo.runs.folder import Run
from ganzoo.storage import read_regular

LAPS = "laps.json"


@dataclass(frozen=True)
class Finish:
    """The end of a lap: the seconds of training since the beginning, and what was done in them.

    `why` says why the run ended here, if it did: it diverged, and there will be no further lap.
    """

    seconds: float
    step: int
    samples_seen: int
    why: str = ""

    def checkpoint(self, run: Run) -> Path:
        """Return where the checkpoint of this step is; a run that diverged has none."""
        return run.path / "checkpoints" / f"step-{self.step:08d}"


def run_in(folder: Path) -> Run | None:
    """Return the run below `folder`, which has at most one; None where there is none."""
    path = next(iter(sorted(folder.glob("*/run.json"))), None)
    return Run(path.parent) if path else None


def finishes(folder: Path) -> list[Finish]:
    """Return the ends of the laps that the run below `folder` has finished, in order.

    Raises ModelFileError where they cannot be read, though there are some.
    """
    run = run_in(folder)
    if run is None:
        return []
    file = run.path / LAPS
    try:
        return of_run(run)
    except FileNotFoundError:
        checkpoints = [*Checkpoints(run.path / "checkpoints").newest_first()]
        if len(checkpoints) > 1:  # a run in its first lap has one at most
            raise ModelFileError(f"{file} is lost: {anew(folder)}") from None
        return []
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{file} is damaged ({error}): {anew(folder)}") from error


def of_run(run: Run) -> list[Finish]:
    """Return the ends of the laps of a run, in order.

    Raises FileNotFoundError where no comparison trained it, OSError where the file cannot be read,
    ValueError or RecursionError where it is damaged.
    """
    return _parsed(json.loads(read_regular(run.path / LAPS)))


FIELDS: dict[str, Check] = {
    "seconds": lambda value: number(value) and value >= 0,
    "step": whole(),
    "samples_seen": whole(),
    "why": text,
}
"""What holds for each field of a lap in the file."""


def _parsed(content: Any) -> list[Finish]:
    """Return the laps in a parsed file; raise ValueError, which says what is wrong."""
    if not content or type(content) is not list:
        raise ValueError("no list of laps")
    found = [Finish(0.0, 0, 0)]
    for lap in content:
        check_fields(lap, FIELDS)
        found.append(Finish(**lap))
        for name in ("seconds", "step", "samples_seen"):
            before, now = (getattr(finish, name) for finish in found[-2:])
            if now < before:
                raise ValueError(f"its '{name}' fall from {before} to {now}")
    return found[1:]


def anew(folder: Path) -> str:
    """Return what to do about a run whose laps are not known."""
    return f"remove {folder}, and the run begins anew"
