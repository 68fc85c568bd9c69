"""The computation graph of an architecture, a run or an ONNX file, as a picture of a page."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any

from ganzoo.api.meaning import architectures, is_architecture
from ganzoo.api.remarking import log
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.report.network.drawing import NetworkDrawing, drawing
from ganzoo.runs.finding import Words, find, find_run, runs_folder
from ganzoo.zoo.options import unparse

if TYPE_CHECKING:
    from ganzoo.architecture import Architecture
    from ganzoo.zoo.registry import Loaded

NETRON = "Netron (netron.app) shows every operation of an ONNX file"


def graph(
    what: Words | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    runs: Words | None = None,
    title: str = "",
    say: Callable[[str], None] = log,
) -> NetworkDrawing:
    """Draw networks layer by layer, with the shapes and the parameters, to fit a page of A4.

    `what` is the name of an architecture, which `options` are for, or a run, or an .onnx file,
    which needs no torch. The default is the latest run. Of the first two both networks run once, on
    zeros, so lines show what really flows: residual connections, labels, styles. A notebook shows
    the result; its `.save(path)` writes .svg, .html, .png or .pdf. `title` stands at the top, by
    default the name. `say` is told where a plugin did something that was put right; by default that
    goes to the logger `ganzoo`.

    Raises `ganzoo.errors.ModelFileError` where there is no such run or file, or where the file is
    damaged or hostile; `PluginError` where a plugin does not work; UsageError for options of what
    is no architecture.
    """
    folder = runs_folder(runs)
    if what is not None and is_architecture(what, folder, say):
        return _of_architecture(title or os.fspath(what), os.fspath(what), options or {}, say)
    if options:
        which = "a run" if what is None else os.fspath(what)
        raise UsageError(
            f"options must be left out: {which} is no architecture, and has its own", "options"
        )
    try:
        found = find(what, folder)
    except ModelFileError as error:
        near = difflib.get_close_matches(os.fspath(what or ""), architectures(), n=1)
        hint = f"; did you mean the architecture '{near[0]}'?" if near else ""
        raise ModelFileError(f"{error}{hint}") from None
    if found.kind == "onnx":
        from ganzoo.draw.network import of_file

        name = quote(str(found.path))
        more = f"{NETRON}: open {name} there, or `pip install netron` and `netron {name}`."
        return drawing(title or found.called or found.path.name, [of_file.read(found.path)], more)
    run = find_run(found.path)
    made = run.facts().architecture
    title = title or run.path.resolve().name
    return _of_architecture(title, made.qualified, made.options, say, quote(str(run.path)))


def _of_architecture(
    title: str,
    name: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
    run: str = "RUN",
) -> NetworkDrawing:
    from ganzoo.runs.job import open_architecture
    from ganzoo.train.networks import describe_networks
    from ganzoo.train.tracing import flows
    from ganzoo.zoo import registry

    loaded = open_architecture(name, options, say)
    with registry.blame(loaded.entry):
        networks = {which: net for which, (net, _) in describe_networks(loaded.value).items()}
        found = flows(loaded.value, networks)
    more = f"{NETRON}: `ganzoo export {run} --onnx` writes the generator of a run as one."
    return drawing(title, found, more, [_described(loaded)])


def _described(loaded: Loaded[Architecture]) -> str:
    settings = ", ".join(f"{k}={unparse(v)}" for k, v in loaded.options.items())
    return f"{loaded.entry.name} of {loaded.entry.package} {loaded.entry.version} ({settings})."
