"""What this machine offers: versions, the device, data sets, and plugins that do not load."""

from __future__ import annotations

import inspect
import platform
from importlib.metadata import PackageNotFoundError, version

from ganzoo import __version__, registry
from ganzoo.errors import GanzooError

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


def datasets() -> dict[str, tuple[bool, str]]:
    """For each registered data set whether it is at hand, and its size or what to do."""
    return {entry.name: _try_dataset(entry) for entry in registry.datasets()}


def plugins() -> dict[str, tuple[bool, str]]:
    """For each registered architecture whether it loads, and its package or the reason."""
    return {entry.name: _try_architecture(entry) for entry in registry.architectures()}


def _try_dataset(entry: registry.Entry) -> tuple[bool, str]:
    try:
        offers_download = "download" in inspect.signature(entry.function()).parameters
        options = {"download": False} if offers_download else {}  # looking must not fetch
        found = registry.load_dataset(f"{entry.package}:{entry.name}", options)
        return True, f"{len(found.value.images):,} images"
    except GanzooError as error:
        return False, str(error)


def _try_architecture(entry: registry.Entry) -> tuple[bool, str]:
    try:
        registry.load_architecture(f"{entry.package}:{entry.name}")
        return True, f"{entry.package} {entry.version}"
    except GanzooError as error:
        return False, str(error)
