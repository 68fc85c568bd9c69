"""The page with onnxruntime-web and the model in it: for any static host, or for a double click."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ganzoo.draw.session import from_bytes
from ganzoo.errors import OutputError
from ganzoo.explore.facts import facts
from ganzoo.explore.html import INDEX, one_file, page, with_policy
from ganzoo.storage import check_place, write_whole

MODEL = "model.onnx"
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
        MODEL: model,
    }


def check_free(
    folder: Path | None, file: Path | None, same: Callable[[bytes], bool], force: bool = False
) -> None:
    """Raise OutputError where a page of another model is in the way; OSError where none can be.

    `same` tells whether a model may be the one that the page is to have. So it can be asked before
    the model is made.
    """
    found: dict[Path, bytes] = {}
    if folder is not None:
        check_place(folder / MODEL)
        if (folder / INDEX).is_file() or (folder / MODEL).is_file():
            found[folder / MODEL] = _content(folder / MODEL)
    if file is not None:
        check_place(file)
        if file.is_file():
            inside = re.search(rb'id="model\.onnx">([\w+/=]*)<', file.read_bytes())
            found[file] = base64.b64decode(inside[1]) if inside else b""
    for path, model in found.items():
        if not (force or same(model)):
            raise _another(path)


def _content(file: Path) -> bytes:
    """Return the content of a file, b"" where there is none."""
    return file.read_bytes() if file.is_file() else b""


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
            raise _another(path)
    for path, data in content.items():
        write_whole(path, data)
    return sum(map(len, content.values()))


def _another(path: Path) -> OutputError:
    """Return the error of a place where another page is."""
    return OutputError(
        f"{path} is there and is not of this page: choose another place, or say force=True", "force"
    )
