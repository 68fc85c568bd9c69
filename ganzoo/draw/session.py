"""Drawing from an ONNX file: numpy and onnxruntime, nothing else."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ganzoo.draw import firstlayer, graph, untrusted
from ganzoo.draw.apart import Apart
from ganzoo.draw.generator import Generator
from ganzoo.draw.graph import Graph
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.ports import Port
from ganzoo.draw.untrusted import Contents
from ganzoo.draw.vocabulary.cost import of_one_image
from ganzoo.draw.vocabulary.values import Unknown
from ganzoo.errors import DeviceError, ModelFileError, UsageError

MAX_MEMORY = 4 * 2**30
"""Bytes that a model may ask for on the CPU while it is opened or draws one batch."""

MAX_PRODUCTS = 2**38
"""Most products of one call: they take some ten seconds on two cores."""

CPU = "CPUExecutionProvider"
AUTOMATIC = ("CUDAExecutionProvider", CPU)
"""Providers that `providers="auto"` tries, in this order."""


def load_onnx(
    path: str | Path, providers: str | Sequence[str] = "auto", threads: int | None = None
) -> Generator:
    """Open an ONNX generator that `ganzoo export` wrote.

    `providers` are names as onnxruntime has them; "CUDA" is short for "CUDAExecutionProvider", and
    "auto" is CUDA where it works, else the CPU. `threads` is by default the number of CPUs that
    this process may use. Raises ModelFileError if the file is missing, damaged, not to be trusted,
    or not ganzoo's; DeviceError if a provider is not there.
    """
    return from_bytes(untrusted.read(path), path, providers, threads)


def from_bytes(
    content: bytes,
    path: str | Path,
    providers: str | Sequence[str] = "auto",
    threads: int | None = None,
    *,
    ours: bool = False,
) -> Generator:
    """Open the content of a file, as `load_onnx` does; `path` is only for messages.

    A graph that is `ours`, as this process has just exported it, runs here whatever is in it.
    """
    contents = untrusted.inspect(content, path)
    info = ModelInfo.from_metadata(contents.metadata, path)
    _check_ports(contents, info, path)
    found = graph.read(content, path)
    most = _most_at_once(found, info)

    def opened_session(content: bytes) -> onnxruntime.InferenceSession | Apart:
        if most or ours:
            return open_session(content, contents, path, providers, threads)
        return Apart(content, contents, path, providers, threads)

    session = opened_session(content)

    def forward(z: NDArray[np.float32], *more: NDArray[Any]) -> NDArray[Any]:
        try:
            given = dict(zip(info.inputs, (z, *more), strict=True))
            images = np.asarray(session.run(["image"], given)[0])
        except ModelFileError:
            raise
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise ModelFileError(why_not_run(error, path, len(z))) from error
        if images.shape != (len(z), *info.output_shape) or images.dtype != info.image["dtype"]:
            raise ModelFileError(
                f"{path} draws {images.dtype} {images.shape}, not what it declares"
            )
        return images

    sha256, runs_on = hashlib.sha256(content).hexdigest(), session.get_providers()[0]
    inner = firstlayer.find(found.nodes)
    if not inner:
        return Generator(info, forward, sha256, runs_on, most=most)

    @functools.cache
    def opened() -> _FirstLayer:  # drawing needs none
        extended = firstlayer.with_outputs(content, inner)
        return _FirstLayer(opened_session(extended), inner, info, path)

    def first_layer(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        return opened()(*inputs)

    return Generator(info, forward, sha256, runs_on, first_layer, most=most)


class _FirstLayer:
    """From what a model takes to the values `names` of its graph: float32 (n, features)."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession | Apart,
        names: list[str],
        info: ModelInfo,
        path: str | Path,
    ) -> None:
        self.session, self.names, self.inputs, self.path = session, names, info.inputs, path
        few, more = (self._values(*info.zeros(n)) for n in (2, 3))
        self.batch_axes = [_grown(a, b) for a, b in zip(few, more, strict=True)]

    def __call__(self, z: NDArray[np.float32], *more: NDArray[Any]) -> NDArray[np.float32]:
        values = zip(self._values(z, *more), self.batch_axes, strict=True)
        try:
            parts = [np.moveaxis(value, axis, 0).reshape(len(z), -1) for value, axis in values]
        except ValueError as error:
            raise ModelFileError(
                f"{self.path} does not keep the images of a batch apart"
            ) from error
        return np.concatenate(parts, axis=1)

    def _values(self, z: NDArray[Any], *more: NDArray[Any]) -> list[NDArray[np.float32]]:
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        try:
            given = dict(zip(self.inputs, (z, *more), strict=True))
            made = self.session.run(self.names, given, options)
            return [np.asarray(value, np.float32) for value in made]
        except ModelFileError:
            raise
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise ModelFileError(why_not_run(error, self.path, len(z))) from error


