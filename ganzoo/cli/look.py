"""`ganzoo list`, `ganzoo show` and `ganzoo doctor`: look, and change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo import options, registry
from ganzoo.cli.parameters import AsJson, Settings

if TYPE_CHECKING:
    from rich.table import Table

    from ganzoo.show import Layer


def list_plugins(as_json: AsJson = False) -> None:
    """List every architecture and data set that is installed, without importing any."""
    groups = {"architecture": registry.architectures(), "data set": registry.datasets()}
    if as_json:
        rows = [
            {
                "kind": kind,
                "name": entry.name,
                "package": entry.package,
                "version": entry.version,
                "summary": entry.summary(),
            }
            for kind, entries in groups.items()
            for entry in entries
        ]
        print(json.dumps(rows, indent=2))
        return
    for kind, entries in groups.items():
        table = _table(kind, "package", "summary")
        for entry in entries:
            table.add_row(entry.name, f"{entry.package} {entry.version}", entry.summary())
        _print(table)


def show(
    architecture: Annotated[str, typer.Argument(help="A name from `ganzoo list`.")],
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Show an architecture's networks: their layers, parameters and output shapes."""
    from ganzoo.networks import count_parameters
    from ganzoo.show import describe_networks

    loaded = registry.load_architecture(architecture, options.parse_pairs(settings or []))
    with registry.blame(loaded.entry):
        networks = describe_networks(loaded.value)
    if as_json:
        print(json.dumps({
            **loaded.describe(),
            "networks": {
                which: {"parameters": count_parameters(net), "layers": [vars(x) for x in layers]}
                for which, (net, layers) in networks.items()
            },
        }, indent=2))  # fmt: skip
        return
    function = loaded.entry.function()
    print(f"{loaded.entry.label}: {options.describe(function)}\n")
    for which, (network, layers) in networks.items():
        print(f"{which}: {network}\n")
        _print(_layer_table(layers, count_parameters(network)))


def doctor(as_json: AsJson = False) -> None:
    """Report versions, the device and why, data sets at hand, and plugins that do not load."""
    from rich.text import Text

    from ganzoo import doctor as findings

    versions, device = findings.versions(), findings.device()
    groups = {"datasets": findings.datasets(), "architectures": findings.architectures()}
    if as_json:
        print(json.dumps({
            "versions": versions,
            "device": device,
            **{
                group: [
                    {"name": e.name, "package": e.package, "ok": ok, "detail": detail}
                    for e, ok, detail in found
                ]
                for group, found in groups.items()
            },
        }, indent=2))  # fmt: skip
        return
    rows = _table("version", "")
    for name, version in versions.items():
        rows.add_row(name, version)
    _print(rows)
    print(f"  device  {device}\n")
    for group, found in groups.items():
        table = _table(group, "package", "", "")
        for entry, ok, detail in found:
            verdict = Text("ok", "green") if ok else Text("no", "red")
            table.add_row(entry.name, f"{entry.package} {entry.version}", verdict, detail)
        _print(table)


def _layer_table(layers: list[Layer], total: int) -> Table:
    table = _table("layer", "kind", "parameters", "output shape")
    table.columns[2].justify = "right"
    for layer in layers:
        shape = " x ".join(map(str, layer.output_shape)) or "1"
        table.add_row(layer.name, layer.kind, f"{layer.parameters:,}", shape)
    table.add_section()
    table.add_row("", "total", f"{total:,}", "")
    return table


def _table(*headers: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*headers, box=SIMPLE_HEAD, header_style="bold")


def _print(table: Table) -> None:
    from rich.console import Console

    Console(markup=False).print(table)  # what plugins say is not ours to style
