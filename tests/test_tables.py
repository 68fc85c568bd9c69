"""Tables for a prompt and for a notebook."""

from __future__ import annotations

from ganzoo.tables import Table, as_html, as_text


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert as_text([("layer", "kind"), ("10", "x"), ("", "total")]) == (
        "layer  kind\n10     x\n       total"
    )


def test_words_stand_on_the_left_and_numbers_on_the_right() -> None:
    rows = [("1,024", "-0.5", "<b>", "1 x 2"), ("7", "-", "c", "3")]
    shown = as_html(rows, ("n", "value", "name", "shape"), ["a & b"])
    assert "<th>n</th><th>value</th><th style" in shown
    assert "<td>1,024</td><td>-0.5</td>" in shown
    assert '<td>7</td><td>-</td><td style="text-align: left">c</td>' in shown
    assert '<td style="text-align: left">&lt;b&gt;</td>' in shown
    assert '<td style="text-align: left">1 x 2</td>' in shown
    assert shown.endswith("</table><p>a &amp; b</p>")


def test_names_steer_no_terminal() -> None:
    table = Table({"name\x1b[2J": "a\nb"})
    assert repr(table) == "name?[2J  a?b"
    assert "\x1b" not in table._repr_html_()
    assert dict(table) == {"name\x1b[2J": "a\nb"}
