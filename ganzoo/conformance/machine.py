"""What `ganzoo doctor` says of this machine: versions of packages, and the device."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from ganzoo.architecture import __version__

PACKAGES = (
    "numpy", "onnxruntime", "pillow", "rich", "typer",
    "torch", "torchvision", "safetensors", "onnx", "onnxscript", "matplotlib",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of ganzoo, Python and each package that some part of ganzoo uses."""
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
    """Return the name of the default device and the reason for it, in words."""
    try:
        from ganzoo.train.device import choose
    except ImportError:
        return "none: torch is not installed, so this environment lists, samples and judges only"
    return str(choose())
