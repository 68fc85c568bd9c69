"""Drawing from an ONNX file: numpy and onnxruntime, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ganzoo.errors import ModelFileError
from ganzoo.generator import Generator
from ganzoo.modelinfo import ModelInfo


def load_onnx(path: str | Path) -> Generator:
    """Open an ONNX generator that `ganzoo export` wrote.

    Raises ModelFileError where the file is missing, is no ONNX file, or was not written by ganzoo.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist: `ganzoo export` writes one") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder, not an ONNX file") from None
    return from_bytes(content, path)


def from_bytes(content: bytes, path: str | Path) -> Generator:
    """As `load_onnx`, for the content of a file; `path` is only for messages."""
    try:
        session = onnxruntime.InferenceSession(
            content, _session_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelFileError(f"{path} is not an ONNX file that can be run: {error}") from error
    info = ModelInfo.from_metadata(session.get_modelmeta().custom_metadata_map, path)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [i.name for i in inputs] != ["latent"] or [o.name for o in outputs] != ["image"]:
        raise ModelFileError(f"{path} should map one input 'latent' to one output 'image'")

    def run(z: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(["image"], {"latent": z})[0])

    return Generator(info, run)


def _session_options() -> onnxruntime.SessionOptions:
    """Quiet, and with as many threads as this process may use: onnxruntime counts the host's."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = usable_cpus()
    return options


def usable_cpus() -> int:
    """How many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
