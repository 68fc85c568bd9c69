"""`ganzoo list`, `show`, `plugins` and `doctor`: they show things and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line, terminal
from ganzoo.cli import candidates, console
from ganzoo.cli.options import AsJson, Runs, Settings, Timeout
from ganzoo.errors import unreadable_entry_points
from ganzoo.zoo import catalogue, options

if TYPE_CHECKING:
    from rich.table import Table

    from ganzoo.api.showing import Network
    from ganzoo.zoo.probe import Finding


def list_plugins(as_json: AsJson = False) -> None:
    """List every architecture, data set and features that are installed, importing none."""
    _note_unknown_packages()
    groups = {
        "architecture": catalogue.architectures(),
        "data set": catalogue.datasets(),
        "features": catalogue.features(),
    }
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
        print_json(rows, indent=2)
        return
    for kind, entries in groups.items():
        table = console.table(kind, "package", "summary")
        table.columns[0].no_wrap = True
        for entry in entries:
            table.add_row(
                entry.name, f"{entry.package} {entry.version}", entry.summary() or "(no docstring)"
            )
        console.show(table)


def show(
    architecture: Annotated[
        Path,
        typer.Argument(
            metavar="NAME|RUN",
            help="A name from `ganzoo list`, or a run or its name.",
            autocompletion=candidates.architectures_and_runs,
        ),
    ],
    settings: Settings = None,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Show an architecture or a run: its networks layer by layer, and how it is trained.

    Of a run these are the settings that were used, and how it went.
    """
    from ganzoo.api import showing
    from ganzoo.api.plan import print_plan

    given = options.parse_pairs(settings or [])
    found = showing.show(architecture, options=given, runs=runs, say=console.note)
    if as_json:
        print_json(found.to_json(), indent=2)
        return
    print_line(found.title)
    print_line()
    for which, network in found.networks().items():
        for line in f"{which}: {network.module}".splitlines():
            print_line(line)
        print_line()
        console.show(_layer_table(network))
    print_plan(found.training())


def plugins(
    timeout: Timeout = 60,
    as_json: AsJson = False,
) -> None:
    """List the packages that register something, and load each to see whether it works.

    Each package is loaded in a process of its own. GANZOO_PLUGINS, a list of packages with commas,
    restricts what any command may use: `GANZOO_PLUGINS=ganzoo` leaves all but ganzoo's own out.
    """
    from ganzoo.zoo.probe import survey

    _note_unknown_packages()
    _note_damaged_packages()
    findings = survey(timeout)
    if as_json:
        packages: dict[tuple[str, str], list[dict[str, str]]] = {}
        for entry, state, detail in findings:
            row = {"kind": entry.kind, "name": entry.name, "target": entry.target}
            row |= {"state": state, "detail": detail}
            packages.setdefault((entry.package, entry.version), []).append(row)
        print_json([
            {"package": package, "version": version, "registers": rows}
            for (package, version), rows in packages.items()
        ], indent=2)  # fmt: skip
        return
    _print_findings(findings)


def doctor(timeout: Timeout = 60, as_json: AsJson = False) -> None:
    """Report versions, the device and why, data sets at hand, and plugins that do not load."""
    from ganzoo.conformance import machine
    from ganzoo.zoo.probe import survey

    _note_damaged_packages()
    (versions, device), found = machine.look(timeout), survey(timeout)
    groups = {
        "datasets": [f for f in found if f.entry.kind == "data set"],
        "architectures": [f for f in found if f.entry.kind == "architecture"],
        "features": [f for f in found if f.entry.kind == "features"],
    }
    if as_json:
        print_json({
            "versions": versions,
            "device": device,
            **{
                group: [
                    {"name": f.entry.name, "package": f.entry.package, "ok": f.usable,
                     "state": f.state, "detail": f.detail}
                    for f in found
                ]
                for group, found in groups.items()
            },
        }, indent=2)  # fmt: skip
        return
    rows = console.table("version", "")
    for name, version in versions.items():
        rows.add_row(name, version)
    console.show(rows)
    print_line(f"  device  {device}")
    print_line()
    _print_findings(found)


def _note_unknown_packages() -> None:
    """Say which packages in $GANZOO_PLUGINS register nothing."""
    known = {catalogue.plain(entry.package) for entry in catalogue.installed()}
    for package in sorted(catalogue.allowed_packages() - known):
        console.note(f"$GANZOO_PLUGINS names {package}, which registers nothing here")


def _note_damaged_packages() -> None:
    """Say which packages' entry points cannot be read, so that they may lack among the plugins."""
    for line in unreadable_entry_points():
        console.note(line)


def _print_findings(findings: list[Finding]) -> None:
    """Print the plugins package by package; the lines below a plugin say what is wrong with it."""
    from rich.padding import Padding
    from rich.text import Text

    colours = {"ok": "green", "broken": "red", "hidden": "dim"}
    package = ""
    for entry, state, detail in findings:
        if package != (package := f"{entry.package} {entry.version}"):
            console.show(Text(package, "bold"))
        verdict = Text(f"{state:<13}", colours.get(state, "yellow"))
        line = f"{entry.kind:<14}{entry.name:<26}"
        beside = state == "ok" and 15 + len(line + detail) <= terminal().width
        console.show(Text("  ").append(verdict).append((line + detail * beside).rstrip()))
        if not beside:
            console.show(Padding(Text(detail, "dim"), (0, 0, 0, 15)))


def _layer_table(network: Network) -> Table:
    """Return the table of a network's layers, with the total number of parameters."""
    from ganzoo.api.showing import HEADS

    table = console.table(*HEADS)
    table.columns[2].justify = "right"
    *layers, total = network.rows()
    for row in layers:
        table.add_row(*row)
    table.add_section()
    table.add_row(*total)
    return table
