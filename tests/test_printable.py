"""Text that cannot control a terminal."""

import re
from html import escape

import pytest
from markdown_it import MarkdownIt

from ganzoo.cli import console
from ganzoo.printable import file_name, line, lines, names, one_line, printable
from ganzoo.runs import markdown


def test_what_is_not_printable_is_a_question_mark() -> None:
    assert printable("a\x1b[31m\nü 外\u202e\x07") == "a?[31m\nü 外??"
    assert one_line(" a\n b\x1b\t\r\n") == "a b?"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mlp_gan", "mlp_gan"),
        ("caf\udce9", "caf?"),
        ("a\nb\rc\x0bd\u2028e\x85f", "a?b?c?d?e?f"),
        ("\x1b[2J\x9b31m\x07\x7f", "?[2J?31m??"),
        ("\u202eabc\u2066\u200b\ufeff\xad", "?abc????"),
        ("two  spaces ", "two  spaces "),
        ("\u3042\u3000\xa0\u200d\u200c\uf8ff", "\u3042\u3000\xa0\u200d\u200c\uf8ff"),
        ("\U000e0041\uffff\ud800", "???"),
        ("", ""),
    ],
)
def test_a_line(name: str, shown: str) -> None:
    assert line(name) == shown
    assert lines({name: [name, 1, None, {"a": name}]}) == {shown: [shown, 1, None, {"a": shown}]}
    shown.encode()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("a", "b"), ("a", "b")),
        (("caf\udce9", "caf\udce8"), ("caf?", "caf? (1)")),
        (("a\x1b", "a?", "a\x07", "a? (2)"), ("a?", "a? (1)", "a? (2)", "a? (2) (3)")),
        ((), ()),
    ],
)
def test_names_still_differ(given: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert names(given) == found
    for count in range(len(given)):
        assert names(given[:count]) == found[:count]  # as of a test split with fewer classes


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mlp_gan-my faces", "mlp_gan-my faces"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("../../x", ".._.._x"),
        ("caf\udce9\n", "caf__"),
        ("\xfc" * 200, "\xfc" * 75),
        ("x" + "\xfc" * 200, "x" + "\xfc" * 74),
    ],
)
def test_a_name_for_a_file(name: str, file: str) -> None:
    assert file_name(name) == file


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("mlp_gan-my_data-001", "mlp_gan-my_data-001"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
        ("a*b*_c_ `d` [e](f) | g \\ $h$ ~~i~~", None),
        ("&amp; &#60;", "&amp;amp; &amp;#60;"),
        ("<!-- end -->", "&lt;!-- end --&gt;"),
        ("a\n# b", "a?# b"),
        ("__b__ a__b__c _d_", None),
    ],
)
def test_markdown_shows_the_words(words: str, shown: str | None) -> None:
    if shown is not None:
        assert markdown.text(words) == shown
    for made in (markdown.text(words), markdown.code(words)):
        page = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"x {made} x")
        assert re.sub("</?(p|code)>", "", page) == f"<p>x {escape(line(words))} x</p>\n".replace(
            "<p>", ""
        ).replace("</p>", "")


@pytest.mark.parametrize("words", ["`", "``", "a`b", "`a", "", "a", "```a`"])
def test_code_with_backquotes(words: str) -> None:
    page = MarkdownIt("commonmark").render(markdown.code(words))
    assert page == f"<p><code>{words or ' '}</code></p>\n"


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
