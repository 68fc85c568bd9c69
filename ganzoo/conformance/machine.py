"""What `ganzoo doctor` says of this machine: versions of packages, and the device."""

from __future__ import annotations

import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from ganzoo.architecture import __version__
from ganzoo.errors import broken_library, reason, set_aside
from ganzoo.zoo.probe import answers, telling

PACKAGES = (
    "numpy", "onnxruntime", "pillow", "rich", "typer",
    "torch", "torchvision", "safetensors", "onnx", "onnxscript", "matplotlib",
)  # fmt: skip
ABSENT, DEVICE = "not installed", "device"


def look(seconds: float = 60) -> tuple[dict[str, str], str]:
    """Return the versions of what ganzoo uses, and the default device and why, in words.

    Each library is imported in another process, as one that is broken may end it; importing one may
    take `seconds`.
    """
    found = {
        "ganzoo": __version__,
        "python": f"{platform.python_version()} ({platform.platform()})",
        **{package: _version(package) for package in PACKAGES},
    }
    there = [package for package in PACKAGES if found[package] != ABSENT]
    told: dict[str, str] = {}
    while waiting := [name for name in (*there, DEVICE) if name not in told]:
        answers_ = answers("ganzoo.conformance.machine:child", {"names": waiting}, seconds)
        for name, answer in zip(waiting, answers_, strict=False):
            told[name] = str(answer.get("told") or answer.get("end", ""))
            if "end" in answer:
                break
    device = told.pop(DEVICE)
    return found | {n: f"{found[n]}: {why}" for n, why in told.items() if why}, device


def child(names: list[str]) -> None:
    """Import each of `names`, and tell why it cannot be; tell the device."""
    with telling() as tell:
        for name in names:
            tell({"told": _device() if name == DEVICE else _problem(name)})


def _problem(package: str) -> str:
    try:
        import_module({"pillow": "PIL"}.get(package, package))
    except Exception as error:
        set_aside(error)
        return reason(error)
    return ""


def _device() -> str:
    try:
        from ganzoo.train.device import choose
    except Exception as error:
        why = broken_library(error) or "torch is not installed"
        return f"none: {why}, so this environment lists, samples and judges only"
    return str(choose())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT
