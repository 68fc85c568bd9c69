"""The command line, and the only place where an error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

from ganzoo.cli.console import note
from ganzoo.cli.surroundings import settled
from ganzoo.errors import GanzooError, broken_library, is_out_of_memory, missing_extra
from ganzoo.storage import STDOUT, in_words, naming

COMPLETE = "_GANZOO_COMPLETE"
"""The variable by which the scripts of `--show-completion` ask what may stand at the cursor."""
SHELL_OPTIONS = ("--install-completion", "--show-completion")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `ganzoo` with these arguments, by default those of the process, and exit."""
    if COMPLETE in os.environ:  # the shell asks, and nothing else is to be printed
        from ganzoo.cli.completing import answer

        answer(lambda name: _command(name, bare=True))
    before = sys.argv
    if arguments is not None:
        sys.argv = ["ganzoo", *arguments]  # a run notes the command that began it
    try:
        with settled():
            _main(sys.argv[1:])
    finally:
        sys.argv = before


def _main(arguments: list[str]) -> NoReturn:
    """Run the command, and exit with the code that belongs to what it raised."""
    debug = "--debug" in arguments[:1]
    code = 0
    try:
        code = _run(arguments)
    except BrokenPipeError:  # the reader closed the pipe, as in `ganzoo list | head -1`
        code = _without_reader()
    except Exception as error:
        if debug:
            raise
        _exit_with(error, arguments)
    except SystemExit as error:  # only this function may end the process
        if debug or (arguments[:1] and arguments[0] in SHELL_OPTIONS):  # typer ends these itself
            raise
        if isinstance(error.__context__, BrokenPipeError):  # rich says so: `… --help | head -1`
            sys.exit(_without_reader())
        if library := broken_library(error):
            _fail(f"{library}; `ganzoo doctor` shows what works", 3)
        _fail(f"something ended the command with {error!r}; `ganzoo --debug …` shows what", 1)
    except KeyboardInterrupt as error:
        _fail(f"interrupted {error}", 130)
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun started us
        # All is written. Where several processes end at the same moment, torch 2.13 now and then
        # aborts one of them as its own threads are taken down, and torchrun reports a failure.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _without_reader() -> int:
    """Let what is still to be printed go nowhere; return the exit code that a shell expects."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _run(arguments: list[str]) -> int:
    """Run the command, and return the exit code that it chose, or 0."""
    import typer

    command = _command(_named(arguments))
    try:
        with command.make_context("ganzoo", [*arguments]) as context:  # which empties it
            command.invoke(context)
        with naming(STDOUT):
            sys.stdout.flush()
    except typer.Exit as done:
        if done.exit_code and arguments[:1] and arguments[0] in SHELL_OPTIONS:
            note(f"`{COMPLETE}=source_bash ganzoo` prints the script of bash; also zsh and fish")
        return done.exit_code
    return 0


def _named(arguments: list[str]) -> str | None:
    """Return the word that names the command; None where an option comes first, as in `--help`."""
    words = arguments[arguments[:1] == ["--debug"] :]
    return words[0] if words and not words[0].startswith("-") else None


@cache
def _command(only: str | None = None, bare: bool = False) -> Any:
    """Return what typer makes of one command, or of all; of their names alone where `bare`."""
    import typer

    from ganzoo.cli.app import build

    return typer.main.get_command(build(only, bare=bare))


def _exit_with(error: Exception, arguments: list[str]) -> NoReturn:
    """Print an error as one line, and exit with its code."""
    if isinstance(error, GanzooError):
        from ganzoo.cli.options import in_shell

        _fail(in_shell(str(error), error.fields), error.exit_code)
    if hasattr(error, "format_message"):  # typer raises this for a wrong command line
        message = error.format_message().rstrip(".") or "type a command"
        command = getattr(getattr(error, "ctx", None), "command_path", "ganzoo")
        _fail(f"{message}; `{command} --help` shows what there is", 2)
    if library := broken_library(error):
        _fail(f"{library}; `ganzoo doctor` shows what works", 3)
    if isinstance(error, ModuleNotFoundError) and missing_extra(error):
        _fail(f"this needs {error.name}{missing_extra(error)}", 3)
    if isinstance(error, OSError):
        _fail(in_words(error), 6)
    if is_out_of_memory(error):
        _fail(f"out of memory{_needs_less(arguments)}", 8)
    name = type(error).__name__
    _fail(f"this is a bug in ganzoo ({name}: {error}); `ganzoo --debug …` shows where", 1)


def _needs_less(arguments: list[str]) -> str:
    """Return which option of the command makes it need less memory; "" where it has none."""
    name = _named(arguments)
    command = _command(name).commands.get(name) if name else None
    options = {parameter.name for parameter in command.params} if command else set()
    less = {"batch_size": "a smaller --batch-size", "images": "fewer --images"}
    return next((f": try {words}" for option, words in less.items() if option in options), "")


def _fail(message: str, code: int) -> NoReturn:
    """Print a message to stderr in one line, and exit."""
    note(message)
    sys.exit(code)
