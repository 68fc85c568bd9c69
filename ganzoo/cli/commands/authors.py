"""`ganzoo new-plugin` and `ganzoo check-plugin`: for those who publish a plugin."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import candidates, console
from ganzoo.cli.options import AsJson, Runs, Settings, Timeout
from ganzoo.errors import PluginError, UsageError
from ganzoo.zoo import catalogue, options, registry

if TYPE_CHECKING:
    from ganzoo.zoo.catalogue import Entry


def new_plugin(
    name: Annotated[
        str, typer.Argument(help="What to call the architecture, or the model, e.g. my_gan.")
    ],
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to put the folder of the package.")
    ] = Path(),
    run: Annotated[
        Path | None,
        typer.Option(
            "--with-model",
            metavar="RUN",
            help="Ship the trained model of this run, and no architecture.",
            autocompletion=candidates.runs,
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option(metavar="SPDX", help="Of the model's weights, such as CC-BY-4.0.")
    ] = "",
    runs: Runs = Path("runs"),
) -> None:
    """Write a package with a new architecture, or a trained model; its folder is the last line."""
    if run is not None:
        from ganzoo.export.packaging import package_model
        from ganzoo.runs.finding import find_run

        made = package_model(find_run(run, runs).path, name, folder, licence=licence)
    elif licence:
        raise UsageError("--licence is of a model's weights: name its run with --with-model")
    else:
        from ganzoo.zoo.scaffold import create

        made = create(name, folder)
    for path in sorted(made.iterdir()):
        print_line(f"wrote {path}")
    print_line(f"next: pip install -e {made}, then ganzoo check-plugin {name}")
    print_line(made)


def check_plugin(
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="An architecture, data set, features or model that is installed, or the folder "
            "of a package, installed or not.",
            autocompletion=candidates.plugins,
        ),
    ],
    settings: Settings = None,
    timeout: Timeout = 120,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin keeps the contract; the exit code is 3 if it does not."""
    from ganzoo.conformance import check_entry

    given, passed, report = options.parse_pairs(settings or []), True, []
    entries = _entries(plugin)
    for entry, share in zip(entries, _share(given, entries), strict=True):
        if not as_json:
            print_line(entry.label)
        verdicts = []
        for verdict in check_entry(entry, share, timeout):
            verdicts.append(verdict)
            if not as_json:
                _print_verdict(*verdict)
        good = all(verdict.passed for verdict in verdicts)
        passed &= good
        report.append(_describe(entry, [verdict._asdict() for verdict in verdicts], good))
        if not as_json:
            failed = [verdict.check for verdict in verdicts if not verdict.passed]
            outcome = f"failed: {', '.join(failed)}" if failed else "passed"
            print_line(f"{outcome} ({len(verdicts) - len(failed)} of {len(verdicts)} checks hold)")
    if as_json:
        print_json(report, indent=2)
    if not passed:
        raise typer.Exit(PluginError.exit_code)


def _entries(plugin: str) -> list[Entry]:
    """Return the plugins with that name, at most one of each kind, or all plugins of a folder.

    A name wins over a folder. The folder's source becomes importable.
    """
    from ganzoo.zoo import scaffold

    found = []
    if not plugin.startswith(".") and "/" not in plugin and os.sep not in plugin:
        kinds = (
            catalogue.architectures(), catalogue.datasets(), catalogue.features(),
            catalogue.models(),
        )  # fmt: skip
        for entries in kinds:
            with suppress(catalogue.UnknownNameError):
                found.append(catalogue.find(entries, plugin))
        if not found and not Path(plugin).is_dir():
            catalogue.find([entry for entries in kinds for entry in entries], plugin)
    if not found:
        found, source = scaffold.entries(Path(plugin))
        sys.path.insert(0, str(source))
    return found


def _share(given: dict[str, str], entries: list[Entry]) -> list[dict[str, str]]:
    """Return, for each plugin, its options among those given; a single plugin gets all of them.

    Raises PluginError for an option that no plugin has.
    """
    if len(entries) == 1 or not given:
        return [given] * len(entries)
    shares = []
    for entry in entries:
        known: Container[str] = ()
        with suppress(PluginError):  # if it does not load, its verdict will say so
            known = inspect.signature(registry.import_function(entry)[0]).parameters
        shares.append({key: value for key, value in given.items() if key in known})
    if lost := set(given) - {key for share in shares for key in share}:
        raise PluginError(f"none of the folder's plugins has an option '{min(lost)}'")
    return shares


def _describe(entry: Entry, verdicts: list[dict[str, Any]], passed: bool) -> dict[str, Any]:
    """Return the verdicts on a plugin, for JSON."""
    facts = {"kind": entry.kind, "name": entry.name, "package": entry.package}
    return {**facts, "version": entry.version, "passed": passed, "checks": verdicts}


def _print_verdict(check: str, passed: bool, detail: str) -> None:
    """Print one verdict in columns."""
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1))
    for width in (7, 14):
        row.add_column(width=width)
    mark = Text("  ok", "green") if passed else Text("  FAIL", "bold red")
    row.add_row(mark, check, detail)
    console.show(row)
