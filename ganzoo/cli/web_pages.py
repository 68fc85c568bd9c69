"""`ganzoo export --web` and `--single-file`: write a page instead of an ONNX file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli.console import note

if TYPE_CHECKING:
    from ganzoo.runs.finding import Found


def write_pages(
    source: Found,
    export_to: Callable[[Path], object],
    folder: Path | None,
    file: Path | None,
    same: Callable[[bytes], bool],
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write the page of `source` into `folder`, as one `file`, or both, and print its size.

    `source` is an ONNX file, which needs no torch, or a model that `export_to(path)` exports; then
    `same` tells whether a file could be what that gives.
    """
    from ganzoo.draw import untrusted
    from ganzoo.explore import web
    from ganzoo.explore.runtime import onnxruntime_web

    # The download may fail and the export takes long, so the download comes first.
    if source.kind == "onnx":
        model = untrusted.read(source.path)
        web.check_free(folder, file, lambda content: content == model, force)
        runtime = onnxruntime_web(note)
    else:
        web.check_free(folder, file, same, force)
        runtime = onnxruntime_web(note)
        with tempfile.TemporaryDirectory() as temporary:
            target = Path(temporary, "model.onnx")
            export_to(target)
            model = target.read_bytes()
    content = web.files(model, source.name, runtime)
    written: dict[str, int] = {}
    if folder is not None:
        written[str(folder)] = web.write_folder(content, folder, force)
    if file is not None:
        written[str(file)] = web.write_single_file(content, file, force)
    if as_json:
        print_json([{"path": path, "bytes": size} for path, size in written.items()])
        return
    wasm = len(content["ort.wasm"]) + len(content["ort.js"])
    print_line(f"model      {len(model):,} bytes, of {source.path}")
    print_line(f"runtime    {wasm:,} bytes, onnxruntime-web")
    for path, size in written.items():
        print_line(f"in all     {size:,} bytes in {path}")
    for path in written:
        print_line(path)
