"""Plugins with one mistake each, and what check-plugin says of it: the check, and its words."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import Architecture
from ganzoo.architecture import Discriminator
from ganzoo.objectives import gradient_penalty, non_saturating, penalised, r1
from tests.conformance.small import LATENT, SIDE, WIDE, Does, discriminator, gan, generator, within


@dataclass(frozen=True)
class Flaw:
    """The first check that must fail, and words that must be in its reason."""

    check: str
    words: tuple[str, ...]


FLAWS: dict[str, Flaw] = {}
"""By the name of the plugin's function, whose docstring is the fault."""
Plugin = Callable[[], Architecture]


def flaw(check: str, *words: str) -> Callable[[Plugin], Plugin]:
    """Enter a plugin into the table."""

    def entered(plugin: Plugin) -> Plugin:
        FLAWS[plugin.__name__] = Flaw(check, words)
        return plugin

    return entered


@flaw(
    "scores fit",
    "its scores are always between 0 and 1",
    "leave the Sigmoid at the end of the discriminator out",
)
def sigmoid_before_logits() -> Architecture:
    """A Sigmoid at the end of D, and a loss that has one."""
    return gan(discriminator=lambda: discriminator(last=(nn.Sigmoid(),)))


@flaw("value range", "one half of image_range -1 … 1 only", "end with nn.Tanh()")
def half_a_range() -> Architecture:
    """Images from 0 to 1, by a Sigmoid, where image_range is from -1 to 1."""
    return gan(generator=lambda: nn.Sequential(*list(generator().children())[:-1], nn.Sigmoid()))


@flaw("labels used", "the image of a z is the same for 3 classes", "0 and 1, 2")
def ignored_labels() -> Architecture:
    """Both networks take labels, and the generator does nothing with them."""

    class Takes(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor, labels: Tensor) -> Tensor:
            made: Tensor = self.network(x)
            return made

    return gan(
        classes=3,
        generator=lambda: Takes(generator()),
        discriminator=lambda: Takes(discriminator()),
    )


