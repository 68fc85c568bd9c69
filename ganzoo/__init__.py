"""ganzoo: a zoo of GAN architectures. Train with torch, export to ONNX, sample without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.architecture import Architecture, Dataset, Objective, TrainConfig
from ganzoo.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ganzoo.draw.generator import Generator

__all__ = ["Architecture", "Dataset", "Objective", "TrainConfig", "__version__", "load"]


def load(
    path: str | Path, providers: str | Sequence[str] = "auto", threads: int | None = None
) -> Generator:
    """Open an ONNX generator written by `ganzoo export`; needs onnxruntime, not torch.

    Returns a `ganzoo.generator.Generator`: `.sample(n, seed=0)` gives uint8 images (n, H, W, C).
    `providers` are onnxruntime's, such as "CPU" or "CUDA"; "auto" takes CUDA where it works.
    `threads` is by default the number of CPUs that this process may use. Raises
    `ganzoo.errors.ModelFileError` where the file is missing, damaged, hostile or not ganzoo's, and
    `DeviceError` where a provider that you ask for is not there.
    """
    from ganzoo.draw.session import load_onnx

    return load_onnx(path, providers, threads)
