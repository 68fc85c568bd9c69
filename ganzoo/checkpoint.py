"""Checkpoints: a folder of safetensors and JSON that is either whole or not there. No pickle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo import __version__, latents, registry
from ganzoo.architecture import Architecture
from ganzoo.catalogue import UnknownNameError
from ganzoo.errors import ModelFileError, PluginError
from ganzoo.generator import Generator
from ganzoo.modelinfo import ModelInfo
from ganzoo.networks import build, draw
from ganzoo.registry import Loaded
from ganzoo.state import TrainState

MODEL = "model.safetensors"
AVERAGE = "ema.safetensors"


def model_info(
    loaded: Loaded[Architecture], generator: nn.Module, dataset: str, samples_seen: int
) -> ModelInfo:
    """What a file with the weights of `generator` says about them."""
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
        weights_sha256=weights_sha256(generator),
    )


def weights_sha256(network: nn.Module) -> str:
    """SHA-256 of the names, types, shapes and bytes of a network's tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def write_checkpoint(
    folder: Path, state: TrainState, loaded: Loaded[Architecture], dataset: str, keep: int = 2
) -> Path:
    """Write `folder`/step-…, then remove all but the newest `keep`; a crash leaves the old ones.

    Files are written and synced under another name, the manifest of their sizes and hashes last,
    and then the folder is renamed, so that a folder of this name is always whole.
    """
    networks = {"generator": state.generator, "discriminator": state.discriminator}
    optimizers = {
        "generator": state.generator_optimizer,
        "discriminator": state.discriminator_optimizer,
    }
    moments: dict[str, Tensor] = {}
    for which, optimizer in optimizers.items():
        moments |= _prefixed(which, _moments(optimizer, networks[which]))
    weights: dict[str, Tensor] = {}
    for which, network in networks.items():
        weights |= _prefixed(which, network.state_dict())
    progress = {
        "step": state.step,
        "samples_seen": state.samples_seen,
        "param_groups": {which: _groups(o) for which, o in optimizers.items()},
    }
    info = model_info(loaded, state.generator, dataset, state.samples_seen)
    contents = {
        MODEL: save(weights, info.to_metadata()),
        "optim.safetensors": save(moments),
        "state.json": json.dumps(progress, indent=2).encode(),
    }
    if state.average is not None:
        info = model_info(loaded, state.average, dataset, state.samples_seen)
        averages = _prefixed("generator", state.average.state_dict())
        contents[AVERAGE] = save(averages, info.to_metadata())
    final = folder / f"step-{state.step:08d}"
    temporary = folder / f".tmp-{final.name}-{os.getpid()}"
    try:
        temporary.mkdir(parents=True)
        for name, content in contents.items():
            _write(temporary / name, content)
        manifest = {n: {"bytes": len(c), "sha256": _sha256(c)} for n, c in contents.items()}
        _write(temporary / "MANIFEST.json", json.dumps(manifest, indent=2).encode())
        _sync_folder(temporary)
        os.rename(temporary, final)
        _sync_folder(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for old in sorted(folder.glob("step-*"))[:-keep]:
        doomed = old.rename(folder / f".old-{old.name}")
        shutil.rmtree(doomed)
    return final


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
    return Generator(info, lambda z: draw(network, z), info.weights_sha256), network


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
    return ModelInfo.from_metadata(metadata, file), weights


def _model_file(path: Path) -> Path:
    """The weights that `path` means; a checkpoint's files are checked against its manifest."""
    if path.is_dir() and (path / "checkpoints").is_dir():
        steps = sorted((path / "checkpoints").glob("step-*"))
        if not steps:
            raise ModelFileError(f"{path} has no checkpoint yet")
        path = steps[-1]
    if path.is_dir():
        _verify(path)
        path = next((path / name for name in (AVERAGE, MODEL) if (path / name).exists()), path)
    if not path.is_file():
        raise ModelFileError(f"{path} does not exist: give a run, a checkpoint or a model file")
    return path


def _verify(checkpoint: Path) -> None:
    try:
        manifest = json.loads((checkpoint / "MANIFEST.json").read_bytes())
        for name, facts in manifest.items():
            if _sha256((checkpoint / name).read_bytes()) != facts["sha256"]:
                raise ModelFileError(f"{checkpoint / name} is damaged: its hash is another")
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ModelFileError(f"{checkpoint} is no whole checkpoint: {error}") from error


def _moments(optimizer: Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """The optimizer's tensors by the name of the parameter that they belong to."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in network.named_parameters()}
    return {
        f"{names[parameter]}.{key}": torch.as_tensor(value)
        for parameter, values in optimizer.state.items()
        for key, value in values.items()
    }


def _groups(optimizer: Optimizer) -> list[dict[str, Any]]:
    return [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]


def _prefixed(which: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{which}.{name}": tensor.detach().contiguous() for name, tensor in tensors.items()}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
