"""An architecture as one looks at it: its networks, layer by layer, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.api.remarking import log
from ganzoo.tables import Table, as_html, as_text

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.train.networks import Layer


HEADS = ("layer", "kind", "parameters", "output shape")
"""Of the table of a network's layers."""


@dataclass(frozen=True)
class Network:
    """A network with its layers, as they ran once: a notebook shows them as a table."""

    module: nn.Module
    """The network that torch runs, with the weights of seed 0."""

    layers: list[Layer]
    parameters: int
    """How many numbers training changes."""

    def to_json(self) -> dict[str, Any]:
        """Return the number of parameters, and the layers, as `ganzoo show --json` prints them."""
        return {"parameters": self.parameters, "layers": [vars(layer) for layer in self.layers]}

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the table in words: layer, kind, parameters, output shape without the batch."""
        rows = [
            (layer.name, layer.kind, f"{layer.parameters:,}", _shape(layer.output_shape))
            for layer in self.layers
        ]
        return [*rows, ("", "total", f"{self.parameters:,}", "")]

    def __repr__(self) -> str:
        return as_text([HEADS, *self.rows()])

    def _repr_html_(self) -> str:
        return as_html(self.rows(), HEADS)


@dataclass(frozen=True)
class Shown:
    """What `show` returns; printed, it is both networks and how they are trained."""

    title: str
    """The architecture, its package, and its options with their defaults."""

    generator: Network
    discriminator: Network
    settings: Table
    """Losses, optimizers, first weights and length of a training where nobody says otherwise."""

    described: Mapping[str, Any]
    """The architecture as run.json names it, with its options."""

    def networks(self) -> dict[str, Network]:
        """Return both networks by name: "generator" and "discriminator"."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def to_json(self) -> dict[str, Any]:
        """Return what `ganzoo show --json` prints."""
        networks = {which: network.to_json() for which, network in self.networks().items()}
        return {**self.described, "settings": self.settings, "networks": networks}

    def __repr__(self) -> str:
        parts = [f"{which}: {net.module}\n\n{net!r}" for which, net in self.networks().items()]
        return "\n\n".join([self.title, *parts, repr(self.settings)])

    def _repr_html_(self) -> str:
        return "".join(
            [
                "<h4>Generator</h4>",
                self.generator._repr_html_(),
                "<h4>Discriminator</h4>",
                self.discriminator._repr_html_(),
                "<h4>Training</h4>",
                self.settings._repr_html_(),
            ]
        )


def show(
    architecture: str,
    *,
    options: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = log,
) -> Shown:
    """Return an architecture to look at; the same as `ganzoo show`.

    `architecture` is a name from `ganzoo list`, `options` are its options. Both networks are built
    and run once. Printed, the result is the networks layer by layer, with shapes and parameters,
    the losses, and how it is trained; a notebook shows tables. `say` is told where a plugin did
    something that was put right; by default that goes to the logger `ganzoo`. Raises
    `ganzoo.errors.PluginError` where there is no such architecture or option.
    """
    from ganzoo.api.plan import of_architecture
    from ganzoo.runs.job import open_architecture
    from ganzoo.train.networks import count_parameters, describe_networks
    from ganzoo.zoo import options as of_plugins
    from ganzoo.zoo import registry

    loaded = open_architecture(architecture, options or {}, say)
    with registry.blame(loaded.entry):
        networks = describe_networks(loaded.value)
        told = of_architecture(loaded.value, *(network for network, _ in networks.values()))
    function, _ = registry.import_function(loaded.entry)
    generator, discriminator = (
        Network(module, layers, count_parameters(module)) for module, layers in networks.values()
    )
    title = f"{loaded.entry.label}: {of_plugins.describe(function)}"
    return Shown(title, generator, discriminator, Table(told), loaded.describe())


def _shape(sides: tuple[int, ...]) -> str:
    return " x ".join(map(str, sides)) or "1"
