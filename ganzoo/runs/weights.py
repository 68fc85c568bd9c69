"""A generator's weights in a safetensors file: what is said of them, and how they are opened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ganzoo import __version__
from ganzoo.architecture import Architecture
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.info import ModelInfo
from ganzoo.errors import ModelFileError, PluginError
from ganzoo.runs.checkpoints import Checkpoints, verified
from ganzoo.train.networks import build, draw, first_layer
from ganzoo.zoo import registry
from ganzoo.zoo.catalogue import UnknownNameError
from ganzoo.zoo.registry import Loaded

MODEL = "model.safetensors"
AVERAGE = "ema.safetensors"


def model_info(
    loaded: Loaded[Architecture], dataset: str, samples_seen: int, sha256: str = ""
) -> ModelInfo:
    """What a file with a generator's weights says; their hash is computed where it is read."""
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
        weights_sha256=sha256,
    )


def weights_sha256(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names, types, shapes and bytes of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_generator(path: str | Path, device: str = "cpu") -> tuple[Generator, nn.Module]:
    """Open the generator in a run, a checkpoint folder, or a safetensors file, with torch.

    Where a folder has a moving average, it is that; model.safetensors in it has the raw weights.
    Returns it as something to draw from, and the network itself in evaluation mode. Raises
    ModelFileError where the file is damaged, PluginError where its architecture is not installed.
    """
    info, weights = load_weights(path)
    plugin = f"{info.plugin['package']}:{info.architecture}"
    try:
        loaded = registry.load_architecture(plugin, info.options)
    except UnknownNameError as error:
        made_by = f"{info.plugin['package']} {info.plugin['version']}"
        raise PluginError(f"{path} needs the plugin of {made_by}: {error}") from error
    with registry.blame(loaded.entry):
        network, _ = build(loaded.value)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelFileError(f"{path} does not fit {plugin}: {reason}") from error
    network.requires_grad_(False).to(device).eval()
    generator = Generator(
        info,
        lambda z: draw(network, z),
        info.weights_sha256,
        first_layer=lambda z: first_layer(network, z),
    )
    return generator, network


def load_weights(path: str | Path) -> tuple[ModelInfo, dict[str, Tensor]]:
    """What a run, checkpoint or safetensors file says, and its generator's tensors by name."""
    file = _model_file(Path(path))
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            names = [name for name in opened.keys() if name.startswith("generator.")]  # noqa: SIM118
            weights = {name.removeprefix("generator."): opened.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{file} is not a safetensors file: {error}") from error
    info = ModelInfo.from_metadata(metadata, file)
    return replace(info, weights_sha256=weights_sha256(weights)), weights


def _model_file(path: Path) -> Path:
    """The weights that `path` means; a checkpoint's files are checked against its manifest."""
    if path.is_dir() and (path / "checkpoints").is_dir():
        newest, *older = [*Checkpoints(path / "checkpoints").newest_first(), None]
        if newest is None:
            raise ModelFileError(f"{path} has no checkpoint yet")
        try:
            verified(newest)
        except ModelFileError as error:
            hint = f"; give an older one, {older[0]}" if older[0] else ""
            raise ModelFileError(f"{error}{hint}") from error
        path = newest
    elif path.is_dir():
        verified(path)
    if path.is_dir():
        path = next((path / name for name in (AVERAGE, MODEL) if (path / name).exists()), path)
    if not path.is_file():
        raise ModelFileError(f"{path} does not exist: give a run, a checkpoint or a model file")
    return path
