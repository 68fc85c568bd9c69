"""Everything that can go wrong, with its exit code."""

import os
import re
import sys
from collections.abc import Iterable
from traceback import FrameSummary, extract_tb

from ganzoo.libraries import EXTRAS, broken

LIBRARIES = ("ganzoo", "numpy", "onnx", "onnxscript", "PIL", "sympy", "torch", "torchvision")
"""Packages that plugins are written with: a line of theirs does not say where a plugin is wrong."""

_BROKEN: dict[str, str] = {}
"""What `broken_library` told in this process, by library."""


class GanzooError(Exception):
    """An error the user can act on: what is wrong, whose fault it is, what to do next.

    The message names parameters as Python does: `batch_size` as its first word, or `batch_size=32`
    anywhere. `fields` are those names, so that the command line can write its options in their
    place. It prints the message in one line and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str = "", *fields: str) -> None:
        super().__init__(message)
        self.fields = fields


class UsageError(GanzooError):
    """The user asked for something that makes no sense."""

    exit_code = 2


class SettingError(UsageError, ValueError):
    """A setting of a training has a value that it cannot have."""


class PluginError(GanzooError):
    """A plugin is unknown, broken, or was configured wrongly."""

    exit_code = 3


class DataError(GanzooError):
    """The training images are missing or cannot be read."""

    exit_code = 4


class ModelFileError(GanzooError):
    """A checkpoint or an ONNX file is missing, damaged, or not ganzoo's."""

    exit_code = 5


class FirstLayerError(ModelFileError):
    """The first layer of a generator cannot be found, though it can be drawn from."""


class OutputError(GanzooError):
    """A file cannot be read or written: disk full, permissions, or something is in the way."""

    exit_code = 6


class DivergedError(GanzooError):
    """Training produced a number that is not finite."""

    exit_code = 7


class DeviceError(GanzooError):
    """The device is not there, or ran out of memory."""

    exit_code = 8


class RunInUseError(GanzooError):
    """Another process trains in the run's folder."""

    exit_code = 9


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the device or the machine has no memory left; torch has errors of its own."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "memory" in str(error)
    )


def missing_extra(error: BaseException) -> str:
    """Return which extra to install, if an import failed for want of one; otherwise ""."""
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError):
        for extra, packages in EXTRAS.items():
            if package in packages:
                return f"; install ganzoo with its extra '{extra}': {install(extra)}"
    return ""


def broken_library(error: BaseException) -> str:
    """Return one line about a library that is installed and whose import raised `error`; or "".

    It tells what the first import of the library raised, as a second one may raise something else.
    torch reads the entry points of all packages: if those of one are damaged, it is named.
    """
    absent = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    if told := _BROKEN.get(absent.partition(".")[0], ""):
        return told
    library = "" if isinstance(error, MemoryError | GanzooError) else broken(error)
    if not library or isinstance(error, KeyboardInterrupt) or missing_extra(error):
        return ""
    if library not in _BROKEN:
        why = f"{type(error).__name__}: {plain(str(error))[:300]}".removesuffix(": ")
        if file := getattr(sys.modules.get(library), "__file__", None):
            why += f" ({file})"
        why = "; ".join([why, *unreadable_entry_points()])
        _BROKEN[library] = f"{library} is installed and cannot be imported: {why}"
    return _BROKEN[library]


def set_aside(error: Exception) -> None:
    """Let every import of the library whose import raised `error` fail at once from now on.

    A second import of torch can end the process.
    """
    if broken_library(error):
        sys.modules[broken(error)] = None  # type: ignore[assignment]


def unreadable_entry_points() -> list[str]:
    """Return a line for each installed package whose entry_points.txt cannot be read."""
    from importlib.metadata import distributions

    found = []
    for distribution in distributions():
        try:
            list(distribution.entry_points)
        except Exception:  # whatever is in the file
            folder = os.path.basename(str(getattr(distribution, "_path", "some package")))
            found.append(f"{folder}/entry_points.txt cannot be read: reinstall that package")
    return sorted(set(found))


def install(extra: str, origin: str | None = None) -> str:
    """Return the command that installs an extra, from where this ganzoo was installed.

    `origin` is the content of the direct_url.json in which pip noted that; the default is that of
    this environment, "" where there is none: then ganzoo came from an index, by its name.
    """
    import json
    from shlex import quote
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    noted = json.loads((_origin() if origin is None else origin) or "{}")
    url, folder = noted.get("url", ""), noted.get("dir_info")
    if folder is not None:
        path = url2pathname(urlsplit(url).path)
        return f"pip install {'-e ' if folder.get('editable') else ''}{quote(f'{path}[{extra}]')}"
    if "vcs_info" in noted:
        url = f"{noted['vcs_info']['vcs']}+{url}"
    return f"pip install {quote(f'ganzoo[{extra}] @ {url}'.removesuffix(' @ '))}"


def _origin() -> str | None:
    """Return the direct_url.json of this environment's ganzoo, or None."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution("ganzoo").read_text("direct_url.json")
    except PackageNotFoundError:  # it is on the path, but not installed
        return None


def reason(error: BaseException) -> str:
    """Return an exception of a plugin's code in one line: `ValueError: too wide (gan.py, line 7)`.

    An error of ganzoo has its message alone: the name of its class tells the user nothing. Where a
    library is broken, that is named first.
    """
    if library := broken_library(error):
        return library
    kind = "" if isinstance(error, GanzooError) else type(error).__name__
    told = ": ".join(part for part in (kind, plain(str(error))[:300]) if part)
    return f"{told}{_where(error)}{missing_extra(error)}"


def plain(text: str) -> str:
    """Return a text in one line, without the codes that colour it in a terminal."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text).split())


def _where(error: BaseException) -> str:
    """Return the innermost line that is neither ours nor a library's: ` (my_gan.py, line 7)`."""
    if isinstance(error, SyntaxError):
        return ""  # its message says where
    frame = line_of_user(extract_tb(error.__traceback__))
    return f" ({os.path.basename(frame.filename)}, line {frame.lineno})" if frame else ""


def line_of_user(frames: Iterable[FrameSummary]) -> FrameSummary | None:
    """Return the innermost frame, which is the last, whose code is neither ours nor a library's."""
    found = [f for f in frames if not (f.filename.startswith("<") or _is_library(f.filename))]
    return found[-1] if found else None


def _is_library(file: str) -> bool:
    """Return whether a file is Python's own, or of a package that plugins are written with."""
    standard = os.path.dirname(os.__file__)
    if file.startswith(standard + os.sep) and "site-packages" not in file:
        return True
    packages = (sys.modules.get(name) for name in LIBRARIES)
    folders = (os.path.dirname(package.__file__ or "") for package in packages if package)
    return file.startswith(tuple(folder + os.sep for folder in folders))
