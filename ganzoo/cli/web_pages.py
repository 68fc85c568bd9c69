"""`ganzoo export --web` and `--single-file`: write a page instead of an ONNX file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cli.console import note

if TYPE_CHECKING:
    from ganzoo.runs.finding import Found


def write_pages(
    source: Found,
    export_to: Callable[[Path], object],
    folder: Path | None,
    file: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write the page of `source` into `folder`, as one `file`, or both, and print its size.

    `source` is an ONNX file, which needs no torch, or a model that `export_to(path)` exports.
    """
    from ganzoo.draw import untrusted
    from ganzoo.explore import web
    from ganzoo.explore.runtime import onnxruntime_web

    # The download may fail and the export takes long, so the download comes first.
    if source.kind == "onnx":
        model = untrusted.read(source.path)
        runtime = onnxruntime_web(note)
    else:
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
        print(json.dumps([{"path": path, "bytes": size} for path, size in written.items()]))
        return
    wasm = len(content["ort.wasm"]) + len(content["ort.js"])
    print(f"model      {len(model):,} bytes, of {source.path}")
    print(f"runtime    {wasm:,} bytes, onnxruntime-web")
    for path, size in written.items():
        print(f"in all     {size:,} bytes in {path}")
    for path in written:
        print(path)
