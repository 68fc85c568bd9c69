"""The libraries that ganzoo uses: which extra installs one, and whether one is being imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from traceback import walk_stack, walk_tb
from types import FrameType, ModuleType

EXTRAS = {
    "train": {"jinja2", "matplotlib", "onnx", "onnxscript", "safetensors", "torch", "torchvision"},
    "explore": {"starlette", "uvicorn"},
    "tensorboard": {"tensorboard"},
    "hub": {"huggingface_hub"},
}
"""Packages that each extra of ganzoo installs, by the names that are imported."""

BASE = {"PIL", "numpy", "onnxruntime", "packaging", "platformdirs", "rich", "typer"}
"""Packages that ganzoo always needs, by the names that are imported."""

USED = BASE.union(*EXTRAS.values())


def broken(error: BaseException) -> str:
    """Return the library that is installed and whose import raised `error`; "" if none did.

    So is a library in which ganzoo's own code does not find a name: it is of another version, or a
    file of the user's that is called like it.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return _imported_in(frames) or _lacking(frames, error) or _unreadable(frames, error)


def importing(frame: FrameType | None) -> bool:
    """Return whether the code at `frame` runs because a library or a room of ganzoo is imported.

    A plugin's own module does not count: it may take for ever.
    """
    frames = [frame for frame, _ in walk_stack(frame)]
    tops = [number for number, frame in enumerate(frames) if frame.f_code.co_name == "<module>"]
    machinery = any(_is_machinery(frame) for frame in frames[: tops[0] if tops else None])
    rooms = any(_package(frames[number]) == "ganzoo" for number in tops)
    return machinery or rooms or bool(_imported_in(frames))


def _imported_in(frames: Iterable[FrameType]) -> str:
    """Return the first library at whose top level one of the frames is; "" if none is."""
    tops = (frame for frame in frames if frame.f_code.co_name == "<module>")
    return next(filter(None, map(_used, map(_package, tops))), "")


def _lacking(frames: list[FrameType], error: BaseException) -> str:
    """Return the library in which ganzoo did not find a name; "" if that is not what happened."""
    if not frames or _package(frames[-1]) != "ganzoo" or isinstance(error, ModuleNotFoundError):
        return ""
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return _used(error.obj.__name__)
    return _used(str(error.name)) if isinstance(error, ImportError) else ""


def _unreadable(frames: list[FrameType], error: BaseException) -> str:
    """Return the library of which a file is damaged, so that none of its code runs; or ""."""
    names = [str(frame.f_locals.get("name", "")) for frame in frames if _is_machinery(frame)]
    if isinstance(error, SyntaxError):
        file = error.filename or ""
        beyond = [
            file[len(folder) + 1 :] for folder in sys.path if file.startswith(folder + os.sep)
        ]
        names += [path.partition(os.sep)[0] for path in beyond]
    return next(filter(None, map(_used, names)), "")


def _is_machinery(frame: FrameType) -> bool:
    """Return whether a frame runs code of Python's import system."""
    return frame.f_code.co_filename.startswith("<frozen importlib")


def _package(frame: FrameType) -> str:
    """Return the package whose code a frame runs."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _used(module: str) -> str:
    """Return the package of a module, if it is one that ganzoo uses; otherwise ""."""
    package = module.partition(".")[0].removesuffix(".py")
    return package if package in USED else ""
