"""What an architecture is made of: its layers, their parameters, and the shapes between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ganzoo.architecture import Architecture


@dataclass(frozen=True)
class Layer:
    """One leaf module as it ran: where it is, what it is, what it holds and what it returned."""

    name: str
    kind: str
    parameters: int
    output_shape: tuple[int, ...]  # without the batch


def describe_networks(architecture: Architecture) -> dict[str, tuple[nn.Module, list[Layer]]]:
    """Build both networks and run one batch through them; "generator" and "discriminator"."""
    import torch

    from ganzoo.train.networks import build

    generator, discriminator = build(architecture)
    with torch.no_grad():
        z = torch.zeros(2, architecture.latent_dim)
        x = torch.zeros(2, *architecture.image_shape)
        return {
            "generator": (generator, _trace(generator, z)),
            "discriminator": (discriminator, _trace(discriminator, x)),
        }


def _trace(network: nn.Module, example: Tensor) -> list[Layer]:
    from ganzoo.train.networks import count_parameters

    layers: list[Layer] = []

    def hook(name: str) -> Any:
        def note(module: nn.Module, _: object, output: object) -> None:
            kind = type(module).__name__
            shape = tuple(getattr(output, "shape", ())[1:])  # some layers return several tensors
            layers.append(Layer(name, kind, count_parameters(module), shape))

        return note

    leaves = [(n, m) for n, m in network.named_modules() if not list(m.children())]
    handles = [module.register_forward_hook(hook(name)) for name, module in leaves]
    network(example)
    for handle in handles:
        handle.remove()
    return layers
