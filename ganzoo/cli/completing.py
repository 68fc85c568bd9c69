"""Answers the shell's question what may stand at the cursor. It prints that, and nothing else.

typer writes the scripts of the shells, and knows commands and options; `candidates` knows names.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import pairwise
from typing import Any, NoReturn

VARIABLE = "_GANZOO_COMPLETE"
BREAKS = set("=:")
"""bash takes these for words of their own, as $COMP_WORDBREAKS says; we do not."""


def answer(command: Callable[[str | None], Any]) -> NoReturn:
    """Print what may stand at the cursor, one a line, and exit; nothing where that is not known.

    `command(name)` is the program with the command of that name alone. A person is typing: whatever
    goes wrong, nothing may be printed among the words, so no error is shown.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    printed, cut, code = io.StringIO(), "", 0
    try:
        if "COMP_WORDS" in os.environ:
            cut = _join_words(os.environ)
        with redirect_stdout(printed):
            program = command(_first_word(os.environ))
            _leave_words(program)
            program.main(args=[], prog_name="ganzoo", complete_var=VARIABLE)
    except SystemExit as ended:  # fish asks by the exit code
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        printed = io.StringIO()
    lines = printed.getvalue().lstrip("\n").splitlines(keepends=True)  # zsh reads the first one
    sys.stdout.write("".join(line.removeprefix(cut) for line in lines))
    sys.stdout.flush()
    sys.exit(code)


def _leave_words(program: Any) -> None:
    """Have typer's parameters take words as they are, in this process, which ends with the answer.

    Nothing is run with the words, and to convert them typer imports pydantic, which takes a third
    of the time that a person waits. `--help` is made later, so this is said to the classes.
    """
    commands = [program, *getattr(program, "commands", {}).values()]
    for kind in {type(parameter) for command in commands for parameter in command.params}:
        kind.process_value = lambda parameter, context, value: value


def _join_words(environ: os._Environ[str]) -> str:
    """Join in COMP_WORDS what bash parted at "=" and ":"; return what it has already written.

    Of `--set size=9`, bash gives the words `size`, `=` and `9`, and replaces the last one alone.
    """
    given = environ["COMP_WORDS"]
    between = "\n" if "\n" in given else " "
    words = given.split(between)[: int(environ["COMP_CWORD"]) + 1]
    joined = words[:1]
    for before, word in pairwise(words):
        if (word and set(word) <= BREAKS) or (before and set(before) <= BREAKS):
            joined[-1] += word
        else:
            joined.append(word)
    environ["COMP_WORDS"], environ["COMP_CWORD"] = between.join(joined), str(len(joined) - 1)
    current = joined[-1]
    written = current if set(words[-1]) <= BREAKS else current.removesuffix(words[-1])
    return written.partition("=")[2] if written.startswith("-") else written


def _first_word(environ: os._Environ[str]) -> str | None:
    """Return the command of the line, where the cursor is behind it."""
    line = environ.get("COMP_WORDS") or environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()[1:]
    behind = len(words) > 1 or line[-1:].isspace()
    return words[0] if words and behind else None
