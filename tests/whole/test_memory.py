"""Memory does not grow, however long a run takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import process

SCRIPT = """
import json, sys
import numpy as np
from ganzoo import TrainConfig
from ganzoo.train.device import keep_freed_memory
from ganzoo.train.events import EpochEnded
from ganzoo.train.loop import fit
from ganzoo.zoo import registry

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

keep_freed_memory()
name, options = sys.argv[1], json.loads(sys.argv[2])
gan = registry.load_architecture(name, options).value
channels, height, width = gan.image_shape
pixels = np.random.default_rng(0).integers(0, 256, (640, height, width, channels), np.uint8)
config = TrainConfig(epochs=12, batch_size=64, ema=0.99)
events = fit(gan, pixels, config)
print(json.dumps([resident() for event in events if isinstance(event, EpochEnded)]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "options"), [("mlp_gan", {"hidden": [64]}), ("dcgan_fashion", {"width": 8})]
)
def test_twelve_epochs_take_no_more_than_two(
    name: str, options: dict[str, object], tmp_path: Path
) -> None:
    script = tmp_path / "measure.py"
    script.write_text(SCRIPT)
    done = process(script, name, json.dumps(options))
    resident = json.loads(done.out)
    assert len(resident) == 12
    assert abs(resident[11] / resident[1] - 1) < 0.01, resident
