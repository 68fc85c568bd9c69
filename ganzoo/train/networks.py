"""The two networks of an architecture: built from a seed, checked, drawn from, described."""

from __future__ import annotations

import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from ganzoo.architecture import Architecture
from ganzoo.errors import PluginError, SettingError
from ganzoo.train.device import is_here
from ganzoo.train.listener import full
from ganzoo.train.world import World
from ganzoo.zoo.guard import explained, guarded

CPU = torch.device("cpu")
_ALONE = threading.RLock()


def check_norms(batch_size: int, world: World, *networks: nn.Module) -> None:
    """Raise SettingError where batch norm would have to average over one vector.

    Batch norm of maps averages over pixels, and so over one image, too.
    """
    if world.share(batch_size) == 1 and any(
        isinstance(layer, nn.BatchNorm1d) for network in networks for layer in network.modules()
    ):
        raise SettingError(
            f"batch_size={batch_size} gives one image to each update, and batch norm needs two: "
            f"batch_size={2 * batch_size} is the least",
            "batch_size",
        )


def build(architecture: Architecture, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """Build a generator and a discriminator on the CPU; their weights depend on `seed` alone.

    Raises PluginError if they cannot be built, or do not map (n, latent_dim) to images and images
    to (n,) scores, as the contract promises (and with classes take labels as well, and with
    truncation=True a truncation). So it is checked before anything relies on it.
    """
    with (
        seeded(seed, CPU),
        warnings.catch_warnings(),
        guarded("its networks", "built"),
    ):
        # Some networks draw their weights with these; the guard puts them back.
        random.seed(seed)
        np.random.seed(seed % 2**32)
        warnings.simplefilter("ignore")  # a network that cannot be built is an error
        generator, discriminator = architecture.generator(), architecture.discriminator()
        z, x, labels = examples(architecture)
        given = [z.numpy(), *(label.numpy() for label in labels)]
        images = draw(generator, *given)
        if architecture.truncation:
            with explained("it says truncation=True, and its generator cannot take one, last"):
                draw(generator, *given, np.ones((), np.float32))
        with torch.no_grad():
            scores = full(discriminator.eval()(x, *labels))
        discriminator.train()
    shapes = {
        "generator": (images.shape, (2, *architecture.image_shape)),
        "discriminator": (tuple(scores.shape), (2,)),
    }
    for which, (made, promised) in shapes.items():
        if made != promised:
            hint = "; let it end with nn.Flatten(0)" if made == (2, 1) else ""
            raise PluginError(f"its {which} returns the shape {made}, not {promised}{hint}")
    return generator, discriminator


def examples(architecture: Architecture) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return two latents, two images, and the list of their labels: none without classes."""
    z, x = torch.zeros(2, architecture.latent_dim), torch.zeros(2, *architecture.image_shape)
    return z, x, [torch.tensor([0, architecture.classes - 1])] * bool(architecture.classes)


def check_apart(generator: nn.Module, discriminator: nn.Module) -> None:
    """Raise PluginError where both networks hold a parameter that is trained.

    Each is trained while the other is frozen, and saved by itself. Mostly one was made an attribute
    of the other where the optimizers are made, as that function gets both.
    """
    held = {id(p) for p in generator.parameters() if p.requires_grad}
    trained = {name: id(p) for name, p in discriminator.named_parameters() if p.requires_grad}
    shared = [name for name, key in trained.items() if key in held]
    if not shared:
        return
    holder, other, name = "discriminator", "generator", shared[0]
    if len(shared) == len(trained):
        holder, other = other, holder
        name = next(n for n, p in generator.named_parameters() if id(p) in trained.values())
    raise PluginError(
        f"its {holder} holds parameters of the {other}, as '{name}', and each network is trained "
        "and saved by itself: let a loss use D.generator and D.network, which are those of "
        "ganzoo.architecture.Discriminator, and keep neither network in the other"
    )


def count_parameters(network: nn.Module) -> int:
    """Return how many numbers training changes."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@torch.no_grad()
def draw(generator: nn.Module, z: NDArray[np.float32], *more: NDArray[Any]) -> NDArray[np.float32]:
    """Draw the images (n, C, H, W) of z (n, latent_dim) in evaluation mode; put the mode back.

    `more` is what else the generator takes: labels (n,), and a truncation.
    """
    training = generator.training
    like = next(generator.parameters(), torch.zeros(0))
    generator.eval()
    try:
        others = [torch.tensor(each, device=like.device) for each in more]
        made = full(generator(torch.tensor(z).to(like), *others))
        images: NDArray[np.float32] = made.float().cpu().numpy()
    finally:
        generator.train(training)
    return images


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Make torch's randomness on the CPU and on `device` start from `seed`; put it back after.

    Whatever a network draws inside (weights, dropout, noise) is then a function of `seed`.
    Raises PluginError if the code inside sets another seed. Threads wait for each other: the
    randomness is the process's.
    """
    generators = [torch.default_generator]
    if device.type == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call]
        generators.append(torch.cuda.default_generators[device.index or 0])
    elif device.type == "mps" and is_here(device):
        generators.append(torch.mps._get_default_mps_generator())  # there is no public name
    with _ALONE:
        states = [generator.get_state() for generator in generators]
        for generator in generators:
            generator.manual_seed(seed)
        try:
            yield
            if torch.initial_seed() != seed:
                raise PluginError(
                    "its code calls torch.manual_seed: the run's seed would decide nothing"
                )
        finally:
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)


def weights_of(network: nn.Module) -> dict[str, list[float]]:
    """Return how the weights of each kind of layer spread, without biases.

    Of "Linear", say: the mean of all, their standard deviation, and the least and largest standard
    deviation of one layer. At the beginning of a run these are its initial weights.
    """
    found: dict[str, list[Tensor]] = {}
    for module in network.modules():
        weight = dict(module.named_parameters(recurse=False)).get("weight")
        if is_parametrized(module, "weight"):
            weight = module.parametrizations.weight.original  # type: ignore[union-attr, assignment]
        if weight is not None and weight.requires_grad:
            kind = type_before_parametrizations(module).__name__
            found.setdefault(kind, []).append(weight.detach().flatten().float())
    spreads = {}
    for kind, layers in found.items():
        deviations = torch.stack([layer.std(correction=0) for layer in layers])
        whole = torch.cat(layers)
        numbers = whole.mean(), whole.std(correction=0), deviations.min(), deviations.max()
        spreads[kind] = torch.stack(numbers).tolist()
    return spreads


@dataclass(frozen=True)
class Layer:
    """One module as it ran: where it is, what it is, what it holds itself and what it returned.

    A layer that torch parametrizes, say with a spectral norm, is one, and has the layer's own kind.
    `described` is as torch prints it: with its settings, and what parametrizes it.
    """

    name: str
    kind: str
    described: str
    parameters: int
    output_shape: tuple[int, ...]  # without the batch


def describe_networks(architecture: Architecture) -> dict[str, tuple[nn.Module, list[Layer]]]:
    """Build both networks, run one batch through them, and return each with its layers.

    The keys are "generator" and "discriminator".
    """
    generator, discriminator = build(architecture)
    with torch.no_grad():
        z, x, labels = examples(architecture)
        return {
            "generator": (generator, _trace(generator, z, *labels)),
            "discriminator": (discriminator, _trace(discriminator, x, *labels)),
        }


def _trace(network: nn.Module, *example: Tensor) -> list[Layer]:
    layers: list[Layer] = []

    def hook(name: str) -> Any:
        def note(module: nn.Module, _: object, output: object) -> None:
            kind = type_before_parametrizations(module).__name__
            shape = tuple(getattr(output, "shape", ())[1:])  # some layers return several tensors
            layers.append(Layer(name, kind, described(module), own_parameters(module), shape))

        return note

    handles = [
        module.register_forward_hook(hook(name))
        for name, module in network.named_modules()
        if "parametrizations" not in name.split(".")
        and (own_parameters(module) or not [*module.children()])
    ]
    network(*example)
    for handle in handles:
        handle.remove()
    return layers


def parametrizations(module: nn.Module) -> list[nn.Module]:
    """Return what torch computes the weights of a layer by, such as a spectral norm."""
    lists: Any = module.parametrizations if is_parametrized(module) else {}
    return [each for of_weight in lists.values() for each in of_weight]


def described(module: nn.Module) -> str:
    """Return a module as torch prints it, without those in it, and with what parametrizes it."""
    norms = sorted({type(each).__name__.strip("_") for each in parametrizations(module)})
    kind = type_before_parametrizations(module).__name__
    return f"{kind}({module.extra_repr()})" + (f" with {', '.join(norms)}" if norms else "")


def own_parameters(module: nn.Module) -> int:
    """Return how many numbers training changes in a module itself, not in those in it."""
    own = [*module.parameters(recurse=False)]
    if is_parametrized(module):
        own += module.parametrizations.parameters()  # type: ignore[union-attr]
    return sum(p.numel() for p in own if p.requires_grad)
