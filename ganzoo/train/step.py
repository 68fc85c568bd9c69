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
from ganzoo.train.device import choose_precision, is_here
from ganzoo.train.mode import TrainingMode
from ganzoo.train.networks import seeded
from ganzoo.train.state import TrainState
from ganzoo.train.world import ALONE, World


@dataclass
class _Listener:
    """The discriminator as an objective sees it. It remembers its scores of each batch.

    Where each score depends on one image alone, it is called once for both batches.
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
    """Train the networks of a state, one batch at a time.

    The networks are in training mode during a step, and in evaluation mode before and after it.
    """

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
        self.latents = torch.Generator(device if is_here(device) else "cpu")
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
        networks = [state.generator, state.discriminator]
        self.average = None
        if state.average is not None:
            networks.append(state.average)
            if config.ema is not None:
                decay = ema.decay_per_step(config.ema, config.batch_size)
                self.average = ema.MovingAverage(state.average, state.generator, decay)
        self.training_mode = TrainingMode(*networks)

    def __call__(self, real: Tensor) -> None:
        """Update both networks, as often as the config says, on our share of real images.

        `real` is float32 (batch_size / processes, C, H, W). Latents are a function of (seed,
        step); dropout and other noise of (seed, step, process).
        """
        config, state = self.config, self.state
        if config.compile:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        noise = derive(config.seed, "noise", state.step, self.world.rank)
        self.latents.manual_seed(derive(config.seed, "latents", state.step))
        self.trained.clear()
        with self.training_mode, seeded(noise, self.device), self.routes:
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
            # The same seed in every process: its random numbers are the same in all.
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
        """Take one optimizer step, the same in every process.

        Batch-norm statistics are averaged over the processes, as gradients are.
        """
        self._measure(f"loss_{which}", loss)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.world.size > 1:
            trained = [p for p in network.parameters() if p.requires_grad]
            for parameter in trained:
                if parameter.grad is None:  # a layer that was skipped at random, perhaps only here
                    parameter.grad = torch.zeros_like(parameter)
            buffers = [*self.state.generator.buffers(), *self.state.discriminator.buffers()]
            numbers = (buffer for buffer in buffers if buffer.is_floating_point())
            self.world.average([*(p.grad for p in trained if p.grad is not None), *numbers])
        optimizer.step()
        self.trained[which] = network

    def gradient_norms(self) -> dict[str, Tensor]:
        """Return the norms of the last step's gradients, as grad_d and grad_g.

        Once a window is enough to find divergence: a gradient that is not finite makes weights
        that are not finite, and with them every later loss is not finite either.
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
        """Return our share of a batch of generated images, from new latents."""
        size = self.config.batch_size
        z = torch.randn(
            size, self.architecture.latent_dim, generator=self.latents, device=self.device
        )
        share, first = size // self.world.size, self.world.rank * size // self.world.size
        with self._autocast():
            images = _full(self.generate(z[first : first + share]))
        n, channels, height, width = images.shape
        if channels == 1:  # NCHW and NHWC are the same then; use NHWC strides, as real images have
            images = images.reshape(n, -1).view(n, height, width, 1).permute(0, 3, 1, 2)
        return images


def _full(tensor: Tensor) -> Tensor:
    """Return `tensor` in float32 where autocast made it bfloat16: a loss is a sum of many."""
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor
