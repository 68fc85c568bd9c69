"""When checkpoints are due."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo import TrainConfig
from ganzoo.errors import UsageError
from ganzoo.train.events import CheckpointDue
from ganzoo.train.loop import fit
from ganzoo.train.schedule import Every
from ganzoo.zoo import registry


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("500", Every(500, "steps")),
        ("1 step", Every(1, "steps")),
        ("2 epochs", Every(2, "epochs")),
        ("3e", Every(3, "epochs")),
        ("0.5 minutes", Every(0.5, "minutes")),
        ("10m", Every(10, "minutes")),
    ],
)
def test_how_often(text: str, every: Every) -> None:
    assert Every.parse(text) == every


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "2 weeks", "0.5 epochs", "inf", "1 e 2"])
def test_how_not(text: str) -> None:
    with pytest.raises(UsageError):
        Every.parse(text)


def test_a_checkpoint_when_it_is_due() -> None:
    """Epochs of five and a half batches."""
    gan = registry.load_architecture("mlp_gan", {"hidden": (8, 8)}).value
    pixels = np.zeros((22, 28, 28, 1), np.uint8)
    config = TrainConfig(batch_size=4, epochs=4)

    def due(every: Every) -> list[int]:
        events = fit(gan, pixels, config, save_every=every)
        return [e.state.step for e in events if isinstance(e, CheckpointDue)]

    assert due(Every(8, "steps")) == [8, 16, 22]
    assert due(Every(1, "epochs")) == [6, 11, 17, 22]
    assert due(Every(3, "epochs")) == [17, 22]
    assert due(Every(1e-9, "minutes")) == [*range(1, 23)]
    assert due(Every(60, "minutes")) == [22]
