"""The list of commands. Only what is asked for is imported: one command, or all for `--help`."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from ganzoo.api.terminal import print_line
from ganzoo.architecture import __version__
from ganzoo.cli.console import note_logged
from ganzoo.cli.examples import LAB, below
from ganzoo.cli.options import unwrapped, with_settings

COMMANDS = {
    "list": "look:list_plugins",
    "show": "look:show",
    "graph": "graph:graph",
    "models": "models:models",
    "runs": "runs:app",
    "data": "data:app",
    "train": "train:train",
    "resume": "resume:resume",
    "export": "export:export",
    "adopt": "adopt:adopt",
    "publish": "publish:publish",
    "sample": "sample:sample",
    "sweep": "sweep:sweep",
    "interpolate": "interpolate:interpolate",
    "directions": "directions:directions",
    "project": "project:project",
    "explore": "explore:explore",
    "eval": "evaluate:evaluate",
    "bench-zoo": "bench_zoo:bench_zoo",
    "plot": "pictures:plot",
    "animate": "pictures:animate",
    "report": "pictures:report",
    "open": "open_report:open_report",
    "compare": "pictures:compare",
    "plugins": "look:plugins",
    "new-plugin": "authors:new_plugin",
    "check-plugin": "authors:check_plugin",
    "doctor": "look:doctor",
}
"""Module and function of each command, in the order of `ganzoo --help`; an `app` is a group."""


def build(only: str | None = None, *, bare: bool = False) -> typer.Typer:
    """Return the program with all commands, or with the one that is called `only`: it is quicker.

    Where no command is called so, all are there, so that an error can name the nearest; `bare` they
    are names that do nothing, of which a shell can choose.
    """
    app = typer.Typer(
        name="ganzoo",
        help="A zoo of GAN architectures: train them, export them to ONNX, sample without torch.",
        epilog=LAB,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for name in [only] if only in COMMANDS else COMMANDS:
        if bare and only not in COMMANDS:
            app.command(str(name))(_nothing)
        else:
            _add(app, str(name))
    return app


def _add(app: typer.Typer, name: str) -> None:
    """Give the program a command, or a group of commands, with its help and its examples."""
    module, _, called = COMMANDS[name].partition(":")
    function: Any = getattr(import_module(f"ganzoo.cli.commands.{module}"), called)
    if isinstance(function, typer.Typer):
        for command in function.registered_commands:
            word = command.name or getattr(command.callback, "__name__", "")
            command.help, command.epilog = unwrapped(command.callback), below(f"{name} {word}")
        app.add_typer(function, name=name, epilog=below(name))
        return
    if name in {"train", "resume"}:
        wrapped = with_settings(function, resumed=name == "resume")
    else:
        wrapped = function
    app.command(name, help=unwrapped(function), epilog=below(name))(wrapped)


def _nothing() -> None:
    """Stand for a command of which only the name is needed."""


def _print_version(wanted: bool) -> None:
    """Print the version and end the command, if --version was given."""
    if wanted:
        print_line(f"ganzoo {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Define the options that come before a command; `main` reads --debug itself."""
    note_logged()
