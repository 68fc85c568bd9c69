"""What check-plugin says of plugins with one mistake each, and that it finds none in right ones."""

from __future__ import annotations

import pytest

from ganzoo import errors
from ganzoo.conformance import Verdict, architectures
from ganzoo.conformance.verdicts import check_here
from ganzoo.zoo.catalogue import Entry
from tests.conformance.flawed import FLAWS, Flaw
from tests.conformance.right import RIGHT
from tests.conftest import ROOT, tail

pytestmark = pytest.mark.usefixtures("quick_exports")


OURS = [name for name in vars(errors) if name.endswith("Error")]
"""Names of ganzoo's own errors, which tell an author nothing."""


def entry(module: str, name: str) -> Entry:
    """Return a plugin as the metadata of a package would name it."""
    return Entry("architecture", name, "small-gans", "1", f"tests.conformance.{module}:{name}")


@pytest.mark.parametrize(("name", "flaw"), FLAWS.items(), ids=FLAWS)
def test_a_mistake_fails_one_check_with_the_reason(name: str, flaw: Flaw) -> None:
    passed: list[Verdict] = []
    for verdict in check_here(entry("flawed", name), {}):
        if not verdict.passed:
            break
        passed.append(verdict)
    assert not verdict.passed, passed
    assert verdict.check == flaw.check, verdict
    for words in flaw.words:
        assert words in verdict.detail
    assert verdict.detail.isprintable()
    assert len(verdict.detail) < 400
    assert not any(name in verdict.detail for name in OURS)


@pytest.mark.parametrize("name", tail([(name,) for name in RIGHT], test=4, ci=1))
def test_nothing_is_found_in_what_is_right(name: str) -> None:
    verdicts = list(check_here(entry("right", name), {}))
    assert [verdict for verdict in verdicts if not verdict.passed] == []
    assert len(verdicts) == len(architectures.CHECKS) + 2  # it loads, and has options


def test_tensors_that_never_change_are_named_in_a_note() -> None:
    """They may be what an author wants, as a bias before a batch norm is."""
    verdicts = {v.check: v for v in check_here(entry("flawed", "first_layers_cut_off"), {})}
    assert all(verdict.passed for verdict in verdicts.values())
    assert verdicts["one step"].detail == (
        "both networks change, and nothing else; but not 10 of 12 tensors of the generator: "
        "0.0.weight, 0.0.bias, 0.2.weight, 0.2.bias, 0.4.weight, ..."
    )


def test_the_table_in_the_documentation_quotes_what_is_said() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    table = page.partition("| what is wrong | what it says | what to do |\n")[2].partition("\n\n")[
        0
    ]
    quoted = [row.split(" | ")[1] for row in table.splitlines()[1:]]
    said = {words for flaw in FLAWS.values() for words in flaw.words}
    assert len(quoted) > 10
    assert [words for words in quoted if words not in said] == []
