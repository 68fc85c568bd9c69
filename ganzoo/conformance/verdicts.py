"""Run the checks: each gives a verdict, and one that fails does not stop the others."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from ganzoo.architecture import Architecture, Dataset
from ganzoo.errors import GanzooError, PluginError, reason
from ganzoo.tables import as_html, as_text
from ganzoo.zoo import catalogue, options, registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.guard import guarded
from ganzoo.zoo.probe import answers, look, telling
from ganzoo.zoo.registry import Loaded


class Verdict(NamedTuple):
    """The result of one check: its name, whether it passed, and what was found or is wrong."""

    check: str
    passed: bool
    detail: str


class Verdicts(list[Verdict]):
    """All verdicts on a plugin: a list, which a prompt and a notebook show as a table."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(verdict.passed for verdict in self)

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table in words: "ok" or "FAIL", the check, and what was found."""
        return [("ok" if passed else "FAIL", check, found) for check, passed, found in self]

    def __repr__(self) -> str:
        return "\n".join([as_text(self.rows()), self._outcome()])

    def _repr_html_(self) -> str:
        return as_html(self.rows(), ("", "check", "what was found"), [self._outcome()])

    def _outcome(self) -> str:
        held = sum(verdict.passed for verdict in self)
        return f"{'passed' if self.passed else 'failed'} ({held} of {len(self)} checks hold)"


Check = Callable[[Loaded[Any]], str]
"""A function that returns what it found, or raises an error where the plugin breaks the rule."""


def check(name: str, given: Mapping[str, Any] | None = None) -> Verdicts:
    """Return all verdicts on the installed architecture, data set, features or model `name`.

    `given` are its options. The test of an author is
    `assert check("my_gan").passed`. Raises PluginError where no package registers `name`.
    """
    entries = [entry for entry in catalogue.installed() if not entry.hidden]
    return Verdicts(check_entry(catalogue.find(entries, name), given or {}))


def check_entry(entry: Entry, given: Mapping[str, Any], seconds: float = 120) -> Iterator[Verdict]:
    """Yield the verdicts on `entry` as they come, from a child process.

    A plugin that crashes or hangs ends only the child. Each check may take `seconds`. After a
    plugin that does not load or breaks the contract, no further check is run.
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
    """Check `entry` in the child process; tell the parent which check begins, and its verdict."""
    with telling() as tell:
        for verdict in check_here(Entry(**entry), given, lambda name: tell({"begins": name})):
            tell(verdict._asdict())


def check_here(
    entry: Entry, given: Mapping[str, Any], begins: Callable[[str], None] = lambda name: None
) -> Iterator[Verdict]:
    """Yield the verdicts on `entry` from this process, which a bad plugin may end, hang or change.

    `begins` is called with the name of each check before the check. The check "name" is left out.
    """
    for name, run in _all_checks(entry, given):
        begins(name)
        verdict = _judge(name, run)
        yield verdict
        if not verdict.passed and name in ("loads", "contract"):
            break


def _all_checks(entry: Entry, given: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield each check with its name; the plugin is loaded after the first two."""
    yield "loads", partial(_loads, entry, given)
    yield "options", partial(_options, entry, given)
    kind, checks = _checks(entry)
    loaded: Loaded[Any] = registry.load(entry, given, kind)
    for run in checks:
        yield run.__name__.replace("_", " "), partial(run, loaded)


def _checks(entry: Entry) -> tuple[type[Any], tuple[Check, ...]]:
    """Return the type that the plugin must give, and the checks for plugins of its kind."""
    if entry.kind == "architecture":
        from ganzoo.conformance import architectures

        return Architecture, architectures.CHECKS
    if entry.kind == "features":
        from ganzoo.conformance import features
        from ganzoo.evaluate.features import Features

        return Features, features.CHECKS
    if entry.kind == "model":
        from ganzoo.conformance import models
        from ganzoo.zoo.models import Model

        return Model, models.CHECKS
    from ganzoo.conformance import datasets

    return Dataset, datasets.CHECKS


def _judge(name: str, run: Callable[[], str]) -> Verdict:
    """Run one check, and return its verdict; the plugin may neither print nor change anything.

    An error that is not ganzoo's is one of the plugin's code, and told with its line.
    """
    found, wrong = "", None
    try:
        with guarded("this", "checked") as faults:
            try:
                found = run()
            except Exception as error:
                wrong = str(error) if isinstance(error, GanzooError) else reason(error)
    except GanzooError as error:  # what even a guard must stop, such as SystemExit
        wrong = str(error)
    if wrong is None and faults:
        wrong = f"its code {' and '.join(faults)}: leave that out"
    return Verdict(name, wrong is None, found if wrong is None else wrong)


def _name(entry: Entry) -> str:
    """Check that no other package registers the same name."""
    same = [e for e in catalogue.installed() if (e.kind, e.name) == (entry.kind, entry.name)]
    others = {e.package for e in same} - {entry.package}
    if others:
        raise PluginError(f"{' and '.join(sorted(others))} registers it too: choose another name")
    return entry.name


def _loads(entry: Entry, given: Mapping[str, Any]) -> str:
    """Check that the plugin can be imported and called, and does nothing else meanwhile."""
    state, detail = look(entry, given)
    if state != "ok":
        raise PluginError(detail)
    return "in a process of its own, and prints and changes nothing"


def _options(entry: Entry, given: Mapping[str, Any]) -> str:
    """Check the options and the summary.

    Each option must be keyword-only, and have a type and a default that survive as a word on the
    command line and as JSON in a file. The summary is the first line of the docstring.
    """
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
