"""Loading plugins: only the one asked for is imported, behind a guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, Generic, TypeVar

from ganzoo.architecture import Architecture, Dataset, Plugin, __version__
from ganzoo.errors import PluginError, set_aside
from ganzoo.zoo import options as plugin_options
from ganzoo.zoo.catalogue import GROUPS, Entry, architectures, datasets, find, plain
from ganzoo.zoo.guard import guarded

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A plugin's value, with where it came from and the options that made it."""

    entry: Entry
    options: dict[str, Any]
    value: T
    faults: tuple[str, ...] = ()  # what it did to the process when imported and called

    def describe(self) -> dict[str, Any]:
        """Return what `run.json` and model files record: enough to build the same thing again."""
        return {
            "name": self.entry.name,
            "package": self.entry.package,
            "version": self.entry.version,
            "options": self.options,
        }

    def settings(self) -> str:
        """Return the options in one line, as one gives them: `hidden=256,512, slope=0.2`."""
        return ", ".join(f"{k}={plugin_options.unparse(v)}" for k, v in self.options.items())

    def in_words(self) -> str:
        """Return what it is, and its options: `mlp_gan of ganzoo 0.1.0 (latent_dim=100, …)`."""
        entry = self.entry
        return f"{entry.name} of {entry.package} {entry.version} ({self.settings()})"


@contextmanager
def blame(entry: Entry) -> Iterator[None]:
    """Name `entry` in a PluginError that comes from inside, unless it is named already."""
    try:
        yield
    except PluginError as error:
        if entry.label in str(error):
            raise
        raise PluginError(f"{entry.label}: {error}", *error.fields) from error


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
    """Import the plugin; return its function, and what importing it did to the process.

    Raises PluginError if the import fails.
    """
    _check_requirements(entry)
    if entry.kind != "model":  # which is a file, and is drawn from without torch
        try:  # first, so that what the plugin does to them is seen and put back
            import numpy.random  # noqa: F401
            import torch  # noqa: F401
        except Exception as error:  # it is not there, or broken; many plugins need neither
            set_aside(error)
    with blame(entry), guarded(entry.label, "imported") as faults:
        function = EntryPoint(entry.name, entry.target, GROUPS[entry.kind]).load()
    if not callable(function):
        raise PluginError(f"{entry.label} is not a function: {entry.target}")
    return function, faults


def default_dataset(loaded: Loaded[Architecture]) -> str:
    """Return the data set to train it on: its own package's, if that registers the name."""
    own = f"{loaded.entry.package}:{loaded.value.dataset}"
    return own if own in {entry.qualified for entry in datasets()} else loaded.value.dataset


def _call(entry: Entry, given: Mapping[str, Any]) -> tuple[object, dict[str, Any], tuple[str, ...]]:
    """Call the plugin; return its result, the options that it got, and its faults."""
    function, faults = import_function(entry)
    with blame(entry), guarded(entry.label, "used") as more:
        options = plugin_options.resolve(function, given, entry.label)
        value = function(**options)
    return value, options, (*faults, *more)


def _check_requirements(entry: Entry) -> None:
    """Refuse a package that asks for another ganzoo: its version is that of the contract."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in entry.requires:
        with suppress(InvalidRequirement):
            requirement = Requirement(line)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if plain(requirement.name) != "ganzoo" or not applies:
                continue
            if not requirement.specifier.contains(__version__, prereleases=True):
                raise PluginError(
                    f"{entry.label} is built for ganzoo{requirement.specifier}, and this is "
                    f"{__version__}: install a ganzoo or {entry.package} that fits"
                )
