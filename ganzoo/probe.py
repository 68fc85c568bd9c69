"""Every plugin looked at from a safe distance: in a process of its package's own, for a while.

That process may print, crash, or never come back; what it found until then is kept, and the plugin
at which it ended is named.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import groupby
from typing import Any, Literal, NamedTuple

from ganzoo import catalogue, registry
from ganzoo.architecture import Architecture, Dataset
from ganzoo.catalogue import Entry
from ganzoo.errors import DataError, GanzooError, missing_extra, reason

State = Literal["ok", "unavailable", "faulty", "broken", "hidden"]
_CHILD = """
import json, sys
job = json.load(sys.stdin)
sys.path[:] = job["path"]
from ganzoo.probe import child
child(job["entries"])
"""


class Finding(NamedTuple):
    """What became of loading one plugin with its default options.

    "ok"; "unavailable" where the machine lacks its data, or torch; "faulty" where it works but does
    what it should not; "broken" where it cannot be loaded; "hidden" where $GANZOO_PLUGINS leaves it
    out and nobody tried.
    """

    entry: Entry
    state: State
    detail: str = ""

    @property
    def usable(self) -> bool:
        """Whether one can train with it."""
        return self.state in ("ok", "faulty")


def survey(seconds: float = 60) -> list[Finding]:
    """Everything that is installed, by package, name clashes included."""
    everything = sorted(catalogue.installed(), key=_package)
    taken = Counter((e.kind, e.name) for e in everything if not e.hidden)
    found = {f.entry: f for f in probe([e for e in everything if not e.hidden], seconds)}
    for entry in everything:
        if entry.hidden:
            found[entry] = Finding(entry, "hidden", "left out by $GANZOO_PLUGINS")
        elif taken[entry.kind, entry.name] > 1 and found[entry].usable:
            clash = f"another package registers this name: write {entry.qualified}"
            found[entry] = Finding(entry, "faulty", clash)
    return [found[entry] for entry in everything]


def probe(entries: list[Entry], seconds: float = 60) -> list[Finding]:
    """Load each of `entries`, in as many processes as there are packages; each gets `seconds`."""
    packages = [list(group) for _, group in groupby(sorted(entries, key=_package), key=_package)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda package: list(_look_from_outside(package, seconds)), packages)
        by_entry = {finding.entry: finding for findings in found for finding in findings}
    return [by_entry[entry] for entry in entries]


def _package(entry: Entry) -> tuple[str, str]:
    return entry.package, entry.version


def _look_from_outside(entries: list[Entry], seconds: float) -> Iterator[Finding]:
    """The findings of processes that are started until every entry has one."""
    while entries:
        findings, end = _run_child(entries, seconds)
        yield from findings
        entries = entries[len(findings) :]
        if entries:
            yield Finding(entries[0], "broken", end)
            entries = entries[1:]


def _run_child(entries: list[Entry], seconds: float) -> tuple[list[Finding], str]:
    """What one process found before it ended, and how it ended."""
    job = json.dumps({"path": sys.path, "entries": [asdict(entry) for entry in entries]})
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            out, _ = process.communicate(job, timeout=seconds)
            end = f"ends the process that loads it, with exit status {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            end = f"does not finish loading within {seconds:g} s"
    answers = [json.loads(line) for line in out.splitlines()]
    return [Finding(e, **answer) for e, answer in zip(entries, answers, strict=False)], end


def child(entries: list[dict[str, Any]]) -> None:
    """Run in the child: write one line of JSON for each of `entries`, as it is done."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a plugin writes to stdout, by whatever means, is not our report
    for facts in entries:
        entry = Entry(**{**facts, "requires": tuple(facts["requires"])})
        state, detail = _look(entry)
        print(json.dumps({"state": state, "detail": detail}), file=report, flush=True)
    os._exit(0)  # without waiting for threads that a plugin may have started


def _look(entry: Entry) -> tuple[State, str]:
    try:
        if entry.kind == "architecture":
            faults, detail = registry.load(entry, {}, Architecture).faults, ""
        else:
            function, first = registry.import_function(entry)
            offers = "download" in inspect.signature(function).parameters
            options = {"download": False} if offers else {}  # looking must not fetch
            loaded = registry.load(entry, options, Dataset)
            faults, detail = (*first, *loaded.faults), f"{len(loaded.value.images):,} images"
    except DataError as error:
        return "unavailable", str(error)
    except GanzooError as error:
        needs_torch = error.__cause__ is not None and missing_extra(error.__cause__)
        state: State = "unavailable" if needs_torch else "broken"
        return state, str(error).removeprefix(f"{entry.label} ").removeprefix(": ")
    except Exception as error:  # an odd sequence of images, or a damaged installation
        return "broken", f"cannot be loaded: {reason(error)}"
    return ("faulty", "when it is loaded, it " + " and ".join(faults)) if faults else ("ok", detail)
