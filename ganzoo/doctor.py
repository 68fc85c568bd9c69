"""What this machine offers: versions, the device, data sets, and plugins that do not load."""

from __future__ import annotations

import inspect
import platform
from importlib.metadata import PackageNotFoundError, version

from ganzoo import __version__, registry
from ganzoo.errors import GanzooError
from ganzoo.registry import Entry

Finding = tuple[Entry, bool, str]

PACKAGES = (
    "numpy", "onnxruntime", "pillow", "rich", "typer",
    "torch", "torchvision", "safetensors", "onnx", "onnxscript", "matplotlib",
)  # fmt: skip


def versions() -> dict[str, str]:
    """The version of ganzoo, Python and each package that some part of ganzoo uses."""
    found = {
        "ganzoo": __version__,
        "python": f"{platform.python_version()} ({platform.platform()})",
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def device() -> str:
    """The device that `--device auto` takes, and why."""
    try:
        from ganzoo.device import choose
    except ImportError:
        return "none: torch is not installed, so this environment lists and samples only"
    return str(choose())


def datasets() -> list[Finding]:
    """For each registered data set whether it is at hand, and its size or what to do."""
    return [(entry, *_try_dataset(entry)) for entry in registry.datasets()]


def architectures() -> list[Finding]:
    """For each registered architecture whether it loads, or the reason."""
    return [(entry, *_try_architecture(entry)) for entry in registry.architectures()]


def _try_dataset(entry: Entry) -> tuple[bool, str]:
    try:
        offers_download = "download" in inspect.signature(entry.function()).parameters
        options = {"download": False} if offers_download else {}  # looking must not fetch
        found = registry.load_dataset(f"{entry.package}:{entry.name}", options)
        return True, f"{len(found.value.images):,} images"
    except GanzooError as error:
        return False, str(error)


def _try_architecture(entry: Entry) -> tuple[bool, str]:
    try:
        registry.load_architecture(f"{entry.package}:{entry.name}")
        return True, "loads"
    except GanzooError as error:
        return False, str(error)
