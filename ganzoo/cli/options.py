"""Options that several commands share, and the spelling of Python's parameters in the shell."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from inspect import Parameter, getdoc, signature
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, get_type_hints

import typer

from ganzoo.cli import candidates
from ganzoo.config import TrainConfig

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="An option of the architecture; may be repeated.",
        autocompletion=candidates.options_of("architecture"),
    ),
]
Runs = Annotated[
    Path, typer.Option("--runs", metavar="DIR", help="Where runs are kept.", envvar="GANZOO_RUNS")
]
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", autocompletion=candidates.devices)
]
Timeout = Annotated[
    float, typer.Option(min=1, help="Seconds that loading a plugin, or one check, may take.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that holds another model.")]
Best = Annotated[
    bool,
    typer.Option(
        "--best", help="Take the checkpoint with the smallest Fréchet distance, not the newest one."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write curves and samples into RUN/tensorboard too.")
]

SPELLED = {
    "learning_rate": "--lr",
    "generator_learning_rate": "--generator-lr",
    "discriminator_learning_rate": "--discriminator-lr",
    "options": "--set",
    "data_options": "--set-data",
    "parent": "--dir",
    "label": "--class",
    "n": "-n",
    "image_range": "--range",
    "latent_input": "--latent",
    "label_input": "--label",
    "image_output": "--image",
}
"""Options that are not the parameter's name with dashes."""
VALUES = {("precision", "float16"): "--fp16", ("precision", "int8"): "--int8"}
"""Values that the shell has options of their own for."""
METAVARS = {
    "precision": "NAME",
    "save_every": "EVERY",
    "keep_every": "EVERY",
    "eval_every": "EVERY",
    "eval_features": "NAME",
    "snapshots": "EPOCHS",
}
"""Words for values. Long ones, such as all choices, leave no room for the names in 80 columns."""
VARIABLES = {"report": "GANZOO_REPORT"}
NEGATIVES = {
    "report": "--no-report",
    "shared_fakes": "--own-fakes",
    "keep_best": "--no-keep-best",
    "augment": "--no-augment",
}
"""Options that switch a setting off which is on by default, or which an architecture has on."""


def option(name: str) -> str:
    """Return the option of a parameter: `--batch-size` for `batch_size`."""
    return SPELLED.get(name, f"--{name.replace('_', '-')}")


def in_shell(text: str, names: Iterable[str]) -> str:
    """Return a text of the core with options in place of the parameters `names`.

    A parameter is replaced where it is the first word, or stands before an equals sign:
    `batch_size=32` becomes `--batch-size 32`, `skip_bad=True` becomes `--skip-bad`.
    """

    def spelled(found: re.Match[str]) -> str:
        name, value = found[1], (found[2] or "").strip("'")
        if value in {"True", "False"}:
            return NEGATIVES.get(name, f"no {option(name)}") if value == "False" else option(name)
        if (name, value) in VALUES:
            return VALUES[name, value]
        return f"{option(name)} {quote(value) if value else ''}".rstrip()

    for name in names:
        text = re.sub(rf"^{name}\b(?= (must|takes)|:)", option(name), text)
        text = re.sub(rf"(?<![\w/.-])({name})=('[^']*'|[\w.+:/-]*\w)?", spelled, text)
    return text


def with_settings(command: Callable[..., Any], *, resumed: bool = False) -> Callable[..., Any]:
    """Return `command` with one option for each setting in place of its parameter `settings`.

    The parameter gets the settings that the user gave, by name. Where a run is `resumed`, `--help`
    lists the settings that may not change apart from the others.
    """
    from ganzoo.runs.saving import Saving

    rows: dict[str, Parameter] = {}
    for table in (TrainConfig, Saving):
        hints = get_type_hints(table)
        for row in fields(table):
            rows[row.name] = _parameter(row, hints[row.name], resumed, of_saving=table is Saving)
    if resumed:
        del rows["epochs"]  # it takes +10 there

    @functools.wraps(command)
    def called(**given: Any) -> Any:
        settings = {name: given.pop(name) for name in rows}
        return command(**given, settings={name: v for name, v in settings.items() if v is not None})

    hints = get_type_hints(command, include_extras=True)
    parameters: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        own = [parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY)]
        parameters += rows.values() if name == "settings" else own
    called.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in parameters}
    return called


def _parameter(row: Field[Any], kind: Any, resumed: bool, *, of_saving: bool) -> Parameter:
    """Return the parameter for one setting; its value is None where the user does not give it."""
    what, name = row.metadata["what"], option(row.name)
    if row.name in NEGATIVES:
        name = f"{name}/{NEGATIVES[row.name]}"
    if of_saving and row.default is not None and not resumed:
        what += f" Default: {'yes' if row.default is True else row.default}."
    panel = None
    if resumed and not row.metadata["extends"]:
        what, panel = "As it was.", "Refused if the run has others"
    shown = typer.Option(
        name,
        help=what,
        metavar=METAVARS.get(row.name),
        envvar=VARIABLES.get(row.name),
        rich_help_panel=panel,
        autocompletion=candidates.features if row.name == "eval_features" else None,
    )
    return Parameter(
        row.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, shown]
    )


def unwrapped(command: Callable[..., Any] | None) -> str:
    """Return the docstring of a command, each paragraph in one line, for a terminal to wrap."""
    paragraphs = (getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def given_only(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that the user gave: those that are not None."""
    return {name: value for name, value in options.items() if value is not None}
