"""Pictures of a seed: quick to draw, and those that the network draws as it is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.draw import latents
from ganzoo.draw.pixels import to_pixels
from ganzoo.errors import ModelFileError
from ganzoo.runs.drawing import BATCH, pictures
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry

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
