"""`ganzoo new-plugin` and `ganzoo check-plugin`: for those who publish an architecture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo import catalogue, options
from ganzoo.cli.parameters import AsJson, Settings
from ganzoo.errors import PluginError

if TYPE_CHECKING:
    from ganzoo.catalogue import Entry


def new_plugin(
    name: Annotated[str, typer.Argument(help="What to call the architecture, e.g. my_gan.")],
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to put the folder of the package.")
    ] = Path(),
) -> None:
    """Write a package with an architecture that trains at once; its folder is the last line."""
    from ganzoo.project import create

    made = create(name, folder)
    for path in sorted(made.iterdir()):
        print(f"wrote {path}")
    print(f"next: pip install -e {made}, then ganzoo check-plugin {name}")
    print(made)


def check_plugin(
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="An architecture or data set from `ganzoo list`, or the folder of a package, "
            "installed or not.",
        ),
    ],
    settings: Settings = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that loading may take.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps the contract; the exit code is 3 where it does not."""
    from ganzoo.conformance import check_entry

    given, passed, report = options.parse_pairs(settings or []), True, []
    for entry in _entries(plugin):
        if not as_json:
            print(entry.label)
        verdicts = []
        for verdict in check_entry(entry, given, timeout):
            verdicts.append(verdict)
            if not as_json:
                _print_verdict(*verdict)
        good = all(verdict.passed for verdict in verdicts)
        passed &= good
        report.append(_describe(entry, [verdict._asdict() for verdict in verdicts], good))
        if not as_json:
            failed = [verdict.check for verdict in verdicts if not verdict.passed]
            outcome = f"failed: {', '.join(failed)}" if failed else "passed"
            print(f"{outcome} ({len(verdicts) - len(failed)} of {len(verdicts)} checks hold)")
    if as_json:
        print(json.dumps(report, indent=2))
    if not passed:
        raise typer.Exit(PluginError.exit_code)


def _entries(plugin: str) -> list[Entry]:
    """What a folder registers, or the one plugin of that name."""
    from ganzoo import project

    if Path(plugin).is_dir() and ("/" in plugin or (Path(plugin) / "pyproject.toml").exists()):
        return project.entries(Path(plugin))
    return [catalogue.find([*catalogue.architectures(), *catalogue.datasets()], plugin)]


def _describe(entry: Entry, verdicts: list[dict[str, Any]], passed: bool) -> dict[str, Any]:
    facts = {"kind": entry.kind, "name": entry.name, "package": entry.package}
    return {**facts, "version": entry.version, "passed": passed, "checks": verdicts}


def _print_verdict(check: str, passed: bool, detail: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1))
    for width in (7, 14):
        row.add_column(width=width)
    mark = Text("  ok", "green") if passed else Text("  FAIL", "bold red")
    row.add_row(mark, check, detail)
    Console(markup=False, highlight=False).print(row)
