"""The shell's spelling of Python's parameters, and the one table of settings behind both."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
import typer

import ganzoo
from ganzoo.cli.app import build
from ganzoo.cli.options import in_shell, option
from ganzoo.config import TrainConfig
from ganzoo.runs.saving import Saving
from tests.conftest import Cli


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("epochs must be at least 1", ["epochs"], "--epochs must be at least 1"),
        (
            "after 4 epochs: epochs='+10' goes on",
            ["epochs"],
            "after 4 epochs: --epochs +10 goes on",
        ),
        ("try batch_size=32.", ["batch_size"], "try --batch-size 32."),
        ("a smaller learning_rate=", ["learning_rate"], "a smaller --lr"),
        ("or say force=True", ["force"], "or say --force"),
        ("leave data_options= out", ["data_options"], "leave --set-data out"),
        ("device='cuda:1': no", ["device"], "--device cuda:1: no"),
        ("save_every='2 epochs'", ["save_every"], "--save-every '2 epochs'"),
        ("precision='float16' halves it", ["precision"], "--fp16 halves it"),
        ("deterministic=False (the run", ["deterministic"], "no --deterministic (the run"),
        ("data set 'x' of y", ["data"], "data set 'x' of y"),
        ("x/data=1/imgs: data='y'", ["data"], "x/data=1/imgs: --data y"),
        ("its options are width: int = 64", [], "its options are width: int = 64"),
    ],
)
def test_messages_name_options(text: str, names: list[str], said: str) -> None:
    assert in_shell(text, names) == said


def test_an_error_is_said_in_the_words_of_whoever_asked(cli: Cli) -> None:
    with pytest.raises(ganzoo.errors.UsageError, match=r"^batch_size must be at least 1, not 0$"):
        ganzoo.train("mlp_gan", batch_size=0)
    done = cli("train", "mlp_gan", "--batch-size", 0)
    assert (done.code, done.err) == (2, "ganzoo: --batch-size must be at least 1, not 0\n")


@pytest.mark.parametrize("command", ["train", "resume"])
def test_every_setting_is_an_option_and_a_parameter(command: str) -> None:
    settings = {row.name for table in (TrainConfig, Saving) for row in fields(table)}
    python = set(inspect.signature(getattr(ganzoo, command)).parameters)
    group = typer.main.get_command(build())
    assert isinstance(group, typer.core.TyperGroup)
    options = {o for p in group.commands[command].params for o in p.opts}
    assert settings <= python
    assert {option(name) for name in settings} <= options
