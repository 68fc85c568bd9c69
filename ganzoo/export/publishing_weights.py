"""The weights of a published model: one file with both networks, to go on training from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch

from ganzoo.errors import UsageError
from ganzoo.runs.safetensors_writer import to_safetensors
from ganzoo.runs.weights import MODEL, Weights
from ganzoo.zoo.models import ModelFile

PRECISIONS = ("float32", "float16", "none")


def write_weights(weights: Weights, folder: Path, precision: str) -> ModelFile | None:
    """Write weights into a folder; return what was written, None for "none".

    The generator's are those of its moving average, where one was kept. Raises UsageError where a
    weight is too large for float16.
    """
    if precision == "none":
        return None
    tensors = {
        f"{network}.{name}": tensor
        for network in ("generator", "discriminator")
        for name, tensor in weights.of(network).items()
    }
    if precision == "float16":
        tensors = {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}
        for name, tensor in tensors.items():
            if not torch.isfinite(tensor).all():
                raise UsageError(f"{name} is too large for float16: choose float32", "weights")
    content = b"".join(
        to_safetensors(tensors, replace(weights.info, weights_sha256="").to_metadata())
    )
    (folder / MODEL).write_bytes(content)
    return ModelFile(MODEL, len(content), hashlib.sha256(content).hexdigest())
