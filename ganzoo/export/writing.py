"""Write ONNX files, and replace none that holds another model."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import OutputError, UsageError
from ganzoo.storage import write_whole


def check_suffix(target: Path) -> None:
    """Raise UsageError where `target` is not the name of an ONNX file."""
    if target.suffix != ".onnx":
        raise UsageError(f"'{target}' does not end in .onnx, as the name of an ONNX file must")


def write_model(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file; raise OutputError where another one is there, unless `force` replaces it."""
    if target.is_file() and not force and target.read_bytes() != content:
        raise another(target)
    write_whole(target, content)


def another(target: Path) -> OutputError:
    """Return the error of a place that is taken."""
    return OutputError(
        f"{target} is there and is not this model: choose another path, or say force=True", "force"
    )
