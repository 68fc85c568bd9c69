"""Loading every plugin at a safe distance: each package in a process of its own, with a time limit.

That process may print, crash, or hang. What it found until then is kept, and the plugin at which it
ended is named.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import IO, Any, Literal, NamedTuple

from ganzoo.architecture import Architecture, Dataset
from ganzoo.errors import DataError, GanzooError, broken_library, missing_extra, reason
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.models import Model
from ganzoo.zoo.registry import Loaded

State = Literal["ok", "unavailable", "faulty", "clash", "broken", "hidden"]
_CHILD = """
import importlib, json, sys
job = json.load(sys.stdin)
sys.path[:] = job["path"]
module, _, function = job["run"].partition(":")
getattr(importlib.import_module(module), function)(**job["arguments"])
"""


class Finding(NamedTuple):
    """What became of loading one plugin.

    `state` is "ok"; "unavailable" if the machine lacks its data, or a library; "faulty" if it works
    but does what it should not; "clash" if it works under its qualified name alone; "broken" if it
    cannot be loaded; "hidden" if $GANZOO_PLUGINS leaves it out, so nobody tried.
    """

    entry: Entry
    state: State
    detail: str = ""

    @property
    def usable(self) -> bool:
        """Whether one can train with it."""
        return self.state in ("ok", "faulty", "clash")


def survey(seconds: float = 60) -> list[Finding]:
    """Return a finding for each installed plugin, by package; name clashes are found, too."""
    everything = sorted(catalogue.installed(), key=_package)
    names = Counter((e.kind, e.name) for e in everything if not e.hidden)
    found = {f.entry: f for f in probe([e for e in everything if not e.hidden], seconds)}
    for entry in everything:
        if entry.hidden:
            found[entry] = Finding(entry, "hidden", "left out by $GANZOO_PLUGINS")
        elif names[entry.kind, entry.name] > 1 and found[entry].state == "ok":
            clash = f"another package registers this name too: write {entry.qualified}"
            found[entry] = Finding(entry, "clash", clash)
    return [found[entry] for entry in everything]


def probe(entries: list[Entry], seconds: float = 60) -> list[Finding]:
    """Load all `entries`, each package in a process of its own; a plugin may take `seconds`."""
    packages = [list(group) for _, group in groupby(sorted(entries, key=_package), key=_package)]
    stop = Event()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = [pool.submit(_look_from_outside, p, seconds, stop) for p in packages]
        try:
            found = {finding.entry: finding for look in looks for finding in look.result()}
        except BaseException:  # Ctrl-C: leave no process behind
            stop.set()
            raise
    return [found[entry] for entry in entries]


def _package(entry: Entry) -> tuple[str, str]:
    return entry.package, entry.version


def _look_from_outside(entries: list[Entry], seconds: float, stop: Event) -> list[Finding]:
    """Start processes until every entry has a finding; return the findings."""
    findings: list[Finding] = []
    while waiting := entries[len(findings) :]:
        arguments = {"entries": [asdict(e) for e in waiting]}
        end = ""
        told = answers("ganzoo.zoo.probe:child", arguments, seconds, stop)
        for entry, answer in zip(waiting, told, strict=False):
            if "end" in answer:
                end = answer["end"]
                break
            findings.append(Finding(entry, **answer))
        module = None
        for entry in entries[len(findings) :]:  # the one that ended it, and others of its module
            if module not in (None, entry.target.partition(":")[0]):
                break
            module = entry.target.partition(":")[0]
            findings.append(Finding(entry, "broken", end))
    return findings


def answers(
    run: str, arguments: Mapping[str, Any], seconds: float, stop: Event | None = None
) -> Iterator[dict[str, Any]]:
    """Run the function `run` ("module:function") in a new process; yield what it tells.

    The function tells it by `telling`. Each answer may take `seconds`. If the process ends before
    the function does, or has to be ended, the last item is {"end": how}.
    """
    job = {"path": sys.path, "run": run, "arguments": dict(arguments)}
    # Files, not pipes: a process that the plugin starts may hold on to them without harm.
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder, "asked"), Path(folder, "told")
        asked.write_text(json.dumps(job))
        with asked.open() as stdin, told.open("wb") as stdout, told.open("rb") as heard:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CHILD],
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that what a plugin starts can be ended with it
            )
            try:
                end = yield from _follow(process, heard, seconds, stop or Event())
            finally:
                _end(process)
        if end:
            yield {"end": end}


def _follow(
    process: subprocess.Popen[bytes], heard: IO[bytes], seconds: float, stop: Event
) -> Generator[dict[str, Any], None, str]:
    """Yield the answers in `heard` as they come; return how the process ended, "" if it is done."""
    read, deadline = 0, time.monotonic() + seconds
    while True:
        ended = process.poll() is not None or stop.wait(0.02)
        heard.seek(read)
        lines = heard.read().splitlines(keepends=True)
        for line in (line for line in lines if line.endswith(b"\n")):
            read, deadline = read + len(line), time.monotonic() + seconds
            answer = json.loads(line)
            if answer is None:
                return ""
            yield answer
        if ended:
            return f"ends the process that runs it, with exit status {process.poll()}"
        if time.monotonic() > deadline:
            return f"does not finish within {seconds:g} s"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and, where the system has process groups, all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def child(entries: list[dict[str, Any]]) -> None:
    """Look at each of `entries`: this is what the child runs."""
    with telling() as tell:
        for facts in entries:
            state, detail = look(Entry(**facts), {})
            tell({"state": state, "detail": detail})


@contextmanager
def telling() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield, in a child, the function that passes an answer on; then end the process."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a plugin itself writes to stdout is no answer

    def tell(answer: dict[str, Any] | None) -> None:
        print(json.dumps(answer), file=report, flush=True)

    yield tell
    tell(None)
    os._exit(0)  # without waiting for threads that a plugin may have started


def look(entry: Entry, options: Mapping[str, Any]) -> tuple[State, str]:
    """Load the plugin in this process; return its state and a detail."""
    try:
        if entry.kind == "architecture":
            faults, detail = registry.load(entry, options, Architecture).faults, ""
        elif entry.kind == "features":
            # Their type is of a room above; what this returns needs only to look like it.
            features: Loaded[Any] = registry.load(entry, options, object)
            faults, detail = features.faults, f"version {features.value.version}"
        elif entry.kind == "model":
            model = registry.load(entry, options, Model)
            faults, detail = model.faults, "x".join(map(str, model.value.size))
        else:
            function, first = registry.import_function(entry)
            offers = "download" in inspect.signature(function).parameters
            looking = {"download": False} if offers else {}  # looking must not fetch
            loaded = registry.load(entry, {**looking, **options}, Dataset)
            faults, detail = (*first, *loaded.faults), f"{len(loaded.value.images):,} images"
    except DataError as error:
        return "unavailable", str(error)
    except GanzooError as error:
        cause = error.__cause__ or error
        lacking = broken_library(cause) or missing_extra(cause)  # not the plugin's fault
        state: State = "unavailable" if lacking else "broken"
        return state, str(error).removeprefix(f"{entry.label} ").removeprefix(": ")
    except Exception as error:  # an odd sequence of images, or a damaged installation
        return "broken", f"cannot be loaded: {reason(error)}"
    return ("faulty", "when it is loaded, it " + " and ".join(faults)) if faults else ("ok", detail)
