"""What a run is at one moment: its networks, their optimizers, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.augment import DiffAugment
from ganzoo.config import TrainConfig
from ganzoo.errors import DivergedError
from ganzoo.seeds import derive
from ganzoo.train import ema
from ganzoo.train.metrics import Metrics
from ganzoo.train.networks import build, check_apart
from ganzoo.train.optimizing import set_up
from ganzoo.zoo.guard import guarded


@dataclass
class TrainState:
    """All that continues from step to step. Everything else follows from it and the config."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    average: nn.Module | None = None  # of the generator, where the config asks for it
    augment: nn.Module | None = None  # of what the discriminator sees
    step: int = 0  # batches done
    samples_seen: int = 0  # real images used
    metrics: Metrics = field(default_factory=Metrics)  # of the steps since they were last reported

    @classmethod
    def fresh(
        cls, architecture: Architecture, config: TrainConfig, device: torch.device
    ) -> TrainState:
        """Build new networks on `device`; their weights depend on the seed alone."""
        generator, discriminator = build(architecture, derive(config.seed, "weights"))
        for network in (generator, discriminator):
            network.to(device)
            # Batches come as NHWC pixels, and most convolutions are fastest in that order.
            for tensor in (t for t in network.parameters() if t.dim() == 4):
                tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
        optimizers = architecture.optimizers(generator, discriminator)
        check_apart(generator, discriminator)
        set_up(architecture, config, optimizers)
        average = None if config.ema is None else ema.shadow(generator)
        augment = augmentation(architecture, config)
        if augment is not None:
            augment.to(device)
        return cls(generator, discriminator, *optimizers, average, augment)

    @property
    def shown(self) -> nn.Module:
        """Generator to draw from: the average, where one is kept."""
        return self.generator if self.average is None else self.average

    def check_finite(self) -> None:
        """Raise DivergedError if a weight, a statistic or an optimizer's number is not finite."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        moments = {
            which: [v for values in optimizer.state.values() for v in values.values()]
            for which, optimizer in zip(networks, optimizers, strict=True)
        }
        if self.average is not None:
            networks["generator's average"] = self.average
        for which, network in networks.items():
            numbers = _norm([*network.parameters(), *moments.get(which, [])])
            constants = _norm([*network.buffers()])  # these may be infinite, as masks are
            if not numbers.isfinite() or constants.isnan():
                raise DivergedError(f"the {which} is not finite after step {self.step}")


def augmentation(architecture: Architecture, config: TrainConfig) -> nn.Module | None:
    """Return what changes the images that the discriminator sees, as architecture and config say.

    Raises PluginError where the architecture's own cannot be built.
    """
    if config.augment is False or not (config.augment or architecture.augment):
        return None
    if architecture.augment is None:
        return DiffAugment(image_range=architecture.image_range)
    with guarded("its augmentation", "built"):
        return architecture.augment()


def _norm(values: list[Any]) -> Tensor:
    """Return the norm of all tensors of floats among `values`."""
    floats = [v.detach() for v in values if isinstance(v, Tensor) and v.is_floating_point()]
    return torch.nn.utils.get_total_norm(floats)
