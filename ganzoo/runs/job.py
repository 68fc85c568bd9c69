"""What is to be trained, on what and where: all that a run needs besides its state."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import torch

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.data import Images
from ganzoo.train.device import Device, Precision, choose_precision
from ganzoo.train.world import World, launch
from ganzoo.zoo.registry import Loaded


@dataclass(frozen=True, kw_only=True)
class Job:
    """An architecture, images, a config and the processes on their devices."""

    loaded: Loaded[Architecture]
    images: Images
    config: TrainConfig
    device: Device
    world: World

    @property
    def name(self) -> str:
        """What its run is called, but for the number."""
        return f"{self.loaded.entry.name}-{self.images.name}"

    @property
    def precision(self) -> Precision:
        """What the config's precision means on this device."""
        return choose_precision(self.config.precision, self.device.torch)

    def describe(self) -> dict[str, Any]:
        """What run.json records: enough to say, to repeat, and to continue what was done."""
        return {
            "architecture": self.loaded.describe(),
            "scores": self.loaded.value.objective.scores,
            "data": {
                "name": self.images.name,
                "source": self.images.source,
                "images": len(self.images.pixels),
                "size": list(self.images.pixels.shape[1:]),
                "fingerprint": self.images.fingerprint,
                "skipped": list(self.images.skipped),
            },
            "config": asdict(self.config),
            **self.circumstances(),
            "command": sys.argv[1:],
            "launch": launch(),
        }

    def circumstances(self) -> dict[str, Any]:
        """What the last bits of every result depend on, besides all that was asked for."""
        packages = ("ganzoo", "torch", "numpy")
        return {
            "device": {"name": str(self.device.torch), "reason": self.device.reason},
            "precision": {"name": self.precision.name, "reason": self.precision.reason},
            "processes": self.world.size,
            "threads": torch.get_num_threads(),
            "versions": {"python": platform.python_version()}
            | {package: version(package) for package in packages}
            | {self.loaded.entry.package: self.loaded.entry.version},
        }

    def differences(self, facts: dict[str, Any]) -> list[str]:
        """How the circumstances differ from those of a run's facts, in words."""
        now = self.circumstances()
        pairs = [("device", facts["device"]["name"], now["device"]["name"])]
        pairs += [("precision", facts["precision"]["name"], now["precision"]["name"])]
        pairs += [(name, facts.get(name), now[name]) for name in ("processes", "threads")]
        versions = facts["versions"]
        pairs += [(name, versions.get(name), value) for name, value in now["versions"].items()]
        return [f"{name} was {then}, is {value}" for name, then, value in pairs if then != value]


def data_of(facts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The data set of a run's facts, as `open_images` wants it: its name or path, its options."""
    source = facts["data"]["source"]
    if "path" in source:
        return source["path"], {}
    return f"{source['package']}:{source['name']}", source["options"]
