"""Write ONNX files, and replace none that holds another model."""

from __future__ import annotations

import os
from pathlib import Path

from ganzoo.errors import OutputError, UsageError
from ganzoo.storage import write_whole


def check_suffix(target: Path) -> None:
    """Raise UsageError where `target` is not the name of an ONNX file."""
    if target.suffix != ".onnx":
        raise UsageError(f"'{target}' does not end in .onnx, as the name of an ONNX file must")


def write_model(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file; raise OutputError where another one is there, unless `force` replaces it."""
    if os.path.lexists(target) and not force and not _holds(target, content):
        raise another(target)
    write_whole(target, content)


def _holds(target: Path, content: bytes) -> bool:
    """Return whether a file has this content; a larger one, or what is no file, is not read."""
    return (
        target.is_file()
        and target.stat().st_size == len(content)
        and target.read_bytes() == content
    )


def another(target: Path) -> OutputError:
    """Return the error of a place that is taken."""
    return OutputError(
        f"{target} is there and is not this model: choose another path, or say force=True", "force"
    )
