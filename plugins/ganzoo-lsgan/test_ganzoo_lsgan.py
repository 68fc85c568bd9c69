"""The architecture lsgan keeps ganzoo's contract: what `ganzoo check-plugin lsgan` checks."""

from ganzoo.conformance import check


def test_it_keeps_the_contract() -> None:
    failed = [verdict for verdict in check("lsgan", {"width": 4}) if not verdict.passed]
    assert not failed
