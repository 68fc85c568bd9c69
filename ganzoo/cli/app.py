"""The list of commands. It must import fast, so each command imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.architecture import __version__
from ganzoo.cli.commands import (
    adopt,
    authors,
    bench_zoo,
    data,
    directions,
    evaluate,
    explore,
    export,
    graph,
    interpolate,
    look,
    models,
    pictures,
    project,
    publish,
    resume,
    sample,
    sweep,
    train,
)
from ganzoo.cli.console import note_logged
from ganzoo.cli.options import unwrapped, with_settings

app = typer.Typer(
    name="ganzoo",
    help="A zoo of GAN architectures: train them, export them to ONNX, sample without torch.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    """Print the version and end the command, if --version was given."""
    if wanted:
        print_line(f"ganzoo {__version__}")
        raise typer.Exit


@app.callback()
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


app.command("list")(look.list_plugins)
app.command("show")(look.show)
app.command("graph")(graph.graph)
app.command("models")(models.models)
app.command("runs")(look.list_runs)
app.add_typer(data.app, name="data")
app.command("train")(with_settings(train.train))
app.command("resume")(with_settings(resume.resume, resumed=True))
app.command("export")(export.export)
app.command("adopt")(adopt.adopt)
app.command("publish")(publish.publish)
app.command("sample")(sample.sample)
app.command("sweep")(sweep.sweep)
app.command("interpolate")(interpolate.interpolate)
app.command("directions")(directions.directions)
app.command("project")(project.project)
app.command("explore")(explore.explore)
app.command("eval")(evaluate.evaluate)
app.command("bench-zoo")(bench_zoo.bench_zoo)
app.command("plot")(pictures.plot)
app.command("animate")(pictures.animate)
app.command("report")(pictures.report)
app.command("compare")(pictures.compare)
app.command("plugins")(look.plugins)
app.command("new-plugin")(authors.new_plugin)
app.command("check-plugin")(authors.check_plugin)
app.command("doctor")(look.doctor)

for command in (*app.registered_commands, *data.app.registered_commands):
    command.help = unwrapped(command.callback)
