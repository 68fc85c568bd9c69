"""Weights in safetensors files: describe them, and open them as networks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from ganzoo.architecture import Architecture, __version__
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError, PluginError, UsageError
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints
from ganzoo.runs.finding import Found, Words, find
from ganzoo.runs.safetensors_writer import metadata
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from ganzoo.zoo.catalogue import UnknownNameError
from ganzoo.zoo.guard import explained
from ganzoo.zoo.registry import Loaded

MODEL = "model.safetensors"
AVERAGE = "ema.safetensors"


def model_info(
    loaded: Loaded[Architecture],
    dataset: str,
    samples_seen: int,
    classes: tuple[str, ...] = (),
) -> ModelInfo:
    """Return the metadata of a file with a generator's weights.

    `classes` are the names of the data's classes; an architecture without labels has none. The hash
    of the weights is not among them: whoever reads the file computes it.
    """
    architecture = loaded.value
    channels, height, width = architecture.image_shape
    return ModelInfo(
        version=__version__,
        architecture=loaded.entry.name,
        plugin={"package": loaded.entry.package, "version": loaded.entry.version},
        options=loaded.options,
        latent={"shape": [architecture.latent_dim], "dist": "normal", "rng": latents.RNG},
        image={
            "layout": "NCHW",
            "dtype": "float32",
            "range": list(architecture.image_range),
            "size": [height, width],
            "channels": channels,
        },
        dataset=dataset,
        samples_seen=samples_seen,
        label=_label(architecture.classes, classes),
        truncation=architecture.truncation,
    )


def _label(count: int, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a file says of so many classes: "0", "1", ... where they have no names."""
    if not count:
        return {}
    return {"classes": list(names or map(str, range(count))), "rng": latents.LABEL_RNG}


def weights_sha256(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256, in hex, of the names, types, shapes and bytes of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


@dataclass(frozen=True)
class Weights:
    """The content of a run, checkpoint or safetensors file: metadata, and tensors by name.

    The names of `tensors` begin with "generator." or "discriminator.". Where a moving average is
    kept, the generator's tensors are those of the average. `source` is the file, or the folder of
    the checkpoint.
    """

    info: ModelInfo
    tensors: Mapping[str, Tensor]
    source: Path

    def of(self, network: str) -> dict[str, Tensor]:
        """Return the tensors of the "generator" or the "discriminator", by their own names."""
        return of(network, self.tensors)


def of(network: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return those of the tensors that belong to a network, by their own names in it."""
    prefix = f"{network}."
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def load_generator(source: Words | Weights, device: str = "cpu") -> tuple[Generator, nn.Module]:
    """Open the generator of a run, a checkpoint folder or a safetensors file, with torch.

    Returns an object to draw from, and the network itself in evaluation mode. Where a folder has a
    moving average, the generator is that average; name its model.safetensors to get the raw
    weights. Raises ModelFileError where the file is damaged, and PluginError where its architecture
    is not installed. It has no `first_layer` until `ganzoo.export.firstlayer.with_first_layer` adds
    one.
    """
    network, _, info = load_networks(source, device)
    sha256 = info.weights_sha256

    def forward(*inputs: NDArray[Any]) -> NDArray[np.float32]:
        with explained(f"the generator of {info.architecture} cannot draw"):
            return draw(network, *inputs)

    return Generator(info, forward, sha256, first_layer=_not_looked_for), network


def _not_looked_for(*_: NDArray[Any]) -> NDArray[np.float32]:
    """Raise UsageError: the images must not stand for a first layer that nobody looked for."""
    raise UsageError(
        "nobody has looked for the first layer of this generator: open it with ganzoo.load, or add "
        "one with ganzoo.export.firstlayer.with_first_layer"
    )


def load_networks(
    source: Words | Weights, device: str = "cpu"
) -> tuple[nn.Module, nn.Module, ModelInfo]:
    """Return generator and discriminator in evaluation mode, without gradients of their weights.

    Reads and raises what `load_generator` does. Where the file has no discriminator, the
    discriminator has fresh weights.
    """
    weights = source if isinstance(source, Weights) else load_weights(source)
    named, info = weights.source if source is weights else source, weights.info
    plugin = f"{info.plugin['package']}:{info.architecture}"
    try:
        loaded = registry.load_architecture(plugin, info.options)
    except UnknownNameError as error:
        made_by = f"{info.plugin['package']} {info.plugin['version']}"
        raise PluginError(f"{named} needs the plugin of {made_by}: {error}") from error
    with registry.blame(loaded.entry):
        networks = build(loaded.value)
    for name, network in zip(("generator", "discriminator"), networks, strict=True):
        tensors = weights.of(name)
        try:
            if tensors or name == "generator":
                network.load_state_dict(tensors)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelFileError(f"{named} does not fit {plugin}: {reason}") from error
        network.requires_grad_(False).to(device).eval()
    return *networks, info


def load_weights(source: Words) -> Weights:
    """Read the weights of a run, a checkpoint folder or a safetensors file, once."""
    found = find(source)
    if found.kind == "onnx":
        raise UsageError(
            f"{found.path} is exported already, and torch cannot open it: name the run it is from"
        )
    path = found.path
    if found.kind == "weights":
        info, tensors = _parsed(_read(path), path)
    else:
        checkpoint = _checkpoint(found)
        path = checkpoint.path
        if MODEL not in checkpoint.files:
            raise ModelFileError(f"{checkpoint.path} is no whole checkpoint: it has no {MODEL}")
        info, tensors = _parsed(checkpoint.files[MODEL], checkpoint.path / MODEL)
        if AVERAGE in checkpoint.files:
            info, average = _parsed(checkpoint.files[AVERAGE], checkpoint.path / AVERAGE)
            tensors |= average
    weights = Weights(info, tensors, path)
    return replace(
        weights, info=replace(info, weights_sha256=weights_sha256(weights.of("generator")))
    )


def _checkpoint(found: Found) -> Checkpoint:
    """Open the checkpoint that is meant; for a run this is the newest one.

    Raises ModelFileError where it is damaged; the message names an older checkpoint, if there is
    one.
    """
    if found.kind == "checkpoint":
        return Checkpoint.open(found.path)
    newest, *older = [*Checkpoints(found.path / "checkpoints").newest_first(), None]
    if newest is None:
        raise ModelFileError(f"{found.path} has no checkpoint yet")
    try:
        return Checkpoint.open(newest)
    except ModelFileError as error:
        if not newest.exists():  # a training has removed it meanwhile, after it wrote a newer one
            return _checkpoint(found)
        hint = f"; give an older one, {older[0]}" if older[0] else ""
        raise ModelFileError(f"{error}{hint}") from error


def _read(file: Path) -> bytes:
    """Return the bytes of a file; raise ModelFileError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read: {error.strerror}") from error


def _parsed(content: bytes, file: Path) -> tuple[ModelInfo, dict[str, Tensor]]:
    """Return the metadata and the tensors of a safetensors file."""
    try:
        tensors = load(content)
    except (SafetensorError, ValueError) as error:
        raise ModelFileError(f"{file} is not a safetensors file: {error}") from error
    return ModelInfo.from_metadata(metadata(content), file, rebuild=True), tensors
