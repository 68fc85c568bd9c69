"""The installed plugins, as their metadata describe them; nothing is imported."""

from __future__ import annotations

import difflib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from ganzoo.errors import PluginError
from ganzoo.printable import line
from ganzoo.zoo import source

GROUPS = {
    "architecture": "ganzoo.architectures",
    "data set": "ganzoo.datasets",
    "features": "ganzoo.features",
    "model": "ganzoo.models",
}


class UnknownNameError(PluginError):
    """No plugin registers that name."""


@dataclass(frozen=True)
class Entry:
    """One registered name: whose it is and where its function is. Nothing is imported yet."""

    kind: str  # "architecture", "data set", "features" or "model"
    name: str
    package: str
    version: str
    target: str  # "module:function"
    requires: tuple[str, ...] = ()  # what its package depends on, as in its metadata

    @property
    def label(self) -> str:
        """Name for messages: `architecture 'mlp_gan' of ganzoo 0.1.0`."""
        return f"{self.kind} '{self.name}' of {self.package} {self.version}"

    @property
    def qualified(self) -> str:
        """Name that is never ambiguous: `package:name`."""
        return f"{self.package}:{self.name}"

    @property
    def hidden(self) -> bool:
        """Whether $GANZOO_PLUGINS, a list of packages, leaves it out."""
        allowed = allowed_packages()
        return bool(allowed) and plain(self.package) not in allowed

    def summary(self) -> str:
        """Return the first line of the function's docstring, or ""; run no code."""
        return source.summary(self.target)


def installed() -> list[Entry]:
    """Return every registered plugin, hidden ones too, by kind and name."""
    packages: dict[str, list[Entry]] = {}
    for distribution in distributions():
        with suppress(Exception):  # a damaged package is its own problem
            if entries := _entries(distribution):
                packages.setdefault(plain(entries[0].package), entries)  # the first on the path
    found = [entry for entries in packages.values() for entry in entries]
    return sorted(found, key=lambda e: (e.kind, e.name, e.package))


def architectures() -> list[Entry]:
    """Return every architecture that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "architecture" and not e.hidden]


def datasets() -> list[Entry]:
    """Return every data set that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "data set" and not e.hidden]


def features() -> list[Entry]:
    """Return every plugin of features that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "features" and not e.hidden]


def models() -> list[Entry]:
    """Return every trained model that may be used, sorted by name."""
    return [e for e in installed() if e.kind == "model" and not e.hidden]


def find(entries: list[Entry], name: str) -> Entry:
    """Return the one entry called `name` or `package:name`.

    Raises PluginError if several packages register the name; UnknownNameError, which tells the
    nearest name, if none does.
    """
    package, _, bare = name.rpartition(":")
    found = [e for e in entries if e.name == bare and plain(package) in ("", plain(e.package))]
    if len(found) == 1:
        return found[0]
    kind = entries[0].kind if entries else "plugin"
    if found:
        ways = " or ".join(e.qualified for e in found)
        raise PluginError(f"{kind} '{name}' is registered more than once: write {ways}")
    kinds = {e.kind for e in entries} or GROUPS.keys()
    if hidden := [e for e in installed() if e.name == bare and e.hidden and e.kind in kinds]:
        raise UnknownNameError(f"{hidden[0].label} is left out by $GANZOO_PLUGINS: add its package")
    near = difflib.get_close_matches(bare, [e.name for e in entries], n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise UnknownNameError(f"no {kind} is called '{name}'; {hint}`ganzoo list` shows them all")


def allowed_packages() -> set[str]:
    """Return the packages that $GANZOO_PLUGINS names; an empty set restricts nothing."""
    named = os.environ.get("GANZOO_PLUGINS", "").split(",")
    return {plain(package) for package in named if package.strip()}


def plain(package: str) -> str:
    """Return a package's name as the index compares it: `Ganzoo_LSGAN` is `ganzoo-lsgan`."""
    return re.sub(r"[-_.]+", "-", package.strip()).lower()


def _entries(distribution: Distribution) -> list[Entry]:
    points = distribution.entry_points
    found = [(kind, p) for kind, group in GROUPS.items() for p in points.select(group=group)]
    if not found:
        return []
    # Each of these parses the package's whole metadata anew.
    package, version = line(distribution.metadata["Name"]), line(distribution.version)
    requires = tuple(distribution.requires or ())
    return [Entry(kind, line(p.name), package, version, p.value, requires) for kind, p in found]
