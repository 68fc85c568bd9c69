"""The contract, over every registered plugin: a new one is tested by existing."""

from __future__ import annotations

import inspect
import typing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from ganzoo.conformance import check
from ganzoo.conformance.verdicts import check_here
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState
from ganzoo.zoo import catalogue, registry

NAMES = [entry.qualified for entry in catalogue.architectures()]
# Options that make a plugin tiny, where it has them.
TINY = {"width": 4, "hidden": {int: 16, tuple[int, ...]: (16, 32)}, "count": 32}


def tiny_options(name: str) -> dict[str, Any]:
    entries = [*catalogue.architectures(), *catalogue.datasets()]
    function, _ = registry.import_function(catalogue.find(entries, name))
    hints = typing.get_type_hints(function)
    options: dict[str, Any] = {}
    for option in inspect.signature(function).parameters:
        value = TINY.get(option)
        if value is not None:
            options[option] = value[hints[option]] if isinstance(value, dict) else value
    return options


DRAWN = [entry.qualified for entry in catalogue.datasets() if entry.name.startswith("toy")]


@pytest.mark.parametrize("name", [*NAMES, *DRAWN])
def test_it_keeps_the_contract(name: str, quick_exports: None) -> None:
    """In this process: six seconds of imports less."""
    entry = catalogue.find([*catalogue.architectures(), *catalogue.datasets()], name)
    verdicts = list(check_here(entry, tiny_options(name)))
    assert len(verdicts) == (6 if name in DRAWN else 19)
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *DRAWN])
def test_it_keeps_the_contract_in_a_process_of_its_own(name: str) -> None:
    """As `ganzoo check-plugin` asks."""
    verdicts = check(name, tiny_options(name))
    assert len(verdicts) == (7 if name in DRAWN else 20)
    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("ganzoo:")])
def test_a_few_steps_train_every_weight_of_ours(name: str) -> None:
    """Two of each network: where a branch begins at 0, the first one trains its last layer only."""
    gan = registry.load_architecture(name, tiny_options(name)).value
    steps = 1 + gan.defaults.generator_every
    config = replace(gan.defaults, batch_size=8, max_steps=steps)
    before = TrainState.fresh(gan, config, torch.device("cpu"))
    channels, height, width = gan.image_shape
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (32, height, width, channels), np.uint8)
    labels = np.arange(32) % gan.classes if gan.classes else None
    *_, last = fit(gan, pixels, config, labels=labels)
    for which in ("generator", "discriminator"):
        old, new = getattr(before, which), getattr(last.state, which)
        for (weight, a), b in zip(old.named_parameters(), new.parameters(), strict=True):
            assert b.requires_grad == a.requires_grad, weight
            if a.ndim > 1:  # a bias before a batch norm has no gradient
                assert not torch.equal(a, b), f"{which} {weight} was not trained"
