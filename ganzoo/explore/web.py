"""The page with onnxruntime-web and the model in it: for any static host, or for a double click."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from ganzoo.draw.session import from_bytes
from ganzoo.errors import OutputError
from ganzoo.explore.facts import facts
from ganzoo.explore.html import one_file, page, with_policy
from ganzoo.storage import write_whole

BATCH = 4
"""Images that the page draws at a time; it cannot react while it draws."""


def files(model: bytes, name: str, runtime: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return all files of a page that draws with the ONNX file `model` in the reader's browser.

    `runtime` is what `runtime.onnxruntime_web` returns. Its WebAssembly is compressed here, as not
    every host does that. Raises ModelFileError if the model is not to be trusted.
    """
    known = {**facts(from_bytes(model, name, "CPU"), name), "source": "page", "batch": BATCH}
    return {
        **page(known),
        "ort.js": runtime["ort.js"],
        "ort.wasm": gzip.compress(runtime["ort.wasm"], mtime=0),
        "model.onnx": model,
    }


def write_folder(content: Mapping[str, bytes], folder: Path, force: bool = False) -> int:
    """Write what `files` returned into a folder, which may exist; return how many bytes.

    Raises OutputError if it would replace a file of another page, unless `force`.
    """
    return _write({folder / name: data for name, data in with_policy(content).items()}, force)


def write_single_file(content: Mapping[str, bytes], file: Path, force: bool = False) -> int:
    """Write what `files` returned as one HTML file; return how many bytes.

    Raises OutputError if it would replace another file, unless `force`.
    """
    return _write({file: one_file(content)}, force)


def _write(content: Mapping[Path, bytes], force: bool) -> int:
    for path, data in content.items():
        if path.is_file() and not force and path.read_bytes() != data:
            raise OutputError(
                f"{path} is there and is not of this page: choose another place, or say force=True",
                "force",
            )
    for path, data in content.items():
        write_whole(path, data)
    return sum(map(len, content.values()))
