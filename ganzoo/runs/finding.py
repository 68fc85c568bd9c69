"""Find the run, checkpoint or model file that a user names; all commands and functions use it."""

from __future__ import annotations

import difflib
import logging
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from ganzoo.errors import ModelFileError, UsageError
from ganzoo.printable import file_name, one_line
from ganzoo.runs.checkpoints import MANIFEST, Checkpoints, step_of
from ganzoo.runs.folder import Run
from ganzoo.storage import is_special
from ganzoo.zoo import catalogue, hub
from ganzoo.zoo.models import FACTS, Model, shipped

_log = logging.getLogger("ganzoo")
Words = str | os.PathLike[str]
"""The name of a model: a run's folder, its bare name below the folder of runs, a checkpoint's
folder, a .safetensors or .onnx file, a published folder, the name of an installed model, or
"hf:user/name" on the Hub."""


def runs_folder(runs: Words | None = None) -> Path:
    """Return the folder of runs: what is given, or $GANZOO_RUNS, or `runs` where one stands."""
    return Path(runs or os.environ.get("GANZOO_RUNS") or "runs").expanduser()


Kind = Literal["run", "checkpoint", "weights", "onnx"]
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Found:
    """What the user meant, and where it is."""

    kind: Kind
    path: Path
    called: str = ""
    """Name of a model that a package ships, or that was published."""

    @property
    def name(self) -> str:
        """The start of the names of files made from it: its folder, or its file without suffix."""
        if self.called:
            return file_name(self.called)
        real = self.path.resolve()
        return file_name(real.name if real.is_dir() else real.stem)


def find(words: Words | None = None, runs: Path = Path("runs")) -> Found:
    """Return the model that `words` name; the default is the latest run that has a checkpoint.

    Which run that is, is logged. Raises ModelFileError where there is no model. It says what is
    there instead, and what to do.
    """
    if words is None:
        return Found("run", latest(runs).path)
    if not os.fspath(words):
        raise ModelFileError("an empty word names no run and no model")
    if os.fspath(words).startswith(hub.PREFIX):
        return _drawn_from(hub.fetch(os.fspath(words)))
    path = Path(words).expanduser()
    if not path.exists() and path.name == str(path) and (runs / path).is_dir():
        path = runs / path
    if is_special(path):
        raise ModelFileError(f"{path} is a device or a pipe, and a model is a folder or a file")
    if (path / FACTS).is_file():
        return _drawn_from(Model.read(path))
    if not os.path.lexists(path) and (model := shipped(os.fspath(words))):
        return _drawn_from(model)
    if path.suffix.lower() in {".onnx", ".safetensors"} and not path.is_dir():
        if not os.path.lexists(path):
            raise ModelFileError(_nothing(path, runs))
        return Found("onnx" if path.suffix.lower() == ".onnx" else "weights", path)
    if (path / MANIFEST).exists() or (path.is_dir() and step_of(path) >= 0):
        return Found("checkpoint", path)
    if (path / "run.json").exists() or (path / "checkpoints").is_dir():
        return Found("run", path)
    raise ModelFileError(_instead(path, runs))


def latest(runs: Path, among: Callable[[Run], bool] | None = None) -> Run:
    """Return the latest run, where none was named, as `Run.latest` does; log which one it is."""
    run = Run.latest(runs, among)
    _log.warning(one_line(f"no run was named, so the latest is taken: {run.path}"))
    return run


def _drawn_from(model: Model) -> Found:
    return Found("onnx", model.path(), model.name)


def find_run(words: Words | None = None, runs: Path = Path("runs")) -> Run:
    """Return the run that `words` name; they may also name a checkpoint or weights inside it.

    Raises ModelFileError where there is no run, and UsageError for an ONNX file, which does not
    know its run.
    """
    found = find(words, runs)
    if found.kind == "onnx":
        raise UsageError(
            f"{found.path} is an exported model, and this is about a run: name the run that it is "
            f"from. `ganzoo sample {quote(str(found.path))}` draws from it"
        )
    inside = {"run": 0, "checkpoint": 2, "weights": 3}[found.kind]
    folders = [found.path, *found.path.resolve().parents]
    for folder in folders[inside : inside + 1]:
        if (folder / "run.json").is_file() or any(_checkpoints(folder)):
            run = Run(folder)
            run.check()
            return run
    raise ModelFileError(f"{found.path} is of no run: name the run's folder, with its run.json")


def as_run(run: Run | Words) -> Run:
    """Return a run that is one already, or that words name."""
    return run if isinstance(run, Run) else find_run(run)


def _checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run's folder, newest first."""
    return list(Checkpoints(folder / "checkpoints").newest_first())


def _nothing(path: Path, runs: Path) -> str:
    """Return the message for a path that does not exist: the nearest name, or how to begin."""
    known: dict[str, Path] = {entry.name: Path(entry.name) for entry in catalogue.models()}
    known |= {folder.parent.name: folder.parent for folder in runs.glob("*/run.json")}
    if path.parent.is_dir():
        known |= {file.name: file for file in path.parent.glob("*.onnx")}
    of_that_name = sorted(name for name in known if name.startswith(f"{path.name}-"))
    near = of_that_name[-1:] or difflib.get_close_matches(path.name, known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "`ganzoo train NAME` makes a run"
    return f"{path} does not exist, and no run or model is called that: {hint}"


def _instead(path: Path, runs: Path) -> str:
    """Return the message for a path that is no model: what is there, and what would work."""
    if not os.path.lexists(path):
        return _nothing(path, runs)
    name = quote(str(path))
    if path.name == "checkpoints" and (path.parent / "run.json").exists():
        return f"{path} is the folder of a run's checkpoints: give the run, {path.parent}"
    if path.is_dir():
        if inside := sorted(path.glob("*/run.json"), key=lambda p: p.stat().st_mtime):
            return f"{path} is a folder of runs: give one of them, such as {inside[-1].parent}"
        if models := sorted(path.glob("*.onnx")):
            return f"{path} is a folder of models: give one of them, such as {models[0]}"
        if any(p.suffix.lower() in PICTURES for p in path.iterdir()):
            return f"{path} is a folder of pictures, no run: `ganzoo train` takes it as its data"
        return f"{path} is a folder without a run in it: `ganzoo train NAME` makes one below {runs}"
    if path.suffix.lower() in PICTURES:
        return f"{path} is a picture: `ganzoo project RUN {name}` searches the z that draws it"
    if path.suffix.lower() in {".pt", ".pth", ".ckpt", ".pkl"}:
        return (
            f"{path} is a pickle, which may run code when it is read, so ganzoo opens none: give a "
            "run, a checkpoint, a .safetensors or an .onnx file"
        )
    if path.suffix.lower() == ".npz" or (path.is_file() and zipfile.is_zipfile(path)):
        return f"{path} is data, not a model: `ganzoo train` takes it as its data"
    return f"{path} is no model: give a run, a checkpoint, a .safetensors or an .onnx file"
