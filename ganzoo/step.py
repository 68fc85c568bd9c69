"""One training step: the state that it changes, and the two updates."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.networks import build, seeded
from ganzoo.splitmix import derive


@dataclass
class TrainState:
    """All that continues from step to step. Everything else follows from it and the config."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    step: int = 0  # batches done
    samples_seen: int = 0  # real images used

    @classmethod
    def fresh(
        cls, architecture: Architecture, config: TrainConfig, device: torch.device
    ) -> TrainState:
        """New networks on `device`, with weights that depend on the seed alone."""
        generator, discriminator = build(architecture, derive(config.seed, "weights"))
        for network in (generator, discriminator):
            network.to(device)
            # Batches come as NHWC pixels, and most convolutions are fastest in that order.
            for tensor in (t for t in network.parameters() if t.dim() == 4):
                tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
        optimizers = architecture.optimizers(generator, discriminator)
        if config.learning_rate is not None:
            for group in (g for optimizer in optimizers for g in optimizer.param_groups):
                group["lr"] = config.learning_rate
        return cls(generator, discriminator, *optimizers)


@dataclass
class Metrics:
    """Numbers of many steps, left on the device until `mean` fetches them all at once."""

    values: dict[str, list[Tensor]] = field(default_factory=dict)

    def add(self, name: str, value: Tensor) -> None:
        """Keep a scalar."""
        self.values.setdefault(name, []).append(value.detach())

    def mean(self) -> dict[str, float]:
        """The mean of each name since the last call: the one place that waits for the device."""
        if not self.values:
            return {}
        means = torch.stack([torch.stack(v).float().mean() for v in self.values.values()])
        result = dict(zip(self.values, means.tolist(), strict=True))
        self.values.clear()
        return result


@dataclass
class _Listener:
    """The discriminator as an objective sees it, remembering what it said of one batch."""

    discriminator: nn.Module
    batches: dict[str, Tensor]
    scores: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, images: Tensor) -> Tensor:
        scores: Tensor = self.discriminator(images)
        for name, batch in self.batches.items():
            if images is batch:
                self.scores[name] = scores.detach()
        return scores


class Stepper:
    """Trains the networks of a state, one batch at a time."""

    def __init__(self, architecture: Architecture, config: TrainConfig, device: torch.device):
        self.architecture, self.config, self.device = architecture, config, device
        self.metrics = Metrics()

    def __call__(self, state: TrainState, real: Tensor) -> None:
        """Update both networks, as often as the config says, on `real` (n, C, H, W).

        All randomness of a step, latents and dropout alike, is a function of (seed, step).
        """
        config = self.config
        with seeded(derive(config.seed, "step", state.step), self.device):
            shared = self._fakes(state, real) if config.shared_fakes else None
            if state.step % config.discriminator_every == 0:
                for _ in range(config.discriminator_steps):
                    self._train_discriminator(state, real, shared)
            if state.step % config.generator_every == 0:
                self._train_generator(state, real, shared)
        state.step += 1
        state.samples_seen += len(real)

    def _train_discriminator(self, state: TrainState, real: Tensor, fake: Tensor | None) -> None:
        objective = self.architecture.objective
        with torch.no_grad():
            fake = self._fakes(state, real) if fake is None else fake.detach()
        listener = _Listener(state.discriminator, {"d_real": real, "d_fake": fake})
        loss = objective.discriminator_loss(listener, real, fake)
        state.discriminator_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.discriminator_optimizer.step()
        if self.architecture.after_discriminator_step is not None:
            self.architecture.after_discriminator_step(state.discriminator)
        self.metrics.add("loss_d", loss)
        for name, scores in listener.scores.items():
            shown = scores.sigmoid() if objective.scores == "logits" else scores
            self.metrics.add(name, shown.mean())

    def _train_generator(self, state: TrainState, real: Tensor, fake: Tensor | None) -> None:
        trained = [p for p in state.discriminator.parameters() if p.requires_grad]
        for parameter in trained:  # their gradients would be thrown away
            parameter.requires_grad_(False)
        fake = self._fakes(state, real) if fake is None else fake
        loss = self.architecture.objective.generator_loss(state.discriminator, real, fake)
        state.generator_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        state.generator_optimizer.step()
        for parameter in trained:
            parameter.requires_grad_(True)
        self.metrics.add("loss_g", loss)

    def _fakes(self, state: TrainState, real: Tensor) -> Tensor:
        """As many generated images as there are real ones, from new latents."""
        z = torch.randn(len(real), self.architecture.latent_dim, device=real.device)
        images: Tensor = state.generator(z)
        return images
