"""One training step: two updates of a `TrainState`, and what they measured."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.errors import PluginError
from ganzoo.seeds import derive
from ganzoo.train import ema
from ganzoo.train.cpu import Routes, one_by_one
from ganzoo.train.device import is_here
from ganzoo.train.listener import Listener, full
from ganzoo.train.mode import TrainingMode
from ganzoo.train.networks import check_norms, seeded
from ganzoo.train.optimizing import RATE, fill, follow, values_at
from ganzoo.train.precision import Precision, choose_precision
from ganzoo.train.state import TrainState
from ganzoo.train.world import ALONE, World


class _Fakes(NamedTuple):
    """A batch of generated images, and the latents and labels that they were made of."""

    images: Tensor
    latents: Tensor
    labels: Tensor | None


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
        *,
        images: int = 1,
        precision: Precision | None = None,
    ) -> None:
        """Prepare for a run of so many `images` in all, which schedules ask for.

        `precision` is what the config's word means; by default that is found out without measuring.
        Raises SettingError for a batch of one where a network needs two.
        """
        check_norms(config.batch_size, world, state.generator, state.discriminator)
        self.architecture, self.state, self.config = architecture, state, config
        self.images = images
        self.scheduled: dict[str, float] = {}
        self.device, self.world = device, world
        self.precision = precision or choose_precision(config.precision, device)
        self.trained: dict[str, nn.Module] = {}  # in the last step
        self.latents = torch.Generator(device if is_here(device) else "cpu")
        self.together = one_by_one(state.discriminator)
        self.generate: Callable[..., Tensor] = state.generator
        self.discriminate: Callable[..., Tensor] = state.discriminator
        self.routes: AbstractContextManager[object] = nullcontext()
        if config.compile:
            self.generate = torch.compile(state.generator, dynamic=False)
            self.discriminate = torch.compile(state.discriminator, dynamic=False)
        elif device.type == "cpu":
            self.routes = Routes(state.generator, state.discriminator)
        networks = [state.generator, state.discriminator]
        self.average = None
        if state.average is not None:
            networks.append(state.average)
            self.average = ema.MovingAverage(state.average, state.generator)
        self.training_mode = TrainingMode(*networks)

    def __call__(self, real: Tensor, labels: Tensor | None = None) -> None:
        """Update both networks, as often as the config says, on our share of real images.

        `real` is float32 (n, C, H, W), with n = batch_size / processes. `labels` are their classes,
        int64 (n,), where the architecture has any. The generated images get the same: so both
        batches have the classes of the data, and image i of one can be compared with image i of the
        other, as gradient penalties and relativistic losses do.

        Latents are a function of (seed, step); dropout and other noise of (seed, step, process).
        """
        config, state = self.config, self.state
        noise = derive(config.seed, "noise", state.step, self.world.rank)
        self.latents.manual_seed(derive(config.seed, "latents", state.step))
        self.trained.clear()
        self.scheduled = values_at(self.architecture, state.samples_seen, self.images)
        follow(self.scheduled, (state.generator_optimizer, state.discriminator_optimizer))
        fill(self.scheduled, (state.generator, state.discriminator, state.augment))
        with self.training_mode, seeded(noise, self.device), self.routes:
            if (of_real := getattr(state.augment, "of_real", None)) is not None:
                real = of_real(real)
            shared = self._fakes(labels) if config.shared_fakes else None
            if state.step % config.discriminator_every == 0:
                done = state.step // config.discriminator_every * config.discriminator_steps
                for again in range(config.discriminator_steps):
                    self._train_discriminator(real, labels, shared, done + again)
            if state.step % config.generator_every == 0:
                self._train_generator(real, labels, shared)
        state.step += 1
        state.samples_seen += config.batch_size
        if self.average is not None:
            self.average.update(state.step, self._decay())
            fill(self.scheduled, (state.average,))  # which no one wants the mean of

    def _train_discriminator(
        self, real: Tensor, labels: Tensor | None, shared: _Fakes | None, update: int
    ) -> None:
        objective = self.architecture.objective
        with torch.no_grad():
            made = self._fakes(labels) if shared is None else shared
        fake = made.images.detach()
        listener = self._listener(real, fake, made, self.together, update)
        loss = objective.discriminator_loss(listener, real, fake)
        said = list(listener.scores(self.training_mode.paused))
        self._update(loss, "d", self.state.discriminator, self.state.discriminator_optimizer)
        if self.architecture.after_discriminator_step is not None:
            # The same seed in every process: its random numbers are the same in all.
            with seeded(derive(self.config.seed, "after", self.state.step), self.device):
                self.architecture.after_discriminator_step(self.state.discriminator)
        self._adapt(dict(said)["d_real"], len(real) * self.world.size, update)
        for name, scores in said:
            shown = scores.sigmoid() if objective.scores == "logits" else scores
            self._measure(name, shown.mean())

    def _adapt(self, scores: Tensor, images: int, update: int) -> None:
        """Let the augmentation adapt to the scores of `images` real images, where it does so."""
        adapt = getattr(self.state.augment, "adapt", None)
        if adapt is None:
            return
        signs = scores.sign().mean()
        if self.world.size > 1:
            self.world.average([signs])
        adapt(signs, images, update)
        if isinstance(p := getattr(self.state.augment, "p", None), Tensor):
            self._measure("augment_p", p.clone())

    def _train_generator(self, real: Tensor, labels: Tensor | None, shared: _Fakes | None) -> None:
        trained = [p for p in self.state.discriminator.parameters() if p.requires_grad]
        for parameter in trained:  # their gradients would be thrown away
            parameter.requires_grad_(False)
        try:
            made = self._fakes(labels) if shared is None else shared
            update = self.state.step // self.config.generator_every
            listener = self._listener(real, made.images, made, False, update)
            loss = self.architecture.objective.generator_loss(listener, real, made.images)
            self._update(loss, "g", self.state.generator, self.state.generator_optimizer)
        finally:
            for parameter in trained:
                parameter.requires_grad_(True)

    def _update(self, loss: Tensor, which: str, network: nn.Module, optimizer: Optimizer) -> None:
        """Take one optimizer step, the same in every process.

        Batch-norm statistics are averaged over the processes, as gradients are.
        """
        self._measure(f"loss_{which}", loss)
        if not loss.requires_grad:
            whose = {"d": "discriminator", "g": "generator"}[which]
            raise PluginError(
                f"its {whose}_loss depends on no weight of the {whose}, so there is nothing to "
                "learn: detach, no_grad, .item() or numpy cuts the gradient off"
            )
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

    def schedules(self) -> dict[str, float]:
        """Return what was scheduled for the last step, with learning rates in place of a factor."""
        found = dict(self.scheduled)
        if found.pop(RATE, None) is not None:
            pair = (self.state.generator_optimizer, self.state.discriminator_optimizer)
            found |= {
                f"{RATE}_{which}": float(optimizer.param_groups[0]["lr"])
                for which, optimizer in zip("gd", pair, strict=True)
            }
        return found

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

    def _listener(
        self, real: Tensor, fake: Tensor, made: _Fakes, together: bool, update: int
    ) -> Listener:
        return Listener(
            network=self.state.discriminator,
            generator=self.state.generator,
            latents=made.latents,
            own_labels=made.labels,
            step=self.state.step,
            images_seen=self.state.samples_seen,
            update=update,
            scheduled=self.scheduled,
            real=real,
            fake=fake,
            forward=self.discriminate,
            together=together,
            autocast=self._autocast,
            augment=_as_it_is if self.state.augment is None else self.state.augment,
        )

    def _decay(self) -> float:
        """Return the decay of a step: the schedule's, unless the user chose another."""
        config = self.config
        assert config.ema is not None  # or there would be no average
        if ema.is_scheduled(self.architecture, config):
            return ema.decay_per_step(self.scheduled["ema"], config.batch_size, scheduled=True)
        decay = ema.decay_per_step(config.ema, config.batch_size)
        if not config.ema_growth:
            return decay
        longest = config.ema_growth * self.state.samples_seen  # half-life in images
        return min(decay, float(0.5 ** (config.batch_size / longest)))

    def _fakes(self, labels: Tensor | None) -> _Fakes:
        """Return our share of a batch of generated images, from new latents and these labels."""
        size = self.config.batch_size
        z = torch.randn(
            size, self.architecture.latent_dim, generator=self.latents, device=self.device
        )
        share, first = size // self.world.size, self.world.rank * size // self.world.size
        z = z[first : first + share]
        with self._autocast():
            images = full(self.generate(z) if labels is None else self.generate(z, labels))
        n, channels, height, width = images.shape
        if channels == 1:  # NCHW and NHWC are the same then; use NHWC strides, as real images have
            images = images.reshape(n, -1).view(n, height, width, 1).permute(0, 3, 1, 2)
        return _Fakes(images, z, labels)


def _as_it_is(images: Tensor) -> Tensor:
    return images