def _grown(few: NDArray[np.float32], more: NDArray[np.float32]) -> int:
    """Return the axis of the batch; it is the last where weights stand on the left of z."""
    sizes = zip(few.shape, more.shape, strict=False)
    return next((axis for axis, (a, b) in enumerate(sizes) if a != b), 0)


def _most_at_once(found: Graph, info: ModelInfo) -> int:
    """Return how many images a file may draw at once in this process; 0: it is run apart.

    Only graphs of the kind that `ganzoo export` writes are run here, as their work is known. A call
    of onnxruntime cannot be interrupted: so it may not take long.
    """
    try:
        cost = of_one_image(found, info)
    except Unknown:
        return 0
    return min(MAX_PRODUCTS // cost.products, MAX_MEMORY // cost.nbytes)


def usable_cpus() -> int:
    """Return how many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_ports(contents: Contents, info: ModelInfo, path: str | Path) -> None:
    """Raise ModelFileError unless inputs and output are exactly as the metadata say."""
    wanted = [Port(name, *port) for name, port in info.inputs.items()]
    output = Port("image", info.image["dtype"], (None, *info.output_shape))
    if (contents.inputs, contents.outputs) != (wanted, [output]):
        shape = ", ".join(map(str, info.output_shape))
        raise ModelFileError(
            f"{path} should map {info.takes} to image {info.image['dtype']} (n, {shape}), and does "
            "not"
        )


def open_session(
    content: bytes,
    contents: Contents,
    path: str | Path,
    providers: str | Sequence[str],
    threads: int | None = None,
) -> onnxruntime.InferenceSession:
    """Open a file's content whose structure was inspected, with the settings of all models.

    `contents` is what `untrusted.inspect` found; `path` is only for messages. Raises
    ModelFileError, DeviceError and UsageError as `load_onnx` does.
    """
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be at least 1, not {threads}")
    wanted = chosen(providers)
    _limit_memory()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # onnxruntime counts the host's CPUs, whatever this process may use of them.
    options.intra_op_num_threads = threads or usable_cpus()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never guess
    # TF32 would round to ten bits, and the pictures would not be those of the CPU.
    exact = [(name, {"use_tf32": "0"} if name.startswith("CUDA") else {}) for name in wanted]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=exact)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelFileError(_why_not_opened(error, contents, path)) from error
    if providers != "auto" and session.get_providers()[: len(wanted)] != wanted:
        raise DeviceError(f"onnxruntime cannot use {wanted[0]} here, though it is installed")
    return session


def chosen(asked: str | Sequence[str]) -> list[str]:
    """Return the full names of the providers that are asked for; DeviceError if one is missing."""
    available = onnxruntime.get_available_providers()
    if asked == "auto":
        return [name for name in AUTOMATIC if name in available]
    names = [asked] if isinstance(asked, str) else list(asked)
    full = [name if name.endswith("Provider") else f"{name}ExecutionProvider" for name in names]
    missing = [name for name in full if name not in available]
    if missing or not full:
        raise DeviceError(
            f"this onnxruntime has no {', '.join(missing) or 'provider of that name'}; it has "
            f"{', '.join(available)}"
        )
    return full


@functools.cache
def _limit_memory() -> None:
    """Limit all models together to `MAX_MEMORY` on the CPU: a file may declare a terabyte.

    If the program that uses ganzoo registered an allocator before, that one's limits hold instead.
    """
    info = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(info, onnxruntime.OrtArenaCfg(MAX_MEMORY, -1, -1, -1))


def _why_not_opened(error: Exception, contents: Contents, path: str | Path) -> str:
    message = " ".join(str(error).split())
    if re.search(r"IR version: \d+|[Oo]pset \d+ is under", message):
        return (
            f"{path} has opset {contents.opset} and IR version {contents.ir_version}, and "
            f"onnxruntime {onnxruntime.__version__} cannot run that: upgrade onnxruntime"
        )
    return f"{path} is not an ONNX file that can be run: {message[:300]}"


def why_not_run(error: Exception, path: str | Path, batch: int) -> str:
    """Return one line about a batch that onnxruntime could not run."""
    message = " ".join(str(error).split())
    if "memory" in message:
        return f"{path} needs more than {MAX_MEMORY // 2**30} GiB for {batch} images at once" + (
            "" if batch == 1 else ": try a smaller batch size"
        )
    return f"{path} cannot be run: {message[:300]}"
