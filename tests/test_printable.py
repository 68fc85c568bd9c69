"""Text that cannot control a terminal."""

import pytest

from ganzoo.cli import console
from ganzoo.printable import one_line, printable


def test_what_is_not_printable_is_a_question_mark() -> None:
    assert printable("a\x1b[31m\nü 外\u202e\x07") == "a?[31m\nü 外??"
    assert one_line(" a\n b\x1b\t\r\n") == "a b?"


def test_commands_print_no_codes(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    table = console.table("\x1b[1mhead", "note")
    table.add_row("\x1b[31mred\u202e", "\x1b]0;x")
    console.show(table)
    console.show("line\x1b[2J")
    console.show(Padding(Text("styled\x1b[2J", "bold"), (0, 0, 0, 2)))
    console.note("one\nganzoo: \x1b[2Jtwo")
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines() if line.strip("─ ")]
    assert rows == [["?[1mhead", "note"], ["?[31mred?", "?]0;x"], ["line?[2J"], ["styled?[2J"]]
    assert printed.err == "ganzoo: one ganzoo: ?[2Jtwo\n"