@flaw("latents used", "6 of 8 coordinates of z change nothing", ": 2, 3, 4, 5, 6, ...")
def idle_latents() -> Architecture:
    """A generator that reads two of eight latents."""

    class First(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return nn.functional.pad(z[:, :2], (0, LATENT - 2))

    return gan(generator=lambda: nn.Sequential(First(), generator()))


@flaw("one step", "its generator_loss depends on no weight of the generator", "or numpy cuts")
def numpy_round_trip() -> Architecture:
    """Images that were computed in numpy."""

    class InNumpy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.from_numpy(np.sin(x.detach().cpu().numpy()))

    return gan(generator=lambda: nn.Sequential(generator(), InNumpy()))


@flaw("shapes", "in training, batch 4 gives images (8, 1, 16, 16)")
def twice_as_many_images() -> Architecture:
    """2n images in training."""
    return within(lambda layer, x: torch.cat([x, -x]) if layer.training else x)


@flaw("penalty alone", "the layer 2 of the discriminator is a batch norm", "nn.GroupNorm")
def penalty_through_batch_norm() -> Architecture:
    """WGAN-GP's penalty, and batch norm in D."""
    objective = penalised(non_saturating(), gradient_penalty(10))
    return gan(discriminator=lambda: discriminator(nn.BatchNorm2d(4)), objective=objective)


@flaw("penalty alone", "the layer 2 of the discriminator is a batch norm")
def lazy_penalty_through_batch_norm() -> Architecture:
    """R1 at every fourth update, and batch norm in D."""
    objective = penalised(non_saturating(), r1(1), every=4)
    return gan(discriminator=lambda: discriminator(nn.BatchNorm2d(4)), objective=objective)


@flaw("contract", "an LRScheduler changes the learning rate of G", "schedules={'learning_rate'")
def step_lr_by_hook() -> Architecture:
    """A StepLR that a hook of the optimizer steps."""

    def optimizers(G: nn.Module, D: nn.Module) -> Any:
        pair = gan().optimizers(G, D)
        schedule = torch.optim.lr_scheduler.StepLR(pair[0], 100)
        pair[0].register_step_post_hook(lambda *_: schedule.step())
        return pair

    return gan(optimizers=optimizers)


def slower_after(steps: int) -> Architecture:
    """The GAN whose D learns slower after so many steps, by a counter of its optimizer's hook."""

    def optimizers(G: nn.Module, D: nn.Module) -> Any:
        pair, taken = gan().optimizers(G, D), itertools.count(1)

        def slower(optimizer: Any, *_: object) -> None:
            optimizer.param_groups[0]["lr"] = 2e-5 if next(taken) > steps else 2e-4

        pair[1].register_step_post_hook(slower)
        return pair

    return gan(optimizers=optimizers)


@flaw("checkpoint", "differs after a break at step 1", "in no state_dict", "let schedules do")
def counter_of_a_hook() -> Architecture:
    """A learning rate that a counter in a hook changes at step 4."""
    return slower_after(4)


@flaw("checkpoint", "after a break at step 99", "in no state_dict")
def late_counter_of_a_hook() -> Architecture:
    """A learning rate that a counter in a hook changes at step 101."""
    return slower_after(100)


class Unsaved(nn.Module):
    """A layer with a number that its state_dict does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = torch.rand(1) / 2

    def forward(self, x: Tensor) -> Tensor:
        return x * self.shift


@flaw("checkpoint", "after a break at step 1", "in no state_dict")
def attribute_that_is_not_saved() -> Architecture:
    """A number that the seed draws, kept in an attribute and not in a buffer."""
    return gan(generator=lambda: generator(Unsaved()))


LOSSES = itertools.count()


@flaw(
    "determinism",
    "differs between equal runs",
    "a counter in a global",
    "D.step, D.images_seen and schedules",
)
def schedule_in_a_global() -> Architecture:
    """A loss that a global counter makes heavier."""
    usual = non_saturating()

    def loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return usual.discriminator_loss(D, real, fake) * (1 + next(LOSSES) / 100)

    return gan(objective=replace(usual, discriminator_loss=loss))


@flaw("contract", "its discriminator holds parameters of the generator", "as 'partner.0.weight'",
      "let a loss use D.generator")  # fmt: skip
def partner_of_the_discriminator() -> Architecture:
    """The generator as an attribute of D, for a loss that needs it."""

    def optimizers(G: nn.Module, D: nn.Module) -> Any:
        pair = gan().optimizers(G, D)
        D.partner = G
        return pair

    return gan(optimizers=optimizers)


@flaw("contract", "its generator holds parameters of the discriminator, as 'critic.0.weight'")
def partner_of_the_generator() -> Architecture:
    """D as an attribute of the generator."""

    def optimizers(G: nn.Module, D: nn.Module) -> Any:
        pair = gan().optimizers(G, D)
        G.critic = D
        return pair

    return gan(optimizers=optimizers)


@flaw("one step", "its generator_loss depends on no weight of the generator")
def detached_loss() -> Architecture:
    """A generator's loss of images that were cut off."""
    usual = non_saturating()

    def loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        return usual.generator_loss(D, real, fake.detach())

    return gan(objective=replace(usual, generator_loss=loss))


@flaw("contract", "a forward prints to standard output", "leave that out")
def forward_that_prints() -> Architecture:
    """A print in the generator's forward."""
    return within(lambda layer, x: (print(x.mean()), x)[1])


@flaw("images alone", "its forward computes something over the whole batch")
def number_of_the_batch() -> Architecture:
    """Images divided by the .item() of the batch's largest value."""
    return within(lambda layer, x: x / x.abs().max().item())


@flaw("images alone", "an image is another each time that it is drawn", "draws random numbers")
def noise_in_evaluation() -> Architecture:
    """Dropout that does not ask whether the generator is in training mode."""
    return within(lambda layer, x: nn.functional.dropout(x, 0.5))


@flaw("export", "flawed.py, line", "decides by the values of a tensor what is computed",
      "`return -x if layer.scale < 0 else x` decides",
      "torch.where")  # fmt: skip
def branch_by_a_value() -> Architecture:
    """Control flow that depends on a weight."""

    def branch(layer: Does, x: Tensor) -> Tensor:
        return -x if layer.scale < 0 else x

    return within(branch)


@flaw("export", "flawed.py, line", "`if layer.scale.item() < 0:` decides by the values")
def branch_by_an_item() -> Architecture:
    """Control flow that depends on an .item()."""

    def branch(layer: Does, x: Tensor) -> Tensor:
        if layer.scale.item() < 0:
            return -x
        return x

    return within(branch)


@flaw("export", "`return x.reshape(len(x), WIDE)` takes",
      "takes the batch size as a number of Python, which fixes it",
      "write z.shape[0], not len(z) or int(...), or -1 in a reshape")  # fmt: skip
def length_of_the_batch() -> Architecture:
    """len(x) in a reshape."""

    def reshape(layer: Does, x: Tensor) -> Tensor:
        return x.reshape(len(x), WIDE)

    return within(reshape)


@flaw("export", "takes the batch size as a number of Python", "without a loop over them")
def loop_over_the_batch() -> Architecture:
    """A loop over the images of a batch."""
    return within(lambda layer, x: torch.stack([x[i].abs() for i in range(x.shape[0])]))


@flaw("export", "chooses values by a mask in brackets", "write torch.where(mask, a, b)")
def mask_in_brackets() -> Architecture:
    """Values that are set where a mask says so."""

    def mask(layer: Does, x: Tensor) -> Tensor:
        x = x.clone()
        x[x > 1] = 1
        return x

    return within(mask)


class Inverse(nn.Module):
    """Multiply by the inverse of a matrix, as normalising flows do."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(2 * torch.eye(WIDE))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x @ torch.linalg.inv(self.matrix)
        return y


@flaw("export", "flawed.py, line", "`y: Tensor = x @ torch.linalg.inv(self.matrix)` needs",
      "needs torch's linalg_inv_ex, for which ONNX has no operator")  # fmt: skip
def unknown_operator() -> Architecture:
    """The inverse of a matrix, which ONNX cannot compute."""
    return gan(generator=lambda: generator(Inverse()))


class Recurrent(nn.Module):
    """A layer with an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDE, WIDE, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lstm(x[:, None])[0][:, 0]
        return y


@flaw("export", "needs an operator that ganzoo does not run", "(the operator is LSTM)")
def refused_operator() -> Architecture:
    """An LSTM, which ONNX has and ganzoo does not run."""
    return gan(generator=lambda: generator(Recurrent()))


def first_layers_cut_off() -> Architecture:
    """A generator whose first ten tensors get no gradient."""

    class Cut(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach()

    def build() -> nn.Module:
        pairs = [(nn.Linear(LATENT, LATENT), nn.LeakyReLU(0.2)) for _ in range(5)]
        first = nn.Sequential(*(layer for pair in pairs for layer in pair))
        last = list(generator().children())[3:]
        return nn.Sequential(first, Cut(), nn.Linear(LATENT, SIDE * SIDE), *last)

    return gan(generator=build)
