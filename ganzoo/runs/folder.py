"""A run's folder: what was asked for, what was measured, what it looked like, what came of it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError, RunInUseError
from ganzoo.runs.checkpoints import MANIFEST, Checkpoints
from ganzoo.runs.facts import Facts, Resumed
from ganzoo.storage import DISK, lock, write_whole

METRICS, RESUMES, STATUS = "metrics.jsonl", "resumes.jsonl", "status.json"

SAMPLES = 64
"""How many images a sample grid shows; they are the first of the run's seed."""


@dataclass(frozen=True)
class Run:
    """The folder of one run. `run.json` never changes; the rest is written as the run goes."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, facts: Facts) -> Run:
        """Make `runs`/`name`-001, or the next number that is free, with `facts` in its run.json.

        The time of its creation is now.
        """
        runs.mkdir(parents=True, exist_ok=True)
        ends = (p.name.rpartition("-")[2] for p in runs.glob(f"{name}-*"))
        number = max((int(end) for end in ends if end.isdigit()), default=0) + 1
        while True:
            path = runs / f"{name}-{number:03d}"
            try:
                path.mkdir()
            except FileExistsError:  # somebody else was quicker
                number += 1
                continue
            run = cls(path)
            run.write("run.json", replace(facts, created=now()).to_json())
            (path / "checkpoints").mkdir()
            DISK.sync(path)
            DISK.sync(runs)
            return run

    @classmethod
    def latest(cls, runs: Path, among: Callable[[Run], bool] | None = None) -> Run:
        """The run below `runs` that was created last, of those `among` which it is to be.

        By default those that have a checkpoint. ModelFileError where there is none.
        """
        among = among or (lambda run: any(Checkpoints(run.path / "checkpoints").newest_first()))
        found = {}
        for path in (p.parent for p in runs.glob("*/run.json")):
            with suppress(ModelFileError):  # a damaged neighbour is no reason to fail
                if among(run := cls(path)):
                    found[run.created()] = run
        if not found:
            raise ModelFileError(
                f"no run below '{runs}' has a checkpoint: `ganzoo train` makes one"
            )
        return found[max(found)]

    @classmethod
    def nameless(cls, runs: Path) -> Iterator[Path]:
        """The folders below `runs` that have checkpoints, but do not say of what."""
        for path in sorted({p.parent.parent for p in runs.glob("*/checkpoints/step-*")}):
            try:
                cls(path).created()
            except ModelFileError:
                yield path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one process that writes in this folder; RunInUseError where another is.

        The lock is the kernel's: it ends with its process, however that ends.
        """
        with (self.path / "lock").open("a+") as file:
            if not lock(file):
                file.seek(0)
                owner = file.read() or "another process"
                raise RunInUseError(f"{self.path} is in use by {owner}: let it, or end it")
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}")
            file.flush()
            yield

    def facts(self) -> Facts:
        """Return what run.json says, with the settings that the latest resume left.

        ModelFileError where it cannot be read, or an older ganzoo wrote too little into it.
        """
        return self.begun_as().with_resumes(self.resumes())

    def begun_as(self) -> Facts:
        """Return what run.json says, and nothing else."""
        return Facts.from_json(self._described(), self.path / "run.json")

    def resumes(self) -> list[Resumed]:
        """Return when and how the run was gone on with, oldest first."""
        where = self.path / RESUMES
        return [Resumed.from_json(line, where) for line in self.lines(RESUMES)]

    def created(self) -> str:
        """Return when the run was begun, as text that sorts; ModelFileError where none can tell."""
        return str(self._described()["created"])

    def _described(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.path / "run.json").read_bytes())
            found["created"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelFileError(f"{self.path} is not a run: {error}") from error
        return found

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run; a reader never sees half of it."""
        write_whole(self.path / name, (json.dumps(content, indent=2) + "\n").encode())

    def check(self) -> None:
        """ModelFileError where this is no run's folder."""
        if (self.path / MANIFEST).exists():
            run = self.path.resolve().parent.parent
            raise ModelFileError(f"{self.path} is a checkpoint, not a run: give {run}")
        checkpoints = Checkpoints(self.path / "checkpoints").newest_first()
        if not (self.path / "run.json").is_file() and not any(checkpoints):
            raise ModelFileError(f"{self.path} is not a run; `ganzoo train` begins one")

    def sweep(self) -> None:
        """Remove what a process that was killed left half written."""
        Checkpoints(self.path / "checkpoints").sweep()
        for name in ("run.json", STATUS, METRICS, RESUMES, "samples/*.png"):
            folder, _, file = f"/{name}".rpartition("/")
            for left in (self.path / folder.strip("/")).glob(f".{file}.*.tmp"):
                left.unlink()

    def cut_metrics(self, step: int, *, mid_window: bool) -> None:
        """Forget what was measured after a step; `mid_window`, also the line of that step itself.

        That line is there where a run ended between two regular ones, as are the samples of its end
        where an epoch's do not show it: they go, too.
        """
        for picture in (self.path / "samples").glob("step-*.png"):
            picture.unlink()
        end = step + (not mid_window)
        lines = self.lines(METRICS)
        self.write_lines(METRICS, [m for m in lines if m.get("step", end) < end])

    def write_lines(self, name: str, lines: list[dict[str, Any]]) -> None:
        """Write a .jsonl file of the run; a reader never sees half of it."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        write_whole(self.path / name, text.encode())

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The whole lines of a .jsonl file of the run."""
        found = []
        with suppress(FileNotFoundError):
            for line in (self.path / name).read_bytes().splitlines():
                with suppress(ValueError):  # a process was killed while it wrote this one
                    entry = json.loads(line)
                    found += [entry] if isinstance(entry, dict) else []
        return found


def now() -> str:
    """The time, for people and programs to read."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
