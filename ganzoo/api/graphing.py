"""The computation graph of an architecture, a run or an ONNX file, as a picture of a page."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from ganzoo.api.meaning import architectures, is_architecture
from ganzoo.api.remarking import log
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.report.network.drawing import NetworkDrawing, drawing
from ganzoo.runs.finding import Words, find, find_run, runs_folder
from ganzoo.runs.folder import Run


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
        from ganzoo.report.network import of_architecture

        name = os.fspath(what)
        return of_architecture.draw(title or name, name, options or {}, say)
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

        title = title or found.called or found.path.name
        return drawing(title, [of_file.read(found.path)], _netron(found.path))
    return _of_run(find_run(found.path), title, say)


def _of_run(run: Run, title: str, say: Callable[[str], None]) -> NetworkDrawing:
    from ganzoo.export.exporting import default_path
    from ganzoo.report.network import of_architecture

    made, name = run.facts().architecture, run.path.resolve().name
    exported = default_path(name, "float32", uint8=False)
    more = _netron(exported) if exported.is_file() else ""
    return of_architecture.draw(title or name, made.qualified, made.options, say, more)


def _netron(file: Path) -> str:
    name = quote(str(file))
    return (
        f"Netron (netron.app) shows every operation of an ONNX file: open {name} there, or "
        f"`pip install netron` and `netron {name}`."
    )
