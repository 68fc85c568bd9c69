"""Plugins by name. Names come from entry-point metadata; only the one asked for is imported."""

from __future__ import annotations

import ast
import difflib
import importlib.machinery
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from ganzoo import options as plugin_options
from ganzoo.architecture import Architecture, Dataset, Plugin
from ganzoo.errors import GanzooError, PluginError, reason

T = TypeVar("T", Architecture, Dataset)


class UnknownNameError(PluginError):
    """No plugin registers that name."""


@dataclass(frozen=True)
class Entry:
    """One registered name: whose it is and where its function lives. Nothing is imported yet."""

    kind: str  # "architecture" or "data set", for messages
    name: str
    package: str
    version: str
    target: str  # "module:function"
    point: EntryPoint

    @property
    def label(self) -> str:
        """How messages name it: `architecture 'mlp_gan' of ganzoo 0.1.0`."""
        return f"{self.kind} '{self.name}' of {self.package} {self.version}"

    def function(self) -> Plugin:
        """Import the plugin and return its function; PluginError says why it cannot be."""
        try:
            function = self.point.load()
        except (Exception, SystemExit) as error:
            raise PluginError(f"{self.label} cannot be imported: {reason(error)}") from error
        if not callable(function):
            raise PluginError(f"{self.label} is not a function: {self.target}")
        return function  # type: ignore[no-any-return]

    def summary(self) -> str:
        """The first line of the function's docstring, read from the source: nothing is run."""
        module, _, name = self.target.partition(":")
        try:
            tree = ast.parse(_source(module).read_bytes())
        except (OSError, SyntaxError, ValueError, ImportError, AttributeError):
            return "(its source cannot be read)"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return (ast.get_docstring(node) or "(no docstring)").partition("\n")[0]
        return "(no docstring)"


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A plugin's value, with where it came from and the options that made it."""

    entry: Entry
    options: dict[str, Any]
    value: T

    def describe(self) -> dict[str, Any]:
        """What `run.json` and model files record: enough to build the same thing again."""
        return {
            "name": self.entry.name,
            "package": self.entry.package,
            "version": self.entry.version,
            "options": self.options,
        }


@contextmanager
def blame(entry: Entry) -> Iterator[None]:
    """Name `entry` in a PluginError that comes from inside."""
    try:
        yield
    except PluginError as error:
        raise PluginError(f"{entry.label}: {error}") from error


def architectures() -> list[Entry]:
    """Every registered architecture, sorted by name."""
    return _entries("ganzoo.architectures", "architecture")


def datasets() -> list[Entry]:
    """Every registered data set, sorted by name."""
    return _entries("ganzoo.datasets", "data set")


def load_architecture(name: str, options: Mapping[str, Any] | None = None) -> Loaded[Architecture]:
    """Build the architecture `name` (or `package:name`) with `options` (words or JSON values)."""
    return _load(find(architectures(), name), options or {}, Architecture)


def load_dataset(name: str, options: Mapping[str, Any] | None = None) -> Loaded[Dataset]:
    """Build the data set `name` (or `package:name`) with `options` (words or JSON values)."""
    return _load(find(datasets(), name), options or {}, Dataset)


def find(entries: list[Entry], name: str) -> Entry:
    """The one entry called `name` or `package:name`; otherwise PluginError, with the nearest."""
    package, _, bare = name.rpartition(":")
    found = [e for e in entries if e.name == bare and package in ("", e.package)]
    if len(found) == 1:
        return found[0]
    kind = entries[0].kind if entries else "plugin"
    if found:
        ways = " or ".join(f"{e.package}:{e.name}" for e in found)
        raise PluginError(f"{kind} '{name}' is registered more than once: write {ways}")
    near = difflib.get_close_matches(bare, [e.name for e in entries], n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise UnknownNameError(f"no {kind} is called '{name}'; {hint}`ganzoo list` shows them all")


def _entries(group: str, kind: str) -> list[Entry]:
    found = [
        Entry(kind, p.name, p.dist.name, p.dist.version, p.value, p)
        for p in entry_points(group=group)
        if p.dist is not None
    ]
    return sorted(found, key=lambda e: (e.name, e.package))


def _load(entry: Entry, given: Mapping[str, Any], kind: type[T]) -> Loaded[T]:
    function = entry.function()
    try:
        resolved = plugin_options.resolve(function, given, entry.label)
        value = function(**resolved)
    except GanzooError:
        raise
    except Exception as error:
        raise PluginError(f"{entry.label} cannot be used: {reason(error)}") from error
    if not isinstance(value, kind):
        made = type(value).__name__
        raise PluginError(f"{entry.label} returned {made} where ganzoo wants {kind.__name__}")
    return Loaded(entry, resolved, value)


def _source(module: str) -> Path:
    """The file of `module`, found by the import system's finders without running any of it."""
    path: list[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    parts = module.split(".")
    for depth in range(len(parts)):
        name = ".".join(parts[: depth + 1])
        specs = (f.find_spec(name, path) for f in sys.meta_path)
        spec = next((s for s in specs if s is not None), None)
        if spec is None:
            break
        path = list(spec.submodule_search_locations or [])
    if spec is None or spec.origin is None:
        raise ImportError(module)
    return Path(spec.origin)
