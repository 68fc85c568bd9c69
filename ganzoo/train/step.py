"""One training step: two updates of a `TrainState`, and what they measured."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.architecture import Architecture, TrainConfig
from ganzoo.seeds import derive
from ganzoo.train import ema
from ganzoo.train.cpu import Routes, one_by_one
from ganzoo.train.device import choose_precision
from ganzoo.train.networks import seeded
from ganzoo.train.state import TrainState
from ganzoo.train.world import ALONE, World


@dataclass
class _Listener:
    """The discriminator as an objective sees it, remembering what it said of each batch.

    Where it looks at images one by one, it is asked about both batches at once.
    """

    discriminator: Callable[[Tensor], Tensor]
    real: Tensor
    fake: Tensor
    together: bool
    autocast: Callable[[], AbstractContextManager[object]]
    both: tuple[Tensor, ...] = ()
    said: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, images: Tensor) -> Tensor:
        which = 0 if images is self.real else 1 if images is self.fake else None
        joined = self.together and torch.is_grad_enabled() and not images.requires_grad
        if which is None or not joined:
            scores = self._ask(images)
        else:
            self.both = self.both or self._ask(torch.cat([self.real, self.fake])).chunk(2)
            scores = self.both[which]
        if which is not None:
            self.said[("d_real", "d_fake")[which]] = scores.detach()
        return scores

    def _ask(self, images: Tensor) -> Tensor:
        with self.autocast():  # the loss itself is computed in float32
            return _full(self.discriminator(images))


class Stepper:
    """Trains the networks of a state, one batch at a time."""

    def __init__(
        self,
        architecture: Architecture,
        state: TrainState,
        config: TrainConfig,
        device: torch.device,
        world: World = ALONE,
    ) -> None:
        self.architecture, self.state, self.config = architecture, state, config
        self.device, self.world = device, world
        self.precision = choose_precision(config.precision, device)
        self.trained: dict[str, nn.Module] = {}  # in the last step
        self.latents = torch.Generator(device)
        self.together = one_by_one(state.discriminator)
        self.generate: Callable[[Tensor], Tensor] = state.generator
        self.discriminate: Callable[[Tensor], Tensor] = state.discriminator
        self.routes: AbstractContextManager[object] = nullcontext()
        if config.compile:
            mode = "reduce-overhead" if device.type == "cuda" else "default"
            self.generate = torch.compile(state.generator, mode=mode, dynamic=False)
            self.discriminate = torch.compile(state.discriminator, mode=mode, dynamic=False)
        elif device.type == "cpu" and self.precision.name == "fp32":
            self.routes = Routes(state.generator, state.discriminator)
        self.average = None
        if state.average is not None and config.ema is not None:
            decay = ema.decay_per_step(config.ema, config.batch_size)
            self.average = ema.MovingAverage(state.average, state.generator, decay)

    def __call__(self, real: Tensor) -> None:
        """Update both networks, as often as the config says, on our share of real images.

        `real` is float32 (batch_size / processes, C, H, W). All randomness of a step,
        latents and dropout alike, is a function of (seed, step), and of the process for dropout.
        """
        config, state = self.config, self.state
        if config.compile:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        noise = derive(config.seed, "noise", state.step, self.world.rank)
        self.latents.manual_seed(derive(config.seed, "latents", state.step))
        self.trained.clear()
        with seeded(noise, self.device), self.routes:
            shared = self._fakes() if config.shared_fakes else None
            if state.step % config.discriminator_every == 0:
                for _ in range(config.discriminator_steps):
                    self._train_discriminator(real, shared)
            if state.step % config.generator_every == 0:
                self._train_generator(real, shared)
        state.step += 1
        state.samples_seen += config.batch_size
        if self.average is not None:
            self.average.update(state.step)

    def _train_discriminator(self, real: Tensor, fake: Tensor | None) -> None:
        objective = self.architecture.objective
        with torch.no_grad():
            fake = self._fakes() if fake is None else fake.detach()
        listener = _Listener(self.discriminate, real, fake, self.together, self._autocast)
        loss = objective.discriminator_loss(listener, real, fake)
        self._update(loss, "d", self.state.discriminator, self.state.discriminator_optimizer)
        if self.architecture.after_discriminator_step is not None:
            # What it draws, it draws in every process.
            with seeded(derive(self.config.seed, "after", self.state.step), self.device):
                self.architecture.after_discriminator_step(self.state.discriminator)
        for name, scores in listener.said.items():
            shown = scores.sigmoid() if objective.scores == "logits" else scores
            self._measure(name, shown.mean())

    def _train_generator(self, real: Tensor, fake: Tensor | None) -> None:
        trained = [p for p in self.state.discriminator.parameters() if p.requires_grad]
        for parameter in trained:  # their gradients would be thrown away
            parameter.requires_grad_(False)
        try:
            fake = self._fakes() if fake is None else fake
            listener = _Listener(self.discriminate, real, fake, False, self._autocast)
            loss = self.architecture.objective.generator_loss(listener, real, fake)
            self._update(loss, "g", self.state.generator, self.state.generator_optimizer)
        finally:
            for parameter in trained:
                parameter.requires_grad_(True)

    def _update(self, loss: Tensor, which: str, network: nn.Module, optimizer: Optimizer) -> None:
        """One optimizer step, the same in every process: batch-norm statistics go along."""
        self._measure(f"loss_{which}", loss)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.world.size > 1:
            trained = [p for p in network.parameters() if p.requires_grad]
            for parameter in trained:
                if parameter.grad is None:  # a layer left out at random, perhaps here alone
                    parameter.grad = torch.zeros_like(parameter)
            buffers = [*self.state.generator.buffers(), *self.state.discriminator.buffers()]
            numbers = (buffer for buffer in buffers if buffer.is_floating_point())
            self.world.average([*(p.grad for p in trained if p.grad is not None), *numbers])
        optimizer.step()
        self.trained[which] = network

    def gradient_norms(self) -> dict[str, Tensor]:
        """The norms of the last step's gradients, as grad_d and grad_g.

        To be asked for when somebody looks. That finds as much as each step would: a gradient that
        is not finite makes weights that are not, and those make every later loss so.
        """
        return {
            f"grad_{which}": torch.nn.utils.get_total_norm(
                [p.grad for p in network.parameters() if p.grad is not None]
            )
            for which, network in self.trained.items()
        }

    def _measure(self, name: str, value: Tensor) -> None:
        self.state.metrics.add(name, self.state.step + 1, value)

    def _autocast(self) -> AbstractContextManager[object]:
        return self.precision.autocast(self.device)

    def _fakes(self) -> Tensor:
        """Our share of a batch of generated images, from new latents."""
        size = self.config.batch_size
        z = torch.randn(
            size, self.architecture.latent_dim, generator=self.latents, device=self.device
        )
        share, first = size // self.world.size, self.world.rank * size // self.world.size
        with self._autocast():
            images = _full(self.generate(z[first : first + share]))
        n, channels, height, width = images.shape
        if channels == 1:  # NCHW and NHWC are the same then; let it say the latter, as real ones do
            images = images.reshape(n, -1).view(n, height, width, 1).permute(0, 3, 1, 2)
        return images


def _full(tensor: Tensor) -> Tensor:
    """In float32 where autocast made it shorter: losses are sums."""
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor
