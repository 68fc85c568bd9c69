"""Running the checks: each gives a verdict, and one that fails does not stop the others."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from ganzoo.architecture import Architecture, Dataset
from ganzoo.errors import GanzooError, PluginError
from ganzoo.zoo import catalogue, options, registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.guard import guarded
from ganzoo.zoo.probe import answers, look, telling
from ganzoo.zoo.registry import Loaded


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


def check_entry(entry: Entry, given: Mapping[str, Any], seconds: float = 120) -> Iterator[Verdict]:
    """The verdicts on `entry` as they come, from a process that it cannot take with it.

    Each check may take `seconds`. What does not load or breaks the contract is checked no further.
    """
    yield _judge("name", partial(_name, entry))
    at_work = "loads"
    arguments = {"entry": asdict(entry), "given": dict(given)}
    for answer in answers("ganzoo.conformance.verdicts:child", arguments, seconds):
        if "end" in answer:
            yield Verdict(at_work, False, answer["end"])
        elif "begins" in answer:
            at_work = answer["begins"]
        else:
            yield Verdict(**answer)


def child(entry: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Run in the child: check `entry`, saying which check begins and what came of it."""
    with telling() as tell:
        for verdict in check_here(Entry(**entry), given, lambda name: tell({"begins": name})):
            tell(verdict._asdict())


def check_here(
    entry: Entry, given: Mapping[str, Any], begins: Callable[[str], None] = lambda name: None
) -> Iterator[Verdict]:
    """The verdicts on `entry` from this process, which a bad plugin may end, hang or change.

    `begins` is told the name of each check before it. All but "name", which is about the others.
    """
    for name, run in _all_checks(entry, given):
        begins(name)
        verdict = _judge(name, run)
        yield verdict
        if not verdict.passed and name in ("loads", "contract"):
            break


def _all_checks(entry: Entry, given: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "loads", partial(_loads, entry, given)
    yield "options", partial(_options, entry, given)
    kind, checks = _checks(entry)
    loaded: Loaded[Any] = registry.load(entry, given, kind)
    for run in checks:
        yield run.__name__.replace("_", " "), partial(run, loaded)


def _checks(entry: Entry) -> tuple[type[Any], tuple[Check, ...]]:
    if entry.kind == "architecture":
        from ganzoo.conformance import architectures

        return Architecture, architectures.CHECKS
    from ganzoo.conformance import datasets

    return Dataset, datasets.CHECKS


def _judge(name: str, run: Callable[[], str]) -> Verdict:
    """The verdict of one check; what the plugin prints or changes meanwhile is a failure too."""
    try:
        with guarded("this", "checked") as faults:
            found = run()
    except GanzooError as error:
        return Verdict(name, False, str(error))
    return Verdict(name, not faults, f"it {' and '.join(faults)}" if faults else found)


def _name(entry: Entry) -> str:
    """No other package registers it."""
    same = [e for e in catalogue.installed() if (e.kind, e.name) == (entry.kind, entry.name)]
    others = {e.package for e in same} - {entry.package}
    if others:
        raise PluginError(f"{' and '.join(sorted(others))} registers it too: choose another name")
    return entry.name


def _loads(entry: Entry, given: Mapping[str, Any]) -> str:
    """It is imported and called, and does nothing else."""
    state, detail = look(entry, given)
    if state != "ok":
        raise PluginError(detail)
    return "in a process of its own, and prints and changes nothing"


def _options(entry: Entry, given: Mapping[str, Any]) -> str:
    """Every option has a default, and a type that a word and a file can bring; with a summary."""
    function, _ = registry.import_function(entry)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise PluginError(f"'{parameter.name}' is not keyword-only: write def f(*, …)")
        if parameter.default is parameter.empty or parameter.annotation is parameter.empty:
            raise PluginError(f"'{parameter.name}' needs a type and a default")
        written = {parameter.name: options.unparse(parameter.default)}
        if options.resolve(function, written, entry.label)[parameter.name] != parameter.default:
            raise PluginError(f"the word for '{parameter.name}' does not give its default back")
    resolved = options.resolve(function, given, entry.label)
    if options.resolve(function, json.loads(json.dumps(resolved)), entry.label) != resolved:
        raise PluginError("the options come back from a file as others")
    if not entry.summary():
        raise PluginError(
            f"no docstring is found in the source of {entry.target}: its first line is the summary"
        )
    return options.describe(function).removeprefix("its options are ")
