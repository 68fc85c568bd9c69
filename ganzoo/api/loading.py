"""Open a generator to draw from, in whatever kind of file or folder it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.errors import UsageError
from ganzoo.runs.finding import Words, find, runs_folder

if TYPE_CHECKING:
    from ganzoo.draw.generator import Generator


def load(
    model: Words | None = None,
    providers: str | Sequence[str] = "auto",
    threads: int | None = None,
    *,
    runs: Words | None = None,
) -> Generator:
    """Open a generator: `.sample(n, seed=0)` gives uint8 images (n, H, W, C).

    `model` is an .onnx file, the name of an installed model, or a folder that `ganzoo publish`
    wrote: these need onnxruntime but not torch. Or it is a run (its folder, or its name below
    `runs`), a checkpoint's folder, or a .safetensors file; these need torch. The
    default is the latest run. `providers` and `threads` are for .onnx files. `providers` are those
    of onnxruntime, such as "CPU" or "CUDA"; "auto" takes CUDA where it works. `threads` is by
    default the number of CPUs that this process may use.

    Returns a `ganzoo.draw.generator.Generator`. Raises `ganzoo.errors.ModelFileError` where there
    is no such model, or where it is damaged, hostile or not made by ganzoo; `PluginError` where the
    plugin that made it is not installed; and `DeviceError` where a provider does not exist.
    """
    found = find(model, runs_folder(runs))
    if found.kind == "onnx":
        from ganzoo.draw.session import load_onnx

        return load_onnx(found.path, providers, threads)
    if providers != "auto" or threads is not None:
        raise UsageError(f"{found.path} is run by torch: providers and threads are for .onnx files")
    from ganzoo.export.firstlayer import with_first_layer
    from ganzoo.runs.weights import load_generator

    return with_first_layer(*load_generator(found.path))
