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

from ganzoo.draw import firstlayer, form, graph, untrusted
from ganzoo.draw.activations import Activations
from ganzoo.draw.apart import Apart
from ganzoo.draw.form import Form, Given
from ganzoo.draw.generator import Generator
from ganzoo.draw.graph import Graph
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.untrusted import Contents
from ganzoo.draw.vocabulary.cost import of_batch, of_one_image
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
    how = form.read(contents, info, path)
    found = graph.read(content, path)
    most = _most_at_once(found, info, how)

    def opened_session(content: bytes) -> onnxruntime.InferenceSession | Apart:
        if most or ours:
            return open_session(content, contents, path, providers, threads)
        return Apart(content, contents, path, providers, threads)

    session = opened_session(content)

    def forward(*inputs: NDArray[Any]) -> NDArray[Any]:
        made = list[NDArray[Any]]()
        for given, n in how.calls(inputs):
            (images,) = _run(session, path, ["image"], given, n)
            if images.dtype == np.float16:
                images = images.astype(np.float32)
            shape = how.batch or n, *info.output_shape
            if images.shape != shape or images.dtype != info.image["dtype"]:
                raise ModelFileError(
                    f"{path} draws {images.dtype} {images.shape}, not what it declares"
                )
            made.append(images[:n])
        return made[0] if len(made) == 1 else np.concatenate(made)

    sha256, runs_on = hashlib.sha256(content).hexdigest(), session.get_providers()[0]
    names = firstlayer.find(found.nodes)
    if not names:
        return Generator(info, forward, sha256, runs_on, most=most)

    @functools.cache
    def opened() -> Activations:  # drawing needs none
        extended = opened_session(firstlayer.with_outputs(content, names))
        run = functools.partial(_run, extended, path, names, partly=True)
        return Activations(run, info, how, path)

    def first_layer(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        return opened()(*inputs)

    return Generator(info, forward, sha256, runs_on, first_layer, most=most)


def _run(
    session: onnxruntime.InferenceSession | Apart,
    path: str | Path,
    names: Sequence[str],
    given: Given,
    n: int,
    *,
    partly: bool = False,
) -> list[NDArray[Any]]:
    """Return the values `names` of n images, with `partly` from a run of only what they need.

    `path` is only for messages.
    """
    options = None
    if partly:
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
    try:
        return [np.asarray(value) for value in session.run(names, given, options)]
    except ModelFileError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise ModelFileError(why_not_run(error, path, n)) from error


def _most_at_once(found: Graph, info: ModelInfo, how: Form) -> int:
    """Return how many images a file may draw at once in this process; 0: it is run apart.

    Only graphs of the kind that `ganzoo export` writes are run here, as their work is known. A call
    of onnxruntime cannot be interrupted: so it may not take long.
    """
    if how.takes_float16:
        return 0
    try:
        if how.batch is None:
            cost = of_one_image(found, info)
            return min(MAX_PRODUCTS // cost.products, MAX_MEMORY // cost.nbytes)
        cost = of_batch(found, info, how.batch)
    except Unknown:
        return 0
    return how.batch if cost.products <= MAX_PRODUCTS and cost.nbytes <= MAX_MEMORY else 0


def usable_cpus() -> int:
    """Return how many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
