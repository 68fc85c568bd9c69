"""The picture of an architecture's networks: both run once, and what flows is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.report.network.drawing import NetworkDrawing, drawing
from ganzoo.runs.job import open_architecture
from ganzoo.train.networks import describe_networks
from ganzoo.train.tracing import flows
from ganzoo.zoo import registry


def draw(
    title: str,
    name: str,
    options: Mapping[str, Any],
    say: Callable[[str], None],
    more: str = "",
) -> NetworkDrawing:
    """Draw both networks of the architecture `name`; `say` is told what a plugin had put right.

    Raises PluginError where the plugin does not work.
    """
    loaded = open_architecture(name, options, say)
    with registry.blame(loaded.entry):
        networks = {which: net for which, (net, _) in describe_networks(loaded.value).items()}
        found = flows(loaded.value, networks)
    return drawing(title, found, more, [f"{loaded.in_words()}."])
