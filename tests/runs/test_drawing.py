"""Pictures of a seed: quick to draw, and those that the network draws as it is written."""

from __future__ import annotations

import itertools
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.draw import latents
from ganzoo.draw.pixels import to_pixels
from ganzoo.errors import ModelFileError, PluginError
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints
from ganzoo.runs.drawing import BATCH, pictures
from ganzoo.runs.weights import load_weights, model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests.conftest import Cli, install

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["dcgan_fashion", "mlp_gan", "cgan_fashion"])
def test_quick_routes_draw_the_same_pictures(name: str) -> None:
    loaded = registry.load_architecture(name)
    gan, info = loaded.value, model_info(loaded, "none", 0)
    network, _ = build(gan, seed=3)
    drawn = pictures(network, info, 20, 5, CPU)
    quick = np.concatenate([*drawn])
    inputs = latents.inputs(20, gan.latent_dim, gan.classes, 5)
    plain = to_pixels(draw(network, *inputs), gan.image_range)
    assert np.abs(quick.astype(int) - plain).max() <= 1  # of 255 grey levels
    assert (quick == plain).mean() > 0.999
    assert not any("forward" in module.__dict__ for module in network.modules())


def test_a_batch_takes_the_quick_route(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = registry.load_architecture("dcgan_fashion")
    gan, info = loaded.value, model_info(loaded, "none", 0)
    network, _ = build(gan)
    seen = list[bool]()

    def drawn(network: nn.Module, z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(any("forward" in module.__dict__ for module in network.modules()))
        return np.zeros((len(z), *gan.image_shape), np.float32)

    monkeypatch.setattr("ganzoo.runs.drawing.draw", drawn)
    sizes = [len(b) for b in pictures(network, info, BATCH + 1, 0, CPU)]
    assert (sizes, seen) == ([BATCH, 1], [True, True])


def test_pictures_that_are_not_finite_are_an_error() -> None:
    layer = nn.Linear(4, 4)
    network = nn.Sequential(layer, nn.Unflatten(1, (1, 2, 2)))
    nn.init.constant_(layer.bias, torch.nan)
    info = model_info(registry.load_architecture("mlp_gan", {"latent_dim": 4}), "none", 0)
    with pytest.raises(ModelFileError, match="not finite"):
        [*pictures(network, info, 3, 0, CPU)]


def test_a_run_that_removes_its_checkpoints_meanwhile_is_opened(
    trained: Path, tmp_path: Path
) -> None:
    """The newest checkpoint may go between the list of them and the last byte that is read."""
    run = shutil.copytree(trained, tmp_path / "run")
    files = {n: [c] for n, c in Checkpoint.open(max(run.glob("checkpoints/step-*"))).files.items()}
    done = threading.Event()

    def write() -> None:
        checkpoints = Checkpoints(run / "checkpoints", keep=1)
        for step in itertools.count(1000):
            checkpoints.write(step, files)()
            if done.is_set():
                return

    trainer = threading.Thread(target=write, daemon=True)
    trainer.start()
    try:
        read = {load_weights(run).info.weights_sha256 for _ in range(100)}
    finally:
        done.set()
        trainer.join()
    assert read == {load_weights(trained).info.weights_sha256}


def test_a_generator_that_takes_no_truncation_is_found_before_it_is_trained() -> None:
    gan = registry.load_architecture("mlp_gan").value
    with pytest.raises(PluginError, match="truncation=True, and its generator cannot take one, la"):
        build(replace(gan, truncation=True))


FUSSY = """
from dataclasses import replace
from torch import nn
from ganzoo_plugins.mlp_gan import mlp_gan

class Fussy(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, z):
        if len(z) == 3:
            raise ValueError("three")
        return self.network(z)

def fussy():
    gan = mlp_gan(hidden=(8,))
    return replace(gan, generator=lambda: Fussy(gan.generator()))
"""


def test_a_trained_generator_that_fails_is_named(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "fussy-gan", FUSSY, {"fussy": "fussy"})
    monkeypatch.syspath_prepend(tmp_path / "site")
    trained = cli("train", "fussy", "--data", "toy_garments", "--set-data", "count=16",
                  "--max-steps", 1, "--runs", tmp_path)  # fmt: skip
    failed = cli("sample", trained.last, "-n", 3, "-o", tmp_path / "x.png")
    assert failed.code == 3
    assert "the generator of fussy cannot draw: ValueError: three (fussy_gan.py, " in failed.err
