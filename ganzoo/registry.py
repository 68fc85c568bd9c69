"""Plugins by name. Names come from entry-point metadata; only the one asked for is imported."""

from __future__ import annotations

import ast
import difflib
import importlib.machinery
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import Any, Generic, TypeVar

from ganzoo import options as plugin_options
from ganzoo.architecture import Architecture, Dataset, Plugin
from ganzoo.errors import PluginError
from ganzoo.guard import guarded
from ganzoo.version import __version__

T = TypeVar("T", Architecture, Dataset)

GROUPS = {"architecture": "ganzoo.architectures", "data set": "ganzoo.datasets"}


class UnknownNameError(PluginError):
    """No plugin registers that name."""


@dataclass(frozen=True)
class Entry:
    """One registered name: whose it is and where its function lives. Nothing is imported yet."""

    kind: str  # "architecture" or "data set"
    name: str
    package: str
    version: str
    target: str  # "module:function"
    requires: tuple[str, ...] = ()  # what its package depends on, as in its metadata

    @property
    def label(self) -> str:
        """How messages name it: `architecture 'mlp_gan' of ganzoo 0.1.0`."""
        return f"{self.kind} '{self.name}' of {self.package} {self.version}"

    @property
    def qualified(self) -> str:
        """The name that only it has."""
        return f"{self.package}:{self.name}"

    @property
    def hidden(self) -> bool:
        """Whether $GANZOO_PLUGINS, a list of packages, leaves it out."""
        allowed = os.environ.get("GANZOO_PLUGINS")
        return allowed is not None and _plain(self.package) not in map(_plain, allowed.split(","))

    def function(self) -> Plugin:
        """Import the plugin and return its function; PluginError says why it cannot be."""
        return import_function(self)[0]

    def summary(self) -> str:
        """The first line of the function's docstring, read from the source: nothing is run."""
        module, _, name = self.target.partition(":")
        try:
            tree = ast.parse(_source(module).read_bytes())
        except (OSError, SyntaxError, ValueError, ImportError, AttributeError, RecursionError):
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
    faults: tuple[str, ...] = ()  # what it did to the process while it was imported and called

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


def installed() -> list[Entry]:
    """Every registered architecture and data set, by kind and name, even those that are hidden."""
    packages: dict[str, list[Entry]] = {}
    for distribution in distributions():
        with suppress(Exception):  # a damaged package is its own problem
            if entries := _entries(distribution):
                packages.setdefault(_plain(entries[0].package), entries)  # the first on the path
    found = [entry for entries in packages.values() for entry in entries]
    return sorted(found, key=lambda e: (e.kind, e.name, e.package))


def architectures() -> list[Entry]:
    """Every architecture that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "architecture" and not e.hidden]


def datasets() -> list[Entry]:
    """Every data set that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "data set" and not e.hidden]


def load_architecture(name: str, options: Mapping[str, Any] | None = None) -> Loaded[Architecture]:
    """Build the architecture `name` (or `package:name`) with `options` (words or JSON values)."""
    return load(find(architectures(), name), options or {}, Architecture)


def load_dataset(name: str, options: Mapping[str, Any] | None = None) -> Loaded[Dataset]:
    """Build the data set `name` (or `package:name`) with `options` (words or JSON values)."""
    return load(find(datasets(), name), options or {}, Dataset)


def load(entry: Entry, given: Mapping[str, Any], kind: type[T]) -> Loaded[T]:
    """Import the plugin of `entry` and call it with `given` options; it must return a `kind`."""
    value, options, faults = _call(entry, given)
    if not isinstance(value, kind):
        made = type(value).__name__
        raise PluginError(f"{entry.label} returned {made} where ganzoo wants {kind.__name__}")
    return Loaded(entry, options, value, faults)


def import_function(entry: Entry) -> tuple[Plugin, list[str]]:
    """The plugin's function, and its faults."""
    _check_requirements(entry)
    if entry.kind == "architecture":  # so that what it does to these is seen and put back
        import numpy.random  # noqa: F401

        with suppress(ImportError):
            import torch  # noqa: F401
    with guarded(f"{entry.label} cannot be imported") as faults:
        function = EntryPoint(entry.name, entry.target, GROUPS[entry.kind]).load()
    if not callable(function):
        raise PluginError(f"{entry.label} is not a function: {entry.target}")
    return function, faults


def default_dataset(loaded: Loaded[Architecture]) -> str:
    """The data set to train it on: of its own package, where that registers the name."""
    own = f"{loaded.entry.package}:{loaded.value.dataset}"
    return own if own in {entry.qualified for entry in datasets()} else loaded.value.dataset


def find(entries: list[Entry], name: str) -> Entry:
    """The one entry called `name` or `package:name`; otherwise PluginError, with the nearest."""
    package, _, bare = name.rpartition(":")
    found = [e for e in entries if e.name == bare and package in ("", e.package)]
    if len(found) == 1:
        return found[0]
    kind = entries[0].kind if entries else "plugin"
    if found:
        ways = " or ".join(e.qualified for e in found)
        raise PluginError(f"{kind} '{name}' is registered more than once: write {ways}")
    if hidden := [e for e in installed() if e.name == bare and e.hidden]:
        raise UnknownNameError(f"{hidden[0].label} is left out by $GANZOO_PLUGINS: add its package")
    near = difflib.get_close_matches(bare, [e.name for e in entries], n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise UnknownNameError(f"no {kind} is called '{name}'; {hint}`ganzoo list` shows them all")


def _entries(distribution: Distribution) -> list[Entry]:
    points = distribution.entry_points
    return [
        Entry(
            kind,
            point.name,
            distribution.metadata["Name"],
            distribution.version,
            point.value,
            tuple(distribution.requires or ()),
        )
        for kind, group in GROUPS.items()
        for point in points.select(group=group)
    ]


def _call(entry: Entry, given: Mapping[str, Any]) -> tuple[object, dict[str, Any], tuple[str, ...]]:
    """What the plugin returns, the options that it was called with, and its faults."""
    function, faults = import_function(entry)
    with guarded(f"{entry.label} cannot be used") as more:
        options = plugin_options.resolve(function, given, entry.label)
        value = function(**options)
    return value, options, (*faults, *more)


def _check_requirements(entry: Entry) -> None:
    """The contract is ganzoo's version: refuse a package that asks for another."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in entry.requires:
        with suppress(InvalidRequirement):
            requirement = Requirement(line)
            if _plain(requirement.name) == "ganzoo" and not requirement.specifier.contains(
                __version__, prereleases=True
            ):
                raise PluginError(
                    f"{entry.label} is built for ganzoo{requirement.specifier}, and this is "
                    f"{__version__}: install a ganzoo or {entry.package} that fits"
                )


def _plain(package: str) -> str:
    """A package's name as the index compares it: `Ganzoo_LSGAN` is `ganzoo-lsgan`."""
    return re.sub(r"[-_.]+", "-", package.strip()).lower()


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
