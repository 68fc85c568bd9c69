"""The files in a run's folder: settings, measurements, samples, checkpoints and status."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ModelFileError, OutputError
from ganzoo.printable import line
from ganzoo.runs import held
from ganzoo.runs.checkpoints import MANIFEST, Checkpoints
from ganzoo.runs.quantities import COUNTS, is_count, is_number
from ganzoo.runs.reading import parsed
from ganzoo.storage import DISK, read_regular, write_whole

if TYPE_CHECKING:
    from ganzoo.runs.facts import Facts, Resumed

METRICS, RESUMES, STATUS = "metrics.jsonl", "resumes.jsonl", "status.json"
REPORT = "report.html"

SAMPLES = 64
"""Number of images in a sample grid; they are the first images of the run's seed."""


@dataclass(frozen=True)
class Run:
    """The folder of one run: run.json never changes; the other files grow with the run."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, facts: Facts) -> Run:
        """Make the folder `runs`/`name`-001, or the next free number, with `facts` in run.json.

        `facts.created` becomes the time of now.
        """
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = f"{error.filename}: {error.strerror}"
            raise OutputError(f"{why}; name another folder with runs=", "runs") from error
        ends = (p.name.rpartition("-")[2] for p in runs.glob(f"{name}-*"))
        number = max((int(end) for end in ends if end.isdecimal()), default=0) + 1
        while True:
            path = runs / f"{name}-{number:03d}"
            try:
                path.mkdir()
            except FileExistsError:  # somebody else was quicker
                number += 1
                continue
            run = cls(path)
            try:
                run.write("run.json", replace(facts, created=now()).to_json())
                (path / "checkpoints").mkdir()
                DISK.sync(path)
                DISK.sync(runs)
            except OSError:
                shutil.rmtree(path, ignore_errors=True)  # it holds nothing yet
                raise
            return run

    @classmethod
    def latest(cls, runs: Path, among: Callable[[Run], bool] | None = None) -> Run:
        """Return the run below `runs` that was created last, of those for which `among` is true.

        By default these are the runs with a checkpoint. Raises ModelFileError where there is none;
        where there is one whose run.json is damaged, it says what would mend it.
        """
        among = among or (lambda run: any(Checkpoints(run.path / "checkpoints").newest_first()))
        found = {}
        for path in (p.parent for p in runs.glob("*/run.json")):
            with suppress(ModelFileError):  # a damaged neighbour is no reason to fail
                if among(run := cls(path)):
                    found[run.created()] = run
        if not found:
            for path in cls.nameless(runs):
                cls(path).created()
            raise ModelFileError(
                f"no run below '{runs}' has a checkpoint: `ganzoo train NAME` makes one"
            )
        return found[max(found)]

    @classmethod
    def nameless(cls, runs: Path) -> Iterator[Path]:
        """Yield the folders below `runs` that have checkpoints, but no readable run.json."""
        for path in sorted({p.parent.parent for p in runs.glob("*/checkpoints/step-*")}):
            try:
                cls(path).created()
            except ModelFileError:
                yield path

    def locked(self) -> AbstractContextManager[held.Held]:
        """Be the only process that writes in this folder; raise RunInUseError if another one is."""
        return held.locked(self.path)

    def facts(self) -> Facts:
        """Return the content of run.json, with the settings of the latest resume.

        Raises ModelFileError where it cannot be read, or where an older ganzoo wrote too little.
        """
        return self.begun_as().with_resumes(self.resumes())

    def begun_as(self) -> Facts:
        """Return the content of run.json as it was written at the beginning."""
        from ganzoo.runs.facts import Facts  # drawing from a file need not wait for these types

        return Facts.from_json(self.described(), self.path / "run.json")

    def resumes(self) -> list[Resumed]:
        """Return when and how the run was resumed, oldest first."""
        from ganzoo.runs.facts import Resumed

        found = []
        for each in self.lines(RESUMES):
            with suppress(ModelFileError):  # a damaged line, as of a process that was killed
                found.append(Resumed.from_json(each, self.path / RESUMES))
        return found

    def created(self) -> str:
        """Return when the run was begun, as text that sorts by time.

        Raises ModelFileError where run.json does not say.
        """
        created: str = self.described()["created"]
        return created

    def described(self) -> dict[str, Any]:
        """Return run.json, parsed; raise ModelFileError where it is not that of a run."""
        try:
            found: dict[str, Any] = parsed(read_regular(self.path / "run.json"))
        except OSError as error:
            raise self._unreadable(f"cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise self._unreadable(f"is damaged: {error}") from error
        if not isinstance(found, dict):
            raise self._unreadable("is damaged: it has no fields")
        if not isinstance(found.get("created"), str):
            raise self._unreadable("is damaged: it does not say when the run was begun")
        return found

    def _unreadable(self, why: str) -> ModelFileError:
        """Return the error of a run.json that cannot be used; it says what would mend it."""
        kept = any(Checkpoints(self.path / "checkpoints").newest_first())
        again = f"`ganzoo resume {quote(str(self.path))}` puts it back if a checkpoint is whole"
        return ModelFileError(f"{self.path / 'run.json'} {why}{f': {again}' if kept else ''}")

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run at once: a reader never sees half of it."""
        text = json.dumps(content, indent=2) + "\n"
        write_whole(self.path / name, text.encode(), new_folder=False)

    def check(self) -> None:
        """Raise ModelFileError where this is not the folder of a run."""
        if (self.path / MANIFEST).exists():
            run = self.path.resolve().parent.parent
            raise ModelFileError(f"{self.path} is a checkpoint, not a run: give {run}")
        checkpoints = Checkpoints(self.path / "checkpoints").newest_first()
        if not (self.path / "run.json").is_file() and not any(checkpoints):
            raise ModelFileError(f"{self.path} is not a run; `ganzoo train` begins one")

    def sweep(self) -> None:
        """Remove the half-written files that a killed process left."""
        Checkpoints(self.path / "checkpoints").sweep()
        for name in ("run.json", STATUS, METRICS, RESUMES, "samples/*.png"):
            folder, _, file = f"/{name}".rpartition("/")
            for left in (self.path / folder.strip("/")).glob(f".{file}.*.tmp"):
                left.unlink()

    def cut_metrics(self, step: int, *, mid_window: bool, judged: bool = False) -> None:
        """Remove what was measured after `step` from metrics.jsonl, and the samples of the end.

        A run that ends between two regular measurements writes one more line at its last step, and
        samples called step-…. A run that was never stopped has neither. `mid_window` says that
        `step` lies between two measurements: the line of `step` itself goes, too. An evaluation of
        `step` stays where it is `judged` in its turn, and not because the run ended there.
        """
        for picture in (self.path / "samples").glob("step-*.png"):
            picture.unlink()

        def stays(entry: dict[str, Any]) -> bool:
            if entry["step"] == step:
                return judged if "frechet" in entry else not mid_window
            return bool(entry["step"] < step)

        self.write_lines(METRICS, [entry for entry in self.lines(METRICS) if stays(entry)])

    def write_lines(self, name: str, lines: list[dict[str, Any]]) -> None:
        """Write a .jsonl file of the run at once: a reader never sees half of it."""
        text = "".join(json.dumps(each) + "\n" for each in lines)
        write_whole(self.path / name, text.encode(), new_folder=False)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a .jsonl file of the run, without those that are not whole.

        Of metrics, only numbers: whoever reads them may count on that. Raises ModelFileError where
        there is a file, and it cannot be read.
        """
        found, content = list[dict[str, Any]](), b""
        try:
            with suppress(FileNotFoundError, IsADirectoryError):
                content = read_regular(self.path / name)
        except OSError as error:
            raise ModelFileError(f"{self.path / name} cannot be read: {error.strerror}") from error
        for each in content.splitlines():
            # A process was killed while it wrote this one, or the disk is damaged.
            with suppress(ValueError, RecursionError):
                entry = parsed(each)
                found += [entry] if isinstance(entry, dict) else []
        if name == METRICS:
            found = [{line(k): v for k, v in entry.items() if is_number(v)} for entry in found]
            found = [entry for entry in found if all(is_count(entry.get(k)) for k in COUNTS)]
        return found


def now() -> str:
    """Return the time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
