"""An architecture or a run as one looks at it: the networks layer by layer, and the training."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.api.meaning import is_architecture, is_place
from ganzoo.api.remarking import log
from ganzoo.errors import UsageError
from ganzoo.runs.finding import Words, runs_folder
from ganzoo.tables import Table, as_html, as_text

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.api.run import TrainedRun
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
    """The architecture, its package, and its options with their defaults; for a run, its values."""

    generator: Network
    discriminator: Network
    settings: Table
    """Losses, optimizers, first weights and length of a training where nobody says otherwise; for a
    run all settings that it was trained with."""

    described: Mapping[str, Any]
    """The architecture as run.json names it, with its options."""

    run: TrainedRun | None = None
    """The run, where it is of one."""

    def networks(self) -> dict[str, Network]:
        """Return both networks by name: "generator" and "discriminator"."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def to_json(self) -> dict[str, Any]:
        """Return what `ganzoo show --json` prints."""
        networks = {which: network.to_json() for which, network in self.networks().items()}
        found = {**self.described, "settings": self.settings, "networks": networks}
        return found if self.run is None else {**found, "run": self.run.to_json()}

    def training(self) -> Table:
        """Return the settings in words; for a run, how it went stands before them."""
        if self.run is None:
            return self.settings
        went = self.run.summary()
        done = went.pop("epochs")  # the settings have how many were asked for
        return Table({"epochs trained": done, **went, **self.settings})

    def __repr__(self) -> str:
        parts = [f"{which}: {net.module}\n\n{net!r}" for which, net in self.networks().items()]
        return "\n\n".join([self.title, *parts, repr(self.training())])

    def _repr_html_(self) -> str:
        return "".join(
            [
                "<h4>Generator</h4>",
                self.generator._repr_html_(),
                "<h4>Discriminator</h4>",
                self.discriminator._repr_html_(),
                "<h4>Training</h4>",
                self.training()._repr_html_(),
            ]
        )


def show(
    what: Words,
    *,
    options: Mapping[str, Any] | None = None,
    runs: Words | None = None,
    say: Callable[[str], None] = log,
) -> Shown:
    """Return an architecture or a run to look at; the same as `ganzoo show`.

    `what` is a name from `ganzoo list`, which `options` are for, or a run: its folder, or its name
    below `runs`. Both networks are built and run once. Printed, the result is the networks layer by
    layer, with shapes and parameters, the losses, and how it is trained; a notebook shows tables.
    Of a run they are the settings that were used, and how it went. `say` is told where a plugin did
    something that was put right, or where a name is that of a run and of an architecture; by
    default that goes to the logger `ganzoo`. Raises `ganzoo.errors.PluginError` where there is no
    such architecture or option, ModelFileError where there is no such run, and UsageError for
    options of a run.
    """
    from ganzoo.api.plan import of_architecture
    from ganzoo.runs.job import open_architecture
    from ganzoo.train.networks import describe_networks
    from ganzoo.zoo import options as of_plugins
    from ganzoo.zoo import registry

    folder = runs_folder(runs)
    if is_place(what, folder) and not is_architecture(what, folder, say):
        return _of_run(what, folder, options, say)
    loaded = open_architecture(os.fspath(what), options or {}, say)
    with registry.blame(loaded.entry):
        networks = describe_networks(loaded.value)
        told = of_architecture(loaded.value, *(network for network, _ in networks.values()))
    function, _ = registry.import_function(loaded.entry)
    title = f"{loaded.entry.label}: {of_plugins.describe(function)}"
    generator, discriminator = map(_network, networks.values())
    return Shown(title, generator, discriminator, Table(told), loaded.describe())


def _of_run(
    words: Words, runs: Path, options: Mapping[str, Any] | None, say: Callable[[str], None]
) -> Shown:
    """Return what `show` does, of a run."""
    from ganzoo.api.run import TrainedRun
    from ganzoo.runs.finding import find_run
    from ganzoo.runs.job import open_architecture
    from ganzoo.train.networks import describe_networks
    from ganzoo.zoo import registry

    run = TrainedRun(find_run(words, runs).path)
    if options:
        raise UsageError(
            f"options must be left out: {run.path} is a run, and has its own", "options"
        )
    made = run.facts.architecture
    loaded = open_architecture(made.qualified, made.options, say)
    with registry.blame(loaded.entry):
        networks = describe_networks(loaded.value)
    title = f"{run.path}: {loaded.entry.label} ({loaded.settings()})"
    generator, discriminator = map(_network, networks.values())
    return Shown(title, generator, discriminator, run.settings(), loaded.describe(), run)


def _network(built: tuple[nn.Module, list[Layer]]) -> Network:
    """Return a network that was built, and ran, with the number of its parameters."""
    from ganzoo.train.networks import count_parameters

    return Network(*built, count_parameters(built[0]))


def _shape(sides: tuple[int, ...]) -> str:
    return " x ".join(map(str, sides)) or "1"
