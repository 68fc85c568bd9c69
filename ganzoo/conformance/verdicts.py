"""Running the checks: each gives a verdict, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from ganzoo import catalogue, options, registry
from ganzoo.architecture import Architecture, Dataset
from ganzoo.catalogue import Entry
from ganzoo.errors import GanzooError, PluginError
from ganzoo.guard import guarded
from ganzoo.probe import probe
from ganzoo.registry import Loaded


class Verdict(NamedTuple):
    """One check: its name, whether it passed, and what was found or what is wrong."""

    check: str
    passed: bool
    detail: str


Check = Callable[[Loaded[Any]], str]
"""Returns what it found; raises PluginError, or anything, where the plugin does not hold."""


def check(name: str, given: Mapping[str, Any] | None = None) -> list[Verdict]:
    """All verdicts on the installed architecture or data set `name`, with `given` options.

    An author's test is `assert all(v.passed for v in check("my_gan"))`. PluginError where nobody
    registers `name`.
    """
    entries = [*catalogue.architectures(), *catalogue.datasets()]
    return list(check_entry(catalogue.find(entries, name), given or {}))


def check_entry(entry: Entry, given: Mapping[str, Any], seconds: float = 60) -> Iterator[Verdict]:
    """The verdicts on `entry` as they come; what does not load gets the first one alone."""
    (finding,) = probe([entry], seconds)
    clean = "in a process of its own, and changes and prints nothing"
    loads = finding.state == "ok"
    yield Verdict("loads", loads, clean if loads else finding.detail)
    if not finding.usable:
        return
    kind, checks = _checks(entry)
    verdict = _judge("options", lambda: _options(entry, given, kind))
    yield verdict
    if verdict.passed:
        loaded: Loaded[Any] = registry.load(entry, given, kind)
        for run in checks:
            yield _judge(run.__name__.replace("_", " "), partial(run, loaded))


def _checks(entry: Entry) -> tuple[type[Any], tuple[Check, ...]]:
    if entry.kind == "architecture":
        from ganzoo.conformance import architectures

        return Architecture, architectures.CHECKS
    from ganzoo.conformance import datasets

    return Dataset, datasets.CHECKS


def _judge(name: str, run: Callable[[], str]) -> Verdict:
    try:
        with guarded("failed"):  # a plugin's code may print and raise whatever it likes
            return Verdict(name, True, run())
    except GanzooError as error:
        return Verdict(name, False, str(error))


def _options(entry: Entry, given: Mapping[str, Any], kind: type[Any]) -> str:
    """Every option has a type that --set can check and a default, and there is a summary."""
    import inspect

    function, _ = registry.import_function(entry)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise PluginError(f"'{parameter.name}' is not keyword-only: write def f(*, …)")
        if parameter.default is parameter.empty or parameter.annotation is parameter.empty:
            raise PluginError(f"'{parameter.name}' needs a type and a default")
        written = {parameter.name: options.unparse(parameter.default)}
        if options.resolve(function, written, entry.label)[parameter.name] != parameter.default:
            raise PluginError(f"--set {parameter.name}=… does not give its default back")
    if entry.summary().startswith("("):
        raise PluginError("its function has no docstring, whose first line `ganzoo list` shows")
    registry.load(entry, given, kind)
    return options.describe(function).removeprefix("its options are ")
