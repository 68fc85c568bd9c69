"""What names may stand for a parameter, for the completion of shells. Nothing is imported for it.

Plugins are known by their metadata, options by the source, runs by their folders: so a damaged one
cannot break a line that somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ganzoo.zoo.catalogue import Entry

SAFE = re.compile(r"[\w.,+@%/][\w.,+@%=:/-]*")
"""Names that mean in no shell anything but themselves, and are no option: zsh takes `=ls` for the
path of a program. The scripts of typer evaluate what they get, and anybody may have named a folder.
Other names can still be typed."""
FILES = {".onnx", ".safetensors"}
Complete = Callable[[typer.Context, str], list[str]]


def architectures(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of architectures."""
    from ganzoo.zoo import catalogue

    return _names(catalogue.architectures(), incomplete)


def architectures_and_runs(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of architectures and of runs; where none fits, the shell completes a path."""
    return sorted({*architectures(context, incomplete), *runs(context, incomplete)})


def data(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of data sets; where none fits, the shell completes a path."""
    from ganzoo.zoo import catalogue

    return _names(catalogue.datasets(), incomplete)


def features(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of features."""
    from ganzoo.zoo import catalogue

    return _names(catalogue.features(), incomplete)


def plugins(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of plugins of all kinds."""
    from ganzoo.zoo import catalogue

    return _names([entry for entry in catalogue.installed() if not entry.hidden], incomplete)


def devices(context: typer.Context, incomplete: str) -> list[str]:
    """Return kinds of devices."""
    return _fitting(("auto", "cpu", "cuda", "mps"), incomplete)


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of runs; where none fits, the shell completes a path."""
    return _fitting((path.parent.name for path in _folder(context).glob("*/run.json")), incomplete)


def run_or_checkpoint(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of runs; behind a run's path, those of its checkpoints."""
    before, slash, _ = incomplete.rpartition("/")
    if not slash:
        return runs(context, incomplete)
    run = Path(before.removesuffix("/checkpoints"))
    if not (run / "run.json").is_file():
        return []
    found = run.glob("checkpoints/step-*")
    return _fitting((str(path) for path in found), incomplete.removeprefix("./"))


def models(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of runs and of installed models, checkpoints, and files of models here."""
    from ganzoo.zoo import catalogue

    found = run_or_checkpoint(context, incomplete)
    if "/" not in incomplete:
        here = (path.name for path in Path().iterdir() if path.suffix in FILES)
        found += _names(catalogue.models(), incomplete) + _fitting(here, incomplete)
    return sorted(set(found))


def options_of(parameter: str) -> Complete:
    """Return a function that completes `KEY=VALUE` for the plugin that `parameter` names."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        from ganzoo.zoo import catalogue, source

        kinds = {"architecture": catalogue.architectures, "features": catalogue.features}
        entries = kinds.get(parameter, catalogue.datasets)()
        # Where an option still lacks its value, the arguments before it are not read yet.
        first = context.args[:1] if parameter == "architecture" else []
        named = context.params.get(parameter) or next(iter(first), None)
        if not named:
            return []
        known = source.options(catalogue.find(entries, named).target)
        key, equals, _ = incomplete.partition("=")
        if equals:
            known = [option for option in known if option.name == key.replace("-", "_")]
        else:
            known = [option for option in known if option.name.startswith(key)]
        if len(known) != 1:
            return _fitting((f"{option.name}=" for option in known), incomplete)
        (option,) = known
        start = f"{key if equals else option.name}="
        words = [f"{start}{word}" for word in option.words or filter(None, [option.default])]
        # With two candidates the shell stops behind "=", and shows what the default is.
        return _fitting(words if equals or len(words) > 1 else [start, *words], incomplete)

    return complete


def _folder(context: typer.Context) -> Path:
    """Return the folder of runs that the line, or the environment, names."""
    from ganzoo.runs.finding import runs_folder

    names = [p.name for p in context.command.params if "--runs" in p.opts]
    given = [context.params.get(name) for name in names if name]
    return runs_folder(next((path for path in given if path), None))


def _names(entries: Iterable[Entry], incomplete: str) -> list[str]:
    """Return the names of plugins; those of which there are several with their package."""
    found = list(entries)
    bare = [entry.name for entry in found]
    return _fitting(
        (e.qualified if ":" in incomplete or bare.count(e.name) > 1 else e.name for e in found),
        incomplete,
    )


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    """Return the words that begin so, each once, but for those that a shell would not leave so."""
    found = {word for word in words if word.startswith(incomplete) and SAFE.fullmatch(word)}
    return sorted(found)
