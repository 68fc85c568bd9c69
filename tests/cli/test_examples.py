"""The examples at the end of each `--help`, and its last lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from ganzoo.cli.app import build
from ganzoo.cli.examples import EXAMPLES, LAB
from tests.conftest import ROOT, Cli


def commands(command: Any, *path: str) -> Iterator[str]:
    """Yield the words of each command below this one, groups included."""
    for word, below in getattr(command, "commands", {}).items():
        yield " ".join([*path, word])
        yield from commands(below, *path, word)


PROGRAM: Any = typer.main.get_command(build())


def parse(line: str) -> str:
    """Parse a line as its command does, run nothing, and return which command it is."""
    program, *words = shlex.split(line)
    assert program == "ganzoo"
    command, path = PROGRAM, list[str]()
    context = command.make_context("ganzoo", words)
    while hasattr(command, "commands") and (words := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, words)
        path.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(path)


def test_every_command_has_two_examples() -> None:
    assert set(EXAMPLES) == set(commands(PROGRAM))
    lines = [line for both in EXAMPLES.values() for line in both]
    assert len(lines) == len(set(lines)) == 2 * len(EXAMPLES)
    assert max(map(len, lines)) <= 76


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_command_takes_its_examples_and_shows_them_last(
    command: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [parse(line) for line in EXAMPLES[command]] == [command, command]
    monkeypatch.setenv("COLUMNS", "80")
    shown = cli(*command.split(), "--help").out.split("\n")
    end = [line.strip() for line in shown if line.strip()][-3:]
    assert end == ["Examples:", *EXAMPLES[command]]


@pytest.mark.parametrize("line", ["ganzoo train mlp_gan --epoch 5", "ganzoo runs rm"])
def test_what_a_command_does_not_take_is_no_example(line: str) -> None:
    with pytest.raises(Exception, match=r"No such option|Missing parameter"):
        parse(line)


def test_the_last_line_of_the_help_names_the_page_of_the_lab(cli: Cli) -> None:
    assert cli("--help").out.rstrip().splitlines()[-1].strip() == LAB
    assert (ROOT / LAB.rpartition(" ")[2]).is_file()
