"""ganzoo: a zoo of GAN architectures. Train with torch, export to ONNX, sample without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.architecture import Architecture, Dataset, Objective, TrainConfig
from ganzoo.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from ganzoo.generator import Generator

__all__ = ["Architecture", "Dataset", "Objective", "TrainConfig", "__version__", "load"]


def load(path: str | Path) -> Generator:
    """Open an ONNX generator written by `ganzoo export`; needs onnxruntime, not torch.

    Returns a `ganzoo.generator.Generator`: `.sample(n, seed=0)` gives uint8 images (n, H, W, C).
    Raises `ganzoo.errors.ModelFileError` where the file is missing or not ganzoo's.
    """
    from ganzoo.sampling import load_onnx

    return load_onnx(path)
